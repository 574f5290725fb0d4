"""What a person pinned stays in service, whatever machines decide; a person may always put another in service."""

import pytest
import sqlalchemy as sa

from cueloop.store import models
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.registry import Pinned
from ml_backend.retrain import retrain
from tests.ml_backend.conftest import dataset, examples


def aliases(store, name="topics"):
    with store.read() as conn:
        return models.aliases_of(conn, name)


def audited(store):
    with store.read() as conn:
        return [f"{row.action} {row.subject.partition('@')[0]}" for row in conn.execute(
            sa.select(s.audit).order_by(s.audit.c.key))]


def test_a_pin_puts_a_version_in_service_and_keeps_gates_and_alarms_away(store, keep, promote, champion):
    first, second, third = keep(), keep(), keep()
    promote(first)
    promote(second)
    # Given the first one, pinned by a person
    assert registry.pin(store, first, actor="ann", reason="an audit is on") == second.version
    assert champion() == first
    # When a gate and an automatic rollback want another one, then nothing changes
    before = aliases(store)
    with pytest.raises(Pinned, match=r"topics@.* is pinned.*cueloop models unpin topics"):
        promote(third, instead_of=first.version)
    with pytest.raises(Pinned):
        registry.rollback(store, "topics", actor="audit alarm")
    assert aliases(store) == before
    # And trainings still make challengers
    fourth = keep()
    assert aliases(store)["challenger"] == fourth.version
    assert champion() == first


@pytest.mark.parametrize("by", ["promote", "rollback", "unpin"])
def test_a_person_ends_a_pin(store, keep, promote, champion, by):
    first, second = keep(), keep()
    promote(first)
    registry.pin(store, second, actor="ann")
    match by:
        case "promote":
            promote(first, unpin=True)
        case "rollback":
            assert registry.rollback(store, "topics", actor="ann", unpin=True) == first
        case "unpin":
            assert registry.unpin(store, "topics", actor="ann") == second.version
            assert registry.unpin(store, "topics", actor="ann") is None
            assert champion() == second
    assert "pinned" not in aliases(store)
    promote(keep())     # machines may again
    assert audited(store).count("model pinned topics") == audited(store).count("model unpinned topics") == 1


def test_pinning_again_says_nothing_twice(store, keep):
    version = keep()
    for _ in range(2):
        registry.pin(store, version, actor="ann")
    assert audited(store) == ["model promoted topics", "model pinned topics"]


def test_another_model_does_not_take_the_project_of_a_pinned_one(store, artifacts, project, keep):
    def made(name):
        return registry.keep(store, artifacts, {"a": name.encode()}, {"controls": {}}, name=name, kind="text-linear",
                             project_id=project.id)

    ours, theirs = made("ours"), made("theirs")
    registry.pin(store, ours, actor="ann")
    with pytest.raises(Pinned, match="ours@"):
        registry.promote(store, theirs, actor="gate", reason="", for_project=True)
    with store.read() as conn:
        assert models.champion(conn, project.id) == ours
        assert "champion" not in models.aliases_of(conn, "theirs")      # all or nothing
    registry.promote(store, theirs, actor="ann", reason="", for_project=True, unpin=True)
    with store.read() as conn:
        assert models.champion(conn, project.id) == theirs
        assert registry.pinned(conn, "ours") is None


def test_a_better_model_trained_under_a_pin_is_a_challenger_and_told_why(store, artifacts, champion):
    first = retrain(store, artifacts, "topics", [dataset(examples(60, wrong=0.3))], actor="test").version
    registry.pin(store, first, actor="ann")
    found = retrain(store, artifacts, "topics", [dataset(examples(150))], actor="job train")
    assert not found.verdict.promoted
    assert "is pinned" in found.verdict.reason
    assert champion().version == first.version
    assert aliases(store)["challenger"] == found.version.version
