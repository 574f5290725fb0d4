"""Deadlines, priorities, and what is kept together: what time and modifiers do to a plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from routing.deciding.plans import NONE, Plan
from routing.deciding.timing import LATE, steps
from tests.routing.test_asking import file, plan, task

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URGENT = file("name: soon, when: answers < 2, ask: {n: 2}, deadline: 60m", "name: enough, when: answers >= 2, stop: {}",
              'name: vip, when: task.vip == "yes", priority: 3', "name: usual, when: true, priority: 1")


def at(minutes: float, had: Plan = NONE, answers: str = "", **data: Any) -> Plan:
    """The plan so many minutes later."""
    return plan(URGENT, task(answers, data=data), had, now=NOW + timedelta(minutes=minutes))


def test_a_deadline_counts_from_when_the_plan_began_and_an_answer_on_the_way_changes_nothing() -> None:
    first = at(0)
    assert first.due == (NOW + timedelta(hours=1)).isoformat()
    half = at(20, first, "a")
    assert (half.since, half.due, half.target) == (first.since, first.due, 2)


def test_the_first_matching_rule_that_names_a_priority_counts() -> None:
    assert at(0).urgency == 1
    assert at(0, vip="yes").urgency == 3
    assert at(0, answers="ab", vip="yes").urgency == 0            # done: nothing is urgent any more


def test_priority_rises_as_the_deadline_nears() -> None:
    first = at(0)
    rising = [at(minutes, first).urgency for minutes in (0, 29, 31, 46, 59)]
    assert rising == [1, 1, 1.5, 2, 2]
    assert [moment - NOW for moment in steps(first.due or "", 3600)] == [
        timedelta(minutes=30), timedelta(minutes=45), timedelta(minutes=60)]


def test_a_deadline_that_passed_puts_the_task_first_and_gives_others_as_long() -> None:
    first = at(0)
    late = at(61, first)
    assert (late.late, late.urgency, late.kind) == (1, LATE + 1, "ask")
    assert late.due == (NOW + timedelta(minutes=121)).isoformat()
    assert at(62, late) == late                              # once for each time it passes
    again = at(122, late)
    assert (again.late, again.due) == (2, (NOW + timedelta(minutes=182)).isoformat())
    new_round = plan(URGENT, task("", data={}), at(10, again, "ab"), now=NOW + timedelta(minutes=200))
    assert (new_round.late, new_round.urgency) == (0, 1)


def test_without_a_clock_nothing_is_ever_late() -> None:
    found = plan(URGENT, task(""))
    assert (found.due, found.late) == (None, 0)


def test_tasks_are_kept_together_by_a_field_that_is_a_text_or_number_and_else_by_nothing() -> None:
    given = file("name: all, when: true, ask: {n: 1}, keep_together: task.patient")
    assert plan(given, task(data={"patient": 17})).together == "17"
    assert plan(given, task(data={"patient": "p 1"})).together == "p 1"
    assert plan(given, task(data={"patient": ["p"]})).together == ""
    assert plan(given, task(data={})).together == ""
    other = file("name: pair, when: true, priority: 1, keep_together: task.patient",
                 "name: all, when: true, ask: {n: 1}")
    assert plan(other, task(data={"patient": "p"})).together == ""      # it belongs to the rule that takes effect
