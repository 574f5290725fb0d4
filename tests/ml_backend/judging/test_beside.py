"""Who predicts beside the champion, unseen: the shadow, and the version before while the watch needs it."""

from dataclasses import asdict

from cueloop.store import figures, models
from ml_backend.judging import shadow
from ml_backend.judging.alarm import Counts, looks
from ml_backend.judging.beside import ENOUGH, unseen
from ml_backend.judging.watch import NAME
from ml_backend.policy.policy import Policy, Rollback

POLICY = Policy()


def versions(life, policy=POLICY):
    with life.store.read() as conn:
        return [one.version for one in unseen(conn, 1, policy)]


def test_the_shadow_and_the_version_before_predict_new_tasks(life):
    assert versions(life) == []
    good = life.version("good")
    assert versions(life) == []
    life.version("better")
    assert versions(life) == ["good"]
    shadow.begin(life.store, life.version("next", serve=False), actor="job train", reason="")
    assert versions(life) == ["next", "good"]
    # And one whose files are gone does not, nor where nothing is taken back by itself
    assert versions(life, Policy(rollback=Rollback(on=False))) == ["next"]
    with life.store.write() as conn:
        models.delete(conn, good.name, good.version)
    assert versions(life) == ["next"]


def test_after_enough_audits_the_version_before_may_rest(life):
    life.version("good")
    life.version("better")
    report = {"version": "better", "looks": [asdict(one) for one in looks(
        [Counts("topic", ENOUGH, 10, 10, 50, 0, 0, 0, 0)], Rollback())]}
    with life.store.write() as conn:
        figures.write(conn, 1, figures.PROJECT, NAME, report)
    assert versions(life) == []
    life.version("newest")
    assert versions(life) == ["better"]
