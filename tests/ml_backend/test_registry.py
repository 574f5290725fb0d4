"""Versions are kept for good, checked when read, and put in service or taken back in one transaction."""

import pytest
import sqlalchemy as sa

from cueloop.errors import ModelError, NotFound
from cueloop.store import models
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.training import train
from tests.ml_backend.conftest import dataset, examples


def place(folder, hash_):
    return folder / "blobs" / hash_[:2] / hash_


TEXTS = ["bread and butter", "a loan from the bank"]


@pytest.fixture(scope="module")
def bundle():
    return Bundle((train(dataset(examples(60))).head,))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "artifacts"


@pytest.fixture
def artifacts(folder):
    return Artifacts(f"file://{folder}")


@pytest.fixture
def save(store, artifacts, bundle):
    return lambda name="topics", **kw: registry.save(store, artifacts, bundle, {"controls": {}}, name=name,
                                                     kind="text-linear", **kw)


def _resolve(store, reference):
    with store.read() as conn:
        return registry.resolve(conn, reference)


def test_a_saved_version_comes_back_whole(any_store, artifacts, bundle):
    saved = registry.save(any_store, artifacts, bundle, {"a": 1}, name="topics", kind="text-linear")
    loaded = registry.load(artifacts, _resolve(any_store, f"topics@{saved.version}"))
    assert loaded.version == saved
    assert (loaded.bundle.heads[0].probabilities(TEXTS) == bundle.heads[0].probabilities(TEXTS)).all()


def test_versions_are_unique_even_of_the_same_model(save):
    assert len({save().version for _ in range(5)}) == 5


def test_name_alias_and_version_all_lead_to_it(store, save):
    saved = save()
    assert _resolve(store, "topics@challenger") == saved
    registry.promote(store, saved, actor="test", reason="")
    for reference in ("topics", "topics@champion", f"topics@{saved.version}"):
        assert _resolve(store, reference) == saved
    with pytest.raises(NotFound, match="challenger"):
        _resolve(store, "topics@challenger")


def test_what_is_not_there_is_named_with_what_is(store, save):
    with pytest.raises(NotFound, match="none yet"):
        _resolve(store, "topics")
    saved = save()
    with pytest.raises(NotFound, match=f"'champion'.*challenger.*{saved.version}"):
        _resolve(store, "topics")
    with pytest.raises(NotFound, match="Models: topics"):
        _resolve(store, "topisc")


def test_a_crash_between_files_and_row_leaves_no_version_and_no_obstacle(store, artifacts, save, monkeypatch):
    # Given a save that dies when the files are there and the row is not
    with monkeypatch.context() as m:
        m.setattr(models, "insert", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            save()
    assert artifacts.contents()
    with store.read() as conn:
        assert models.versions(conn) == []
    # When it is tried again, then it works and is the only version
    saved = save()
    with store.read() as conn:
        assert [v.version for v in models.versions(conn)] == [saved.version]


@pytest.mark.parametrize("harm", ["change", "delete"])
def test_a_file_that_is_not_the_one_written_is_not_loaded(folder, artifacts, save, harm):
    saved = save()
    file = place(folder, saved.sha256["head-0/arrays.npz"])
    file.write_bytes(file.read_bytes()[:-1] + b"x") if harm == "change" else file.unlink()
    with pytest.raises(ModelError, match=r"arrays\.npz.*(SHA-256|cannot be read)"):
        registry.load(artifacts, saved)


def test_files_may_lie_in_another_kind_of_place(store, bundle):
    memory = Artifacts("memory://models-of-a-test")
    saved = registry.save(store, memory, bundle, {}, name="topics", kind="text-linear")
    assert registry.load(memory, saved).bundle.heads[0].labels == bundle.heads[0].labels
    with pytest.raises(ModelError, match="CUELOOP_ARTIFACTS_URL"):
        Artifacts("nonsense://x")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a@b", "x" * 101])
def test_a_name_that_is_no_folder_is_refused(save, name):
    with pytest.raises(ModelError, match="cannot be a model's name"):
        save(name)


def test_several_rollbacks_walk_back_and_never_to_and_fro(any_store, artifacts, bundle):
    store = any_store
    first, second, third = (registry.save(store, artifacts, bundle, {}, name="topics", kind="text-linear")
                            for _ in range(3))
    for version in (first, second, third):
        registry.promote(store, version, actor="test", reason="better")
    assert _resolve(store, "topics@previous") == second
    assert registry.rollback(store, "topics", actor="test", reason="oh") == second
    assert _resolve(store, "topics@previous") == first
    assert registry.rollback(store, "topics", actor="test", reason="oh") == first
    with pytest.raises(NotFound, match="no previous version"):
        registry.rollback(store, "topics", actor="test")
    assert _resolve(store, "topics") == first
    # Then what was rolled back from comes back by a promotion, and from there the way back is as it was
    registry.promote(store, third, actor="test", reason="it was right")
    assert registry.rollback(store, "topics", actor="test") == first
    with store.read() as conn:
        actions = list(conn.scalars(sa.select(s.audit.c.action).order_by(s.audit.c.key)))
    assert [a.removeprefix("model ") for a in actions] == ["promoted"] * 3 + ["rolled back"] * 2 + [
        "promoted", "rolled back"]


def test_a_store_whose_audit_log_does_not_reach_back_has_its_alias(store, save):
    first, second, third = save(), save(), save()
    with store.write() as conn:
        models.set_alias(conn, "topics", registry.CHAMPION, second.version)
        models.set_alias(conn, "topics", registry.PREVIOUS, first.version)
    registry.promote(store, third, actor="test", reason="")
    assert registry.rollback(store, "topics", actor="test") == second


def test_rollback_without_a_previous_version_says_so(store, save):
    registry.promote(store, save(), actor="test", reason="")
    with pytest.raises(NotFound, match="previous"):
        registry.rollback(store, "topics", actor="test")


def test_promotion_after_somebody_else_promoted_is_refused(store, save):
    first, second, third = save(), save(), save()
    registry.promote(store, first, actor="test", reason="")
    registry.promote(store, second, actor="somebody", reason="")
    with pytest.raises(ModelError, match="Train again"):
        registry.promote(store, third, actor="test", reason="", instead_of=first.version)
    assert _resolve(store, "topics") == second


def test_the_first_promotion_for_a_project_makes_it_the_projects_model(store, project, save):
    saved = save("mine", project_id=project.id)
    registry.promote(store, saved, actor="test", reason="")
    with store.read() as conn:
        assert models.name_for(conn, project.id) == "mine"
        assert models.champion(conn, project.id) == saved


def test_two_projects_without_a_choice_have_different_models(store):
    with store.read() as conn:
        assert models.name_for(conn, 1) != models.name_for(conn, 2)
