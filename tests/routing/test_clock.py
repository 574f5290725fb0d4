"""When the clock alone makes a task worth a look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.deciding import clock
from routing.deciding.plans import Plan
from routing.language.audience import Audience, Nobody
from tests.routing.test_asking import file, task

NOW = datetime(2026, 3, 1, 12, 0, 20, tzinfo=UTC)
ASKED = Plan(kind="ask", rule="r", since=NOW.isoformat())
DONE = Plan(kind="stop", rule="r")


def wake(line: str, plan: Plan = ASKED, *, need: int = 0, **signals: Any) -> float | None:
    """Seconds until a task is looked at again by this rule."""
    found = clock.of(file(line)).wake(plan, need, [task(**signals)], NOW)
    return found and (found - NOW).total_seconds()


def test_a_fixed_time_wakes_at_that_moment_and_not_once_it_passed() -> None:
    rule = "name: old, when: age > 2h and quiet >= 30m, escalate: {to: [a@b.c]}"
    assert wake(rule, age=3600.0) == 3601
    assert wake(rule, age=3600.0, quiet=60.0) == 1741
    assert wake(rule, age=9000.0, quiet=9000.0) is None
    assert wake(rule) is None                        # not known: nothing to wait for


def test_rules_without_the_clock_wake_nobody() -> None:
    assert wake("name: first, when: answers < 2, ask: {n: 2}", age=10.0) is None
    assert wake("name: first, when: known(quiet) and task.age < 3, ask: {n: 2}", quiet=10.0) is None


def test_what_cannot_be_foreseen_is_looked_at_every_minute() -> None:
    assert wake("name: old, when: age > task.limit, ask: {n: 1}", age=10.0) == 40


@pytest.mark.parametrize(("action", "woken"), [("ask: {n: 1}", False), ("reopen: {n: 1}", True)])
def test_what_is_done_wakes_only_for_rules_that_can_open_it(action: str, woken: bool) -> None:
    assert (wake(f"name: old, when: age > 2h, {action}", DONE, age=60.0) is not None) == woken
    assert (wake(f"name: old, when: age > task.limit, {action}", DONE, age=60.0) is not None) == woken


def test_other_controls_have_clocks_too() -> None:
    found = clock.moments('control("other").quiet > 1d')
    assert (found.at["quiet"], found.exact) == ((86400.0,), True)


def test_a_deadline_wakes_as_it_nears_and_when_it_passes() -> None:
    rule = "name: r, when: answers < 1, ask: {n: 1}, deadline: 60m"
    plan = replace(ASKED, due=(NOW + timedelta(minutes=60)).isoformat())
    assert wake(rule, plan) == 30 * 60
    late = replace(plan, late=1)
    assert wake(rule, late) == 60 * 60


def test_others_are_looked_for_where_nobody_was_found_in_time() -> None:
    plan = replace(ASKED, who=Audience(languages=("xh",), if_nobody=Nobody(after=7200.0)))
    rule = "name: r, when: answers < 1, ask: {n: 1}"
    assert wake(rule, plan, need=1) == 7200
    assert wake(rule, plan, need=0) is None
