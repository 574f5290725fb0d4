"""What nothing needs can go: the row stays, contents go that no version needs, and nobody's files are torn away."""

import pytest
import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import ModelError, NotFound
from cueloop.store import models
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.versions import remove
from ml_backend.versions.needed import needed


def delete(store, artifacts, version):
    return remove.delete(store, artifacts, version, actor="ann", reason="a test")


def test_a_deleted_version_leaves_its_card_and_what_others_share(store, artifacts, keep):
    old, new = keep(), keep()
    gone = delete(store, artifacts, old)
    assert (gone.versions, gone.contents, gone.bytes) == ((old,), 1, len(b"topics 1"))
    assert set(artifacts.contents()) == set(new.sha256.values())
    with store.read() as conn:
        left = models.get(conn, "topics", old.version)
        assert (left.card, left.sha256) == (old.card, old.sha256)
        assert left.deleted_at is not None
        assert list(conn.scalars(sa.select(s.audit.c.action))) == ["model deleted"]
        audit.verify(conn)
    # When it is deleted again, then nothing happens
    again = delete(store, artifacts, old)
    assert (again.versions, again.contents) == ((), 0)


def test_a_deleted_version_is_neither_loaded_nor_promoted_nor_rolled_back_to(store, artifacts, keep, promote):
    first, second, third, fourth, fifth = (keep() for _ in range(5))
    for version in (first, second, third, fourth, fifth):
        promote(version)
    delete(store, artifacts, second)
    with store.read() as conn:
        found = registry.resolve(conn, f"topics@{second.version}")
    for attempt in (lambda: registry.load(artifacts, found, store), lambda: promote(second),
                    lambda: registry.pin(store, second, actor="ann")):
        with pytest.raises(ModelError, match=r"was deleted on 20..-..-..: its card is left"):
            attempt()
    back = [registry.rollback(store, "topics", actor="ann") for _ in range(3)]
    assert back == [fourth, third, first]


@pytest.mark.parametrize("alias", models.ALIASES)
def test_what_an_alias_names_stays(store, artifacts, keep, alias):
    old, _ = keep(), keep()
    with store.write() as conn:
        models.set_alias(conn, "topics", alias, old.version)
    with pytest.raises(ModelError, match=f"is needed .*{alias}"):
        delete(store, artifacts, old)
    assert set(old.sha256.values()) <= set(artifacts.contents())


def test_what_rollbacks_lead_to_and_what_is_on_its_way_stays(store, artifacts, keep, promote, project):
    first, second, third, fourth, newest = (keep() for _ in range(5))
    for version in (first, second, third, fourth):
        promote(version)
    with store.write() as conn:
        conn.execute(s.rollouts.insert().values(project_id=project.id, name="topics", version=first.version,
                                                state="pushing", counts={}, started_at=now(), updated_at=now()))
    with store.read() as conn:
        assert needed(conn, "topics") == {
            fourth.version: "champion", third.version: "previous, a rollback leads to it",
            second.version: "a rollback leads to it", newest.version: "challenger",
            first.version: f"on its way into project {project.id}"}


def test_prune_keeps_the_newest_and_the_needed_and_says_so_first(store, artifacts, keep, promote):
    versions = [keep() for _ in range(7)]
    promote(versions[0])
    other = keep("other")
    pushed = models.ModelVersion("topics", "llm-1", None, models.ELSEWHERE, "", {}, {"controls": {}}, now())
    with store.write() as conn:
        models.insert(conn, pushed)
    plan = remove.prune(store, artifacts, "topics", keep=2, actor="ann", dry_run=True)
    assert plan.versions == tuple(versions[1:5])
    assert len(artifacts.contents()) == 9
    done = remove.prune(store, artifacts, "topics", keep=2, actor="ann")
    assert done == plan
    assert done.contents == 4
    with store.read() as conn:
        living = {v.version for v in models.versions(conn) if v.deleted_at is None}
    assert living == {v.version for v in (versions[0], *versions[5:], other, pushed)}
    assert remove.prune(store, artifacts, None, keep=2, actor="ann").versions == ()


def test_keep_none_still_keeps_what_is_needed(store, artifacts, keep, promote):
    promote(keep())
    keep()
    assert remove.prune(store, artifacts, None, keep=0, actor="ann").versions == ()


def test_a_deletion_that_died_is_finished_by_the_next_one(store, artifacts, keep, monkeypatch):
    first, second, _ = keep(), keep(), keep()
    with monkeypatch.context() as m:
        m.setattr(remove, "sweep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            delete(store, artifacts, first)
    assert first.sha256["own"] in artifacts.contents()
    assert delete(store, artifacts, second).contents == 2
    assert first.sha256["own"] not in artifacts.contents()


def test_a_version_that_is_written_while_contents_go_has_its_files(store, artifacts, keep):
    """Both ways round: it was written between the choice and the removal; it finds a content and then it is gone."""
    old, _ = keep(own="the same", shared="x"), keep(own="other", shared="x")
    delete_row(store, old)
    late = []
    remove.sweep(store, artifacts, between=lambda: late.append(keep(own="the same", shared="x")))
    assert artifacts.missing(late[0].sha256.values()) == set()
    # And the other way round
    keep(own="newest", shared="x")
    delete_row(store, late[0])
    write, swept = artifacts.write, []

    def written_then_swept(files):
        hashes = write(files)
        if not swept:
            swept.append(remove.sweep(store, artifacts))
        return hashes

    artifacts.write = written_then_swept
    found = keep(own="the same", shared="x")
    assert swept == [(1, len("the same"))]
    assert artifacts.missing(found.sha256.values()) == set()
    assert artifacts.read(found.path, found.sha256)["own"] == b"the same"


def delete_row(store, version):
    with store.write() as conn:
        models.set_alias(conn, version.name, "challenger", None)
        models.delete(conn, version.name, version.version)


def test_files_that_vanish_while_they_are_kept_are_told_and_leave_no_version(store, artifacts, keep, monkeypatch):
    monkeypatch.setattr(Artifacts, "missing", lambda self, hashes: set(hashes))
    with pytest.raises(ModelError, match="vanish while they are kept"):
        keep()
    with store.read() as conn:
        assert models.versions(conn) == []


def test_a_place_that_another_store_shares_keeps_what_this_one_never_listed(store, artifacts, keep):
    artifacts.write({"of another store": b"theirs"})
    old, _ = keep(), keep()
    delete(store, artifacts, old)
    assert len(artifacts.contents()) == 3


def test_a_version_of_before_is_read_and_goes_with_its_folder(store, artifacts, folder, keep):
    place = folder / "models" / "topics" / "20250101-000000-abcdef"
    (place / "head-0").mkdir(parents=True)
    (place / "bundle.json").write_bytes(b"{}")
    (place / "head-0" / "arrays.npz").write_bytes(b"1234")
    from ml_backend.artifacts import sha256

    old = models.ModelVersion("topics", place.name, None, "text-linear", f"models/topics/{place.name}",
                              {"bundle.json": sha256(b"{}"), "head-0/arrays.npz": sha256(b"1234")}, {"controls": {}},
                              now())
    with store.write() as conn:
        models.insert(conn, old)
    assert artifacts.holds(old.path, old.sha256)
    assert artifacts.read(old.path, old.sha256) == {"bundle.json": b"{}", "head-0/arrays.npz": b"1234"}
    keep()
    delete(store, artifacts, old)
    assert not place.exists()
    assert len(artifacts.contents()) == 2


def test_a_model_that_is_gone_is_no_name_any_more(store, artifacts, keep):
    keep("other")
    old, _ = keep(), keep()
    delete_row(store, old)
    with store.read() as conn, pytest.raises(NotFound) as told:
        registry.resolve(conn, "topics@nonsense")
    assert old.version not in str(told.value)
