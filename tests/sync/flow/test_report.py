"""The report of a project: where tasks wait, who finishes what, what the machine decides; and when nothing is known."""

import json

import pytest

from cueloop.errors import NotFound
from cueloop.store import schema
from sync.flow import report
from sync.flow.throughput import series, trend
from tests.sync.flow.flow_store import DAY, World, at, stamp

NOON = 12 * 60


def of(store, minute, **options):
    found = report.current(store, 1, now=stamp(minute), **options)
    json.dumps(found, allow_nan=False)
    return found


def states(found):
    return {state["state"]: state["tasks"] for state in found["waiting"]["states"] if state["tasks"]}


def test_an_empty_project_says_why_nothing_is_known(any_store):
    World(any_store)
    found = of(any_store, DAY)
    assert found["throughput"]["reason"] == "nobody has submitted anything yet"
    assert found["throughput"]["days"] == found["throughput"]["people"] == []
    assert found["throughput"]["total"]["coverage"] is None
    assert found["forecast"]["reason"] == "nothing is open"
    assert found["automation"]["share"] is None
    assert states(found) == {}


def test_an_unknown_project_is_an_error(store):
    with pytest.raises(NotFound):
        report.update(store, 7)
    World(store)
    with pytest.raises(ValueError, match="days is 0"):
        report.current(store, 1, days=0)


def test_an_observed_project_says_what_is_unknown(any_store):
    # given a project without rules, with two tasks that Label Studio calls labelled and one that it does not
    world = World(any_store)
    done = [world.task(is_labeled=True) for _ in range(2)]
    open_task = world.task(is_labeled=False)
    for task in done:
        world.says(task, 1, NOON, 60)
        world.consensus(task, 0.9)
    world.says(open_task, 2, NOON + 30, None)
    found = of(any_store, NOON + 60)
    # then what Label Studio knows is told, and what only rules could tell is unknown, with a reason
    assert not found["routed"]
    assert states(found) == {"partly": 1, "done": 2}
    assert found["waiting"]["reason"] == "no rules are in force: nobody is asked, so only answers are known"
    assert found["throughput"]["first_to_done"]["reason"].startswith("no rules are in force")
    assert found["throughput"]["days"][0]["finished"] is None
    assert found["automation"]["reason"] == "no rules are in force: the machine decides nothing"
    assert found["cost"]["labels"]["by_people"] == 2
    assert found["cost"]["split"]["rework"] is None
    assert found["throughput"]["total"]["coverage"] == pytest.approx(2 / 3, abs=1e-4)


def test_where_tasks_wait_and_for_how_long(any_store):
    world = World(any_store)
    world.performance(1, 60.0)
    untouched, queued, partly, escalated, unruled, done, accepted, gone = (world.task() for _ in range(8))
    world.route(untouched, "waiting", need=2)
    world.route(queued, "asked", need=1)
    world.asks(queued, 1, 60)
    world.asks(queued, 2, 90)
    world.route(partly, "asked", need=0)
    world.says(partly, 2, 100)
    world.asks(partly, 1, 110)
    world.route(escalated, "escalated", need=1)
    world.route(unruled, "waiting")
    world.route(done, "done")
    world.route(accepted, "accepted", plan={"version": "v1"})
    world.route(gone, "done")
    world.add(schema.task_versions, task=gone, data={}, updated_at=at(0), seen_at=at(0), ours=False)
    with world.store.write() as conn:
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == gone).values(deleted_at=at(5)))
    world.task()    # outside the pilot
    found = of(any_store, 120)
    assert found["waiting"]["unrouted"] == 1
    assert states(found) == {"waiting": 1, "queued": 1, "partly": 1, "escalated": 1, "unruled": 1, "done": 1,
                             "accepted": 1}
    by_state = {state["state"]: state for state in found["waiting"]["states"]}
    assert by_state["waiting"]["median"] == 120 * 60
    assert by_state["queued"]["median"] == 60 * 60          # since the first of two was asked
    assert by_state["partly"]["median"] == 20 * 60          # since the last answer
    assert by_state["waiting"]["oldest"]["task"] == 101
    # Ann's queue holds two tasks of a minute each; Bob's pace is not known: Ann's stands for it
    ann, bob = found["waiting"]["queues"]
    assert (ann["annotator"], ann["tasks"], ann["hours"], ann["own_pace"]) == (1, 2, round(2 / 60, 4), True)
    assert (bob["annotator"], bob["tasks"], bob["own_pace"], bob["oldest"]) == (2, 1, False, 30 * 60)
    # the queued task wants a third person where there are two; the day's states are kept for history
    assert found["waiting"]["nobody_can_take"] == {"tasks": 1, "examples": [102]}
    assert of(any_store, DAY + 1)["throughput"]["days"][0]["states"]["waiting"] == 1


def test_answers_still_wanted_lead_to_a_date(store):
    # given ten days of 20 answers each, and ten open tasks that want two answers
    world = World(store)
    for day in range(10):
        for number in range(20):
            world.says(world.task(is_labeled=True), 1 + number % 2, day * DAY + 8 * 60 + number * 20, 30)
    for _ in range(10):
        world.route(world.task(), "waiting", need=2)
    found = of(store, 10 * DAY)["forecast"]
    # then 20 answers are a day's work
    assert (found["tasks_left"], found["answers_left"], found["per_day"]) == (10, 20.0, 20.0)
    assert found["median"][:10] == "2026-03-12"
    assert found["low"] <= found["low80"] <= found["median"] <= found["high80"] <= found["high"]


def test_what_the_machine_decides_and_how_often_it_is_wrong(store):
    # given 6 accepted tasks, 24 that people finished of which 20 were held out, and 5 of those contradict the machine
    world = World(store)
    for _ in range(6):
        task = world.task()
        world.route(task, "accepted", plan={"version": "v1"})
        world.decides(task, "accept", NOON)
        world.add(schema.predictions, project_id=1, task=task, control="mood", model="m", version="v1", label="good",
                  score=0.95, probabilities={}, out_of_fold=True, created_at=at(0))
    for number in range(24):
        task = world.task()
        world.route(task, "done", audit=number < 20)
        if number < 20:
            world.decides(task, "audit", NOON, predicted="bad" if number < 5 else "good")
        world.says(task, 1, NOON)
        world.consensus(task, 0.9)
        world.decides(task, "stop", NOON + DAY * 7)
    found = of(store, 8 * DAY)
    said = found["automation"]
    assert (said["by_machine"], said["by_people"], said["share"]) == (6, 24, 0.2)
    assert said["audit"]["value"] == 0.25
    assert said["audit"]["low"] < 0.25 < said["audit"]["high"]
    assert [(week["from"], week["share"]) for week in said["weeks"]] == [("2026-03-02", 1.0), ("2026-03-09", 0.0)]
    assert found["cost"]["labels"] == {"by_people": 24, "by_machine": 6, "accurate": pytest.approx(24 * 0.9 + 6 * 0.75),
                                       "machine_accuracy_from": "audit"}
    assert found["throughput"]["first_to_done"]["median"] == 7 * 86_400
    assert sum(day["finished"] for day in found["throughput"]["days"]) == 30


def test_the_stored_report_is_the_one_that_was_computed(any_store):
    world = World(any_store)
    world.says(world.task(), 1, NOON)
    found = report.update(any_store, 1, now=stamp(NOON + 1))
    with any_store.read() as conn:
        assert report.stored(conn, 1) == json.loads(json.dumps(found))
    assert report.update(any_store, 1, now=stamp(NOON + 1)) == found


def test_quiet_days_are_days():
    ledger = {"2026-03-02": {"people": {"1": [3, 0, 3, 30.0, 0, 0, 0.0, 40.0, 1, 0, 0]}}}
    days = series(ledger, stamp(2 * DAY))
    assert [(day["day"], day["answers"]) for day in days] == [("2026-03-02", 3), ("2026-03-03", 0), ("2026-03-04", 0)]


def test_a_trend_needs_two_weeks_and_says_how_sure_it_is():
    assert trend([5] * 13)["reason"] == "two full weeks are needed"
    assert trend([0] * 7 + [5] * 7)["reason"] == "a week without answers has no ratio"
    steady, doubled = trend([100] * 14), trend([100] * 7 + [200] * 7)
    assert steady["low"] < 1 == steady["ratio"] < steady["high"]
    assert doubled["ratio"] == 2
    assert doubled["low"] > 1.8
    wild = trend([0, 200] * 7)
    assert wild["high"] - wild["low"] > 5 * (steady["high"] - steady["low"])
