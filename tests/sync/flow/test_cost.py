"""What labels cost, worked by hand."""

import json

import numpy as np
import pytest

from cueloop.declared import Costs
from sync.flow import report
from sync.flow.automation import Audit
from sync.flow.cost import Given, cost
from sync.flow.day import Work
from sync.flow.decided import Finished
from sync.flow.rates import HOURS, Rates, hours, rates
from sync.flow.sample import Sample
from tests.sync.flow.flow_store import DAY, World, stamp

COSTS = {"currency": "EUR", "per_hour": 36.0, "people": {"Bob@x.org": 18.0}, "machine_per_hour": 0.4}


def three_tasks_done(store, costs):
    """Ann (36 an hour) takes 100 s a task, Bob (18) 200 s: 1 EUR each. Cid (36) gives one answer too many in 50 s and
    skips once in 10 s; Ann is asked again in 20 s; a training took half an hour; a fourth task is open."""
    world = World(store, {1: "ann@x.org", 2: "bob@x.org", 3: "cid@x.org"}, costs)
    tasks = [world.task() for _ in range(4)]
    for number, task in enumerate(tasks[:3]):
        world.decides(task, "ask", 1, target=2, n=2)
        world.says(task, 1, 10 + number, 100)
        world.says(task, 2, 20 + number, 200)
        world.route(task, "done")
        world.consensus(task, (0.9, 0.8, 0.7)[number])
    world.says(tasks[2], 3, 40, 50)
    world.says(tasks[0], 3, 41, 10, was_cancelled=True)
    world.says(tasks[3], 1, 42, 100)
    world.route(tasks[3], "waiting", need=1)
    world.says(world.task(copy_of=tasks[0]), 1, 43, 20)
    world.job("train", 30)
    world.confusion(0.8)
    return report.update(store, 1, now=stamp(DAY))["cost"]


def test_a_cost_worked_by_hand(store):
    said = three_tasks_done(store, COSTS)
    # people spent 3 * 2 + .5 + .1 on what is done, 1 on the open task, .2 on the recheck; the machine .2
    assert said["unit"] == "EUR"
    assert said["spent"]["people"] == pytest.approx(7.8)
    assert said["spent"]["machine"] == pytest.approx(0.2)
    assert said["per_answer"]["value"] == pytest.approx(7.8 / 8)
    # three labels are finished, 2.4 of them right
    assert said["labels"]["accurate"] == pytest.approx(2.4)
    assert said["per_label"]["value"] == pytest.approx(7.0 / 3, abs=1e-6)
    assert said["per_accurate_label"]["value"] == pytest.approx(7.0 / 2.4, abs=1e-6)
    assert "needs 20 tasks" in said["per_accurate_label"]["reason"]
    # rework: Cid's answer beyond the two that were planned, and the recheck
    assert said["split"]["more"] == pytest.approx(0.5)
    assert said["split"]["skips"] == pytest.approx(0.1)
    assert said["split"]["rechecks"] == pytest.approx(0.2)
    assert said["split"]["rework"] == pytest.approx(0.7)
    # by hand: 2.4 / 3 right is what one answer of accuracy .8 gives, at the mean of the seven answers
    assert said["by_hand"]["answers_per_task"] == 1
    assert said["by_hand"]["per_answer"] == pytest.approx(6.5 / 7, abs=1e-6)
    assert said["by_hand"]["value"] == pytest.approx(6.5 / 7 / 0.8, abs=1e-6)
    assert said["saving"]["value"] == pytest.approx(1 - (7.0 / 2.4) / (6.5 / 7 / 0.8), abs=1e-5)


def test_without_rates_it_is_told_in_hours(store):
    said = three_tasks_done(store, None)
    assert said["unit"] == HOURS
    assert "not declared" in said["reason"]
    assert said["spent"]["people"] == pytest.approx(said["spent"]["people_hours"]) == pytest.approx(1080 / 3600)
    assert said["split"]["machine"] is None
    assert said["spent"]["machine_hours"] == 0.5


def test_one_unknown_rate_and_no_money_is_told(store):
    said = three_tasks_done(store, {"currency": "EUR", "per_hour": None, "people": {"ann@x.org": 30.0}})
    assert said["unit"] == HOURS
    assert "bob@x.org, cid@x.org" in said["reason"]


def test_rates_go_by_address_whatever_its_case():
    found = rates(Costs("EUR", 20.0, {"A@b.c": 35.0}), {1: "a@B.c", 2: "z@b.c"})
    assert found == Rates("EUR", {1: 35.0, 2: 20.0}, None, None)


def test_untimed_work_takes_as_long_as_the_rest():
    done = {1: Work(answers=4, timed=2, seconds=100.0), 2: Work(answers=1, skips=1)}
    assert hours(done, copies=False) == {1: 200 / 3600, 2: 100 / 3600}
    assert hours({1: Work(answers=4)}, copies=False) is None


def many(people_tasks=400, sampled=400, machine=0, audits=(), seed=1):
    chance = np.random.default_rng(seed)
    right = chance.uniform(0.7, 1.0, sampled)
    spent = chance.gamma(4, 0.25, sampled)
    costs = np.column_stack((spent, spent * 0.1, np.zeros(sampled), np.zeros(sampled)))
    sample = Sample(costs, np.ones(sampled), right, right * (1 - right), np.full(sampled, 2.0), spent, False, {}, 1.0)
    done = Finished(people_tasks, people_tasks, right.mean() * people_tasks, machine, machine, 0.9 * machine,
                    {"mood": (people_tasks, right.mean() * people_tasks)})
    return Given(Rates("EUR", {}, None, None), done, sample, audits, people_tasks * 1.1, 0.0, None,
                 2 * people_tasks, (3, 0.9))


def test_an_interval_narrows_with_more_tasks():
    def width(given):
        said = cost(given)["per_accurate_label"]
        assert said["low"] <= said["value"] <= said["high"]
        return said["high"] - said["low"]

    assert width(many(1600, 1600)) < 0.7 * width(many(400, 400))
    # a part of the tasks tells about all of them nearly as much as all would
    assert width(many(1600, 400)) == pytest.approx(width(many(1600, 1600)), rel=0.3)


def test_the_interval_of_the_cost_holds_its_promise():
    # given finished tasks drawn again and again, with labels that are right as often as their probabilities say
    inside = 0
    for seed in range(60):
        said = cost(many(300, 300, seed=seed))["per_accurate_label"]
        inside += said["low"] <= 1.1 / 0.85 <= said["high"]       # E[gamma(4, 1/4)] * 1.1 over E[U(.7, 1)]
    assert inside / 60 >= 0.88


def test_blind_audits_correct_what_the_scores_promise():
    wrong = [Audit(0.0, right=n % 4 > 0) for n in range(40)]
    by_score, by_audit = cost(many(machine=400)), cost(many(machine=400, audits=wrong))
    assert by_score["labels"]["machine_accuracy_from"] == "score"
    assert by_audit["labels"]["machine_accuracy_from"] == "audit"
    assert by_score["labels"]["accurate"] - by_audit["labels"]["accurate"] == pytest.approx(400 * (0.9 - 0.75))
    few = cost(many(machine=400, audits=wrong[:5]))
    assert few["labels"] == by_score["labels"]


@pytest.mark.parametrize("hand", ["unknown how people err", (0, 0.8)])
def test_without_a_comparison_nothing_is_saved_or_lost(hand):
    given = many()
    said = cost(Given(given.rates, given.finished, given.sample, (), given.people, 0.0, None, 800, hand))
    assert said["saving"]["value"] is said["by_hand"]["value"] is None
    assert said["saving"]["reason"]


def test_nothing_done_costs_nothing_that_can_be_told(store):
    World(store)
    said = report.update(store, 1, now=stamp(DAY))["cost"]
    assert json.dumps(said, allow_nan=False)
    assert said["per_accurate_label"] == {"value": None, "low": None, "high": None,
                                          "reason": "nobody has answered anything yet"}
