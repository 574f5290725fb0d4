"""What becomes of hidden copies when Cueloop is taken out of a project."""

from __future__ import annotations

from typing import Any

from console.connect import connect, disconnect
from cueloop import journal
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, annotators, copies, decisions, tasks
from cueloop.store.columns import now
from cueloop.store.decisions import Decision
from routing.checking import copies as made
from sync.pull import pull
from tests.console.connect.work import POSITIVE, person


def announce(store: Store, project: int, task: int, annotator: int, name: str) -> None:
    """The router wants somebody to be asked again."""
    with store.write() as conn:
        key = tasks.by_id(conn, project, task).key
        decision = decisions.add(conn, Decision(project, key, "sentiment", "recheck", "recheck", "hash", {}, now()))
        journal.announce(conn, project, copies.KIND, name, {
            "task": key, "annotator": annotator, "decision": decision, "ahead": 0})


def test_disconnect_takes_out_copies_but_nobodys_work(
        backend: Settings, store: Store, admin: LabelStudio, project: int, ids: list[int]) -> None:
    # Given a connected project with a copy that was answered, one that waits, and one that was only announced
    ann: Any = person(admin, "ann")
    connect(backend, store, admin, project)
    pull(store, admin, project)
    me = int(ann.whoami()["id"])
    with store.write() as conn:
        annotators.put(conn, admin.users())
    for number, task in enumerate(ids[:2]):
        announce(store, project, task, me, f"c{number:024}")
    assert made.make(store, admin, project, float("inf")) == 2
    announce(store, project, ids[2], me, f"c{2:024}")
    answered, waiting = sorted({row["id"] for row in admin.all_ids(project)} - set(ids))
    ann.annotate(answered, POSITIVE)
    ann.close()
    # When Cueloop is taken out
    disconnect(backend, store, admin, project, settle=0)
    # Then only the answered one is left, without keys of ours, and says what it is
    left = {row["id"]: row for row in admin.tasks(project, [*ids, answered, waiting])}
    assert set(left) == {*ids, answered}
    assert not [key for key in left[answered]["data"] if key.startswith("cue_")]
    assert left[answered]["meta"] == {"cueloop": f"asks task {ids[0]} again"}
    assert journal.standing(store, project) == []
