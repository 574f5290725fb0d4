"""What a training that died left behind is settled by the next one: judged, promoted or refused, not trained again."""

import pytest
import sqlalchemy as sa

from cueloop.cancelling import Cancelled
from cueloop.store import models
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import candidate, registry
from ml_backend import retrain as retraining
from ml_backend.artifacts import Artifacts
from ml_backend.retrain import retrain
from tests.ml_backend.conftest import dataset, examples


class Dies(BaseException):
    """The process ends here."""


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(f"file://{tmp_path / 'artifacts'}")


@pytest.fixture
def died(store, project, artifacts):
    """`died(holder, name)`: a training whose process ended when it came there; gives its data."""
    some = examples(90)
    project.add(some)

    def die(holder, name, error=Dies):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(holder, name, lambda *_, **__: (_ for _ in ()).throw(error))
            with pytest.raises(error):
                retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
        return some

    return die


def rows(store, table):
    with store.read() as conn:
        return conn.execute(sa.select(table)).all()


def aliases(store):
    with store.read() as conn:
        return models.aliases_of(conn, "m")


def untrained(monkeypatch):
    monkeypatch.setattr(retraining, "train_best", lambda *_, **__: pytest.fail("it was trained again"))


@pytest.mark.parametrize(("holder", "name"), [
    (retraining, "judge"), (retraining, "_write"), (retraining, "_predict"), (registry, "promote")])
def test_a_kept_version_comes_into_service_without_being_trained_again(store, artifacts, died, monkeypatch, holder,
                                                                       name):
    some = died(holder, name)
    [left] = rows(store, s.model_versions)
    assert aliases(store) == {"challenger": left.version}
    untrained(monkeypatch)
    outcome = retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    # Then it serves, judged once, with its report, and says so once
    assert outcome.verdict.promoted
    assert aliases(store) == {"champion": left.version}
    [kept] = rows(store, s.model_versions)
    assert kept.card["gate"]["outcome"] == "promoted"
    assert kept.card["controls"]["topic"]["held_out"]["tasks"] > 0
    assert [row.action for row in rows(store, s.audit)] == ["model promoted"]


def test_with_new_labels_the_one_left_behind_is_settled_and_another_one_trained(store, project, artifacts, died):
    some = died(retraining, "judge")
    more = some + examples(60, seed=3)
    project.add(more[90:])
    outcome = retrain(store, artifacts, "m", [dataset(more)], actor="test", project_id=1)
    left, new = (row.version for row in sorted(rows(store, s.model_versions), key=lambda row: row.created_at))
    assert outcome.version.version == new
    assert outcome.version.card["parent"] == left
    assert outcome.version.card["gate"]["against"] == left


def test_one_that_another_version_overtook_is_judged_against_that(store, artifacts, died, project):
    # Given a version that was judged when nothing served, and died before it served
    some = died(registry, "promote")
    left = aliases(store)["challenger"]
    with store.read() as conn:
        other = retraining.registry.resolve(conn, f"m@{left}")
    trained = candidate.restored(artifacts, other)
    quick = registry.save(store, artifacts, registry.load(artifacts, other).bundle, other.card, name="m",
                          kind="text-linear", project_id=1)
    registry.promote(store, quick, actor="a person", reason="")
    with store.write() as conn:
        models.set_alias(conn, "m", "challenger", left)
    # When it is settled, then the gate compares it with what serves by now
    retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    with store.read() as conn:
        assert models.get(conn, "m", left).card["gate"]["against"] == quick.version
    assert len(trained) == 1


def test_a_cancelled_training_leaves_a_refused_version_and_comes_to_nothing(store, artifacts, died):
    some = died(retraining, "judge", Cancelled)
    [left] = rows(store, s.model_versions)
    assert left.card["gate"] | {"promoted": False, "outcome": "refused"} == left.card["gate"]
    assert "cancelled" in left.card["gate"]["reason"]
    assert aliases(store) == {"challenger": left.version}
    outcome = retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    assert outcome.version.version != left.version


def test_a_cancelled_training_whose_process_died_first_does_not_come_into_service_with_the_next_one(
    store, artifacts, died, monkeypatch,
):
    # Given a job whose process died after it kept a version, and that was cancelled before it was run again
    with store.write() as conn:
        key = conn.execute(s.jobs.insert().values(
            kind="train", project_id=1, function="", args=[], timeout=60, state="running", again=False, attempts=1,
            queued_at=now()).returning(s.jobs.c.key)).scalar_one()
    with monkeypatch.context() as patch:
        patch.setattr(retraining.cancelling, "current", lambda: key)
        some = died(retraining, "_promote")
    with store.write() as conn:
        conn.execute(s.jobs.update().values(state="cancelled"))
    # When somebody trains again
    again = retrain(store, artifacts, "m", [dataset([*some, *examples(30, seed=3)])], actor="test", project_id=1)
    # Then it is the new one that serves; the cancelled one was refused for that
    assert again.verdict.promoted
    cancelled, new = sorted(rows(store, s.model_versions), key=lambda row: row.created_at)
    assert aliases(store)["champion"] == new.version == again.version.version
    assert cancelled.card["gate"]["reason"] == candidate.CANCELLED.reason
    assert [row.subject for row in rows(store, s.audit) if row.action == "model promoted"] == [f"m@{new.version}"]


def test_what_was_left_behind_and_is_cancelled_while_it_is_settled_is_refused(store, artifacts, died, monkeypatch):
    some = died(retraining, "_promote")
    with monkeypatch.context() as patch:
        patch.setattr(retraining, "_promote", lambda *_: (_ for _ in ()).throw(Cancelled))
        with pytest.raises(Cancelled):
            retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    [kept] = rows(store, s.model_versions)
    assert kept.card["gate"]["reason"] == candidate.CANCELLED.reason


def test_a_pinned_champion_stays_and_the_better_one_is_refused_for_that(store, project, artifacts):
    some = examples(90)
    project.add(some)
    first = retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    registry.pin(store, first.version, actor="a person")
    second = retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    assert second.verdict.outcome == "refused"
    assert "pinned" in second.verdict.reason
    assert aliases(store)["champion"] == first.version.version
    # And it is not taken up again by the next one
    third = retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    assert third.version.version != second.version.version


def test_one_whose_files_were_kept_by_an_older_release_is_refused_and_not_guessed(store, artifacts, died):
    some = died(retraining, "judge")
    [left] = rows(store, s.model_versions)
    with store.write() as conn:
        conn.execute(s.model_versions.update().values(
            sha256={name: hash_ for name, hash_ in left.sha256.items() if name != "out_of_fold.npz"}))
    outcome = retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    with store.read() as conn:
        assert "train again" in models.get(conn, "m", left.version).card["gate"]["reason"]
    assert outcome.verdict.promoted
    assert outcome.version.version != left.version
