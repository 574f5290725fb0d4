"""Our own writes come back as changed tasks: they are recognised, and hide nothing that others did meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from cueloop.seen import split
from cueloop.store import schema, tasks
from tests.sync.team import Team, choice

MakeTeam = Callable[..., Team]


def publish(us: Team, number: int, queue: str = ",w1,", between: Callable[[], Any] = lambda: None) -> bool:
    """What the router does: re-read, PATCH, keep the receipt; `between` happens after the re-read."""
    (base,) = us.admin.task_data(us.project, [number])
    between()
    reply = us.admin.patch_task(number, data={**base["data"], "cue_queue": queue}, overlap=3, is_labeled=False)
    with us.store.write() as conn:
        return tasks.record_own_write(conn, tasks.by_id(conn, us.project, number).key, reply, base)


def restore(us: Team, number: int) -> None:
    """What the router does about a loss: write what is told back, with our keys."""
    (base,) = us.admin.task_data(us.project, [number])
    with us.store.read() as conn:
        key = tasks.by_id(conn, us.project, number).key
        mended = tasks.lost_update(conn, key)
    assert mended is not None
    reply = us.admin.patch_task(number, data={**mended, **split(base["data"])[1]})
    with us.store.write() as conn:
        assert not tasks.record_own_write(conn, key, reply, base)


def test_a_task_whose_only_change_is_ours_did_not_change(either_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(either_label_studio, 1)
    (number,) = us.tasks()
    us.pull()
    assert publish(us, number) is False
    found = us.pull()
    assert (found.changed, found.annotations) == (frozenset(), 0)
    task = us.one(schema.tasks)
    assert (task.cue, task.overlap, task.is_labeled) == ({"cue_queue": ",w1,"}, 3, False)
    # And what stood there before us is known, for `disconnect`
    assert task.original == {"overlap": 1, "is_labeled": False}
    # And then it is known, too: nothing is fetched again
    assert us.pull().tasks == 0
    assert len(us.read(sa.select(schema.task_versions))) == 1


def test_an_answer_between_our_reread_and_our_write_is_not_lost(either_label_studio: Any, team: MakeTeam) -> None:
    us = team(either_label_studio, 1)
    (number,) = us.tasks()
    ann = us.person("ann")
    us.pull()
    publish(us, number, between=lambda: ann.annotate(number, choice("positive")))
    us.pull()
    assert us.labels() == {(number, "ann", "positive")}


def test_data_that_we_overwrote_and_somebody_saw_is_put_back(either_label_studio: Any, any_team: MakeTeam) -> None:
    # Given another process of ours that pulls between our re-read and our write, and so sees what we overwrite
    us = any_team(either_label_studio, 1)
    (number,) = us.tasks()
    us.pull()

    def customer_edits() -> None:
        us.admin.patch_task(number, data={"text": "mended", "number": 0, "source": "survey"})
        us.pull()

    # When we write
    lost = publish(us, number, between=customer_edits)
    # Then the loss is known, and what the customer changed is told, to be written back
    assert lost is True
    with us.store.read() as conn:
        key = tasks.by_id(conn, us.project, number).key
        assert tasks.lost_update(conn, key) == {"text": "mended", "number": 0, "source": "survey"}
    # When it is, nothing is lost any more, and the queue stands
    restore(us, number)
    us.pull()
    task = us.one(schema.tasks)
    assert (task.data, task.cue) == ({"text": "mended", "number": 0, "source": "survey"}, {"cue_queue": ",w1,"})
    with us.store.read() as conn:
        assert tasks.lost_update(conn, key) is None


def test_a_loss_that_shows_only_after_our_receipt_marks_the_route(fake_label_studio: Any, any_team: MakeTeam) -> None:
    # Given a pull that read the customer's edit before our write and stores it after our receipt
    us = any_team(fake_label_studio, 1)
    (number,) = us.tasks()
    us.pull()
    route(us, number, published={"cue": {"cue_queue": ",w1,"}, "overlap": 3, "is_labeled": False})
    real, early = us.admin.tasks, []

    def between() -> None:
        fake_label_studio.edit(number, data={"text": "mended", "number": 0})
        early.extend(real(us.project, [number]))

    publish(us, number, between=between)
    us.admin.tasks = lambda project, ids: early  # type: ignore[method-assign]
    us.pull()
    # Then our receipt stands, the route is to be published anew, and what to put back is known
    task = us.one(schema.tasks)
    assert (task.data["text"], task.cue) == ("text 0", {"cue_queue": ",w1,"})
    assert us.one(schema.routes).dirty is True
    with us.store.read() as conn:
        assert tasks.lost_update(conn, task.key) == {"text": "mended", "number": 0}


def test_what_somebody_changed_again_is_not_put_back(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 1)
    (number,) = us.tasks()
    us.pull()

    def customer_edits() -> None:
        fake_label_studio.edit(number, data={"text": "lost", "number": 9})
        us.pull()

    publish(us, number, between=customer_edits)
    fake_label_studio.edit(number, data={"text": "newest", "number": 0, "cue_queue": ",w1,"})
    us.pull()
    with us.store.read() as conn:
        assert tasks.lost_update(conn, us.one(schema.tasks).key) == {"text": "newest", "number": 9}


def test_a_queue_that_somebody_spoilt_is_marked_to_be_healed(either_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(either_label_studio, 3)
    spoilt, raised, fine = us.tasks()
    us.pull()
    for number in (spoilt, raised, fine):
        publish(us, number)
        route(us, number, published={"cue": {"cue_queue": ",w1,"}, "overlap": 3, "is_labeled": False})
    us.pull()
    assert [row.dirty for row in us.read(sa.select(schema.routes))] == [False] * 3
    # When a script writes back data that it read before our write, and somebody changes an overlap
    us.admin.patch_task(spoilt, data={"text": "text 0", "number": 0})
    us.admin.patch_task(raised, overlap=1)
    us.pull()
    # Then both are dirty, and what Label Studio shows is known
    rows = {row.id: row for row in us.read(sa.select(schema.routes, schema.tasks.c.id).join(
        schema.tasks, schema.tasks.c.key == schema.routes.c.task))}
    assert {number: row.dirty for number, row in rows.items()} == {spoilt: True, raised: True, fine: False}
    assert rows[spoilt].published["cue"] == {}
    assert rows[raised].published["overlap"] == 1


def route(us: Team, number: int, published: dict[str, Any]) -> None:
    """A clean route of a task that shows what was published."""
    from cueloop.store.columns import now

    with us.store.write() as conn:
        key = tasks.by_id(conn, us.project, number).key
        conn.execute(schema.routes.insert().values(
            task=key, project_id=us.project, state="asked", wanted=published, published=published, dirty=False,
            audit=False, plan={}, need=0, priority=0.0, updated_at=now()))
