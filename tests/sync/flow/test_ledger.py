"""The ledger: days of work that follow what happens, and equal what counting everything again would give."""

import pytest

from cueloop.store import figures, schema
from sync.flow import ledger
from tests.sync.flow.flow_store import DAY, World, at, stamp

NOON = 12 * 60


@pytest.fixture
def world(any_store):
    return World(any_store)


def refreshed(world, minute):
    with world.store.read() as conn:
        kept = ledger.refresh(conn, 1, stamp(minute))
    assert ledger.write(world.store, 1, kept)
    return kept


def afresh(world, minute):
    """What a ledger that knows nothing counts."""
    with world.store.write() as conn:
        conn.execute(schema.figures.delete())
    return refreshed(world, minute)


def answers(kept):
    return {day: {who: int(row[0]) for who, row in value["people"].items()} for day, value in kept.days.items()
            if "people" in value}


def test_it_counts_only_peoples_own_work(world):
    # given an answer, a skip, one by the machine, an imported one, a deleted one, and one on a hidden copy
    one, two = world.task(), world.task()
    copy = world.task(copy_of=one)
    world.says(one, 1, NOON, 30)
    world.says(two, 1, NOON + 1, 10, was_cancelled=True)
    world.says(one, 99, NOON + 2)
    world.says(two, 2, NOON + 3, imported=True)
    world.says(one, 2, NOON + 4, deleted_at=at(NOON + 5))
    world.says(copy, 1, NOON + 6, 20)
    # when the day is counted
    kept = refreshed(world, NOON + 10)
    # then there is one answer and one skip in 40 s, and a recheck of 20 s
    people = kept.days["2026-03-02"]["people"]
    assert people.keys() == {"1"}
    assert people["1"][:7] == [1, 1, 2, 40.0, 1, 1, 20.0]
    assert kept.days["2026-03-02"]["hours"][12] == 1


def test_it_follows_late_arrivals_changes_and_deletions(world):
    one, two = world.task(), world.task()
    gone = world.says(one, 1, NOON)
    world.says(two, 1, NOON + DAY)
    assert answers(refreshed(world, NOON + 2 * DAY)) == {"2026-03-02": {"1": 1}, "2026-03-03": {"1": 1}}
    # when an old answer is pulled late, another is deleted, and the days between are quiet
    world.says(two, 2, NOON + 5)
    with world.store.write() as conn:
        conn.execute(schema.annotations.update().where(schema.annotations.c.unique_id == gone)
                     .values(deleted_at=at(NOON + 2 * DAY + 1)))
    later = refreshed(world, NOON + 2 * DAY + 2)
    # then only what is there counts, as if everything were counted again
    assert answers(later) == {"2026-03-02": {"2": 1}, "2026-03-03": {"1": 1}}
    assert answers(afresh(world, NOON + 2 * DAY + 2)) == answers(later)


def test_what_went_unnoticed_heals_in_turn(world):
    tasks = [world.task() for _ in range(3)]
    for day, task in enumerate(tasks):
        world.says(task, 1, NOON + day * DAY)
    refreshed(world, NOON + 10 * DAY)
    # given an answer that vanished without a trace
    with world.store.write() as conn:
        conn.execute(schema.annotations.update().where(schema.annotations.c.task == tasks[0])
                     .values(annotator_id=None))
    # when the ledger was refreshed a few times
    for minute in range(4):
        kept = refreshed(world, NOON + 10 * DAY + minute)
    # then it is right again
    assert answers(kept)["2026-03-02"] == {}


def test_much_to_count_is_counted_over_several_runs(world):
    # given five days of work that were pulled at once
    for day in range(5):
        world.says(world.task(), 1, NOON + day * DAY)
    pending = []
    for minute in range(3):
        with world.store.read() as conn:
            kept = ledger.refresh(conn, 1, stamp(NOON + 5 * DAY + minute), most=2)
        pending.append(len(kept.seen["pending"]))
        assert ledger.write(world.store, 1, kept)
    # then the newest days come first, and nothing is left out in the end
    assert pending == [3, 1, 0]
    assert answers(kept) == answers(afresh(world, NOON + 5 * DAY + 9))


def test_each_decision_is_counted_once(world):
    task = world.task()
    world.decides(task, "ask", NOON)
    world.decides(task, "stop", NOON + 1)
    refreshed(world, NOON + 2)
    world.decides(task, "reopen", NOON + 3)
    refreshed(world, NOON + 4)
    kept = refreshed(world, NOON + 5)
    assert kept.days["2026-03-02"]["decisions"] == {"ask": 1, "stop": 1, "reopen": 1}


def test_of_two_processes_that_count_at_once_one_writes(world):
    task = world.task()
    world.says(task, 1, NOON)
    with world.store.read() as conn:
        one, other = (ledger.refresh(conn, 1, stamp(NOON + 1)) for _ in range(2))
    assert ledger.write(world.store, 1, one)
    assert not ledger.write(world.store, 1, other)


def test_a_ledger_of_another_version_is_made_anew(world):
    world.says(world.task(), 1, NOON)
    with world.store.write() as conn:
        figures.write(conn, 1, figures.PROJECT, ledger.NAME, {"version": 0})
        figures.write(conn, 1, figures.PROJECT, f"{ledger.NAME}-2026-01", {"2026-01-01": {"people": {"1": [9]}}})
    assert answers(refreshed(world, NOON + 1)) == {"2026-03-02": {"1": 1}}


def test_suggestions_are_counted_where_they_were_on_screen(world):
    # given a prediction that was pushed before two answers, one of which takes it, and a blind answer
    one, two, blind = world.task(), world.task(), world.task()
    for task in (one, two, blind):
        for number, (label, minute) in enumerate((("bad", 1), ("good", 2), ("bad", NOON + 60))):
            world.add(schema.predictions, project_id=1, task=task, control="mood", model="m", version=f"v{number}",
                      label=label, score=0.9, probabilities={}, out_of_fold=True, created_at=at(0),
                      pushed_at=at(minute))
    world.says(one, 1, NOON, label="good", seen_suggestion=True)
    world.says(two, 1, NOON, label="bad", seen_suggestion=True)
    world.says(blind, 1, NOON, label="good", seen_suggestion=False)
    # then the newest prediction before the answer is what was on screen
    assert refreshed(world, NOON + 90).days["2026-03-02"]["people"]["1"][-2:] == [2, 1]
