"""Plans that need people, and how each ends: opened again, reviewed, escalated, asked until something is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from routing.deciding.decide import Standing, decide, match
from routing.deciding.plans import NONE, Plan
from routing.language import rules
from routing.language.rules import Rules
from routing.people.team import Person, Team
from routing.signals import TaskSignals, lookup

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def file(*lines: str) -> Rules:
    """Rules, one a line."""
    return rules.parse("version: 1\nrules:\n" + "".join(f"  - {{{line}}}\n" for line in lines))


def task(answers: str = "", posterior: float | None = None, **others: Any) -> TaskSignals:
    """A task; `answers` has a letter for each one."""
    return TaskSignals(task=1, data=others.pop("data", {}), labels=tuple(answers), posterior=posterior,
                       label="a" if posterior is not None else None, **others)


def plan(given: Rules, seen: TaskSignals, had: Plan = NONE, **standing: Any) -> Plan:
    """The plan for one task."""
    return decide(given, "c", match(given, lookup([seen]), 1)[0], seen, Standing(had, **standing))


AGAIN = file("name: sure, when: answers >= 2, stop: {}", "name: first, when: answers < 2, ask: {n: 2}",
             'name: again, when: state == "done" and agreement < 0.8, reopen: {n: 2, max: 6}')


def test_a_done_task_is_opened_again_and_stays_so_until_its_answers_came() -> None:
    done = plan(AGAIN, task("ab", 0.9))
    assert done.kind == "stop"
    opened = plan(AGAIN, task("ab", 0.9, state="done", agreement=0.0), done)
    assert (opened.kind, opened.rule, opened.target, opened.asks) == ("reopen", "again", 4, True)
    # that it is not done any more must not close it
    waiting = plan(AGAIN, task("aba", 0.9, state="asked", agreement=0.3), opened)
    assert (waiting.kind, waiting.target) == ("reopen", 4)
    ended = plan(AGAIN, task("abaa", 0.9, state="asked", agreement=0.5), waiting)
    assert (ended.kind, ended.rule) == ("stop", "sure")


def test_it_is_opened_once_more_only_while_its_condition_holds_and_max_allows_and_says_so() -> None:
    given = file("name: sure, when: answers >= 2, stop: {}",
                 "name: again, when: agreement < 0.8, reopen: {n: 2, max: 6}")
    opened = plan(given, task("ab", 0.9, agreement=0.0), plan(given, task("ab", 0.9)))
    more = plan(given, task("abab", 0.9, agreement=0.3), opened)
    assert (more.kind, more.target) == ("reopen", 6)
    assert more.why.startswith("2 more came and its condition still holds")
    spent = plan(given, task("ababab", 0.9, agreement=0.4), more)
    assert (spent.kind, spent.rule, spent.why) == ("stop", "again", "6 answers are the most it may get")
    assert plan(given, task("ababab", 0.9, agreement=0.4), spent) == spent            # and so it stays
    good = plan(given, task("abaa", 0.9, agreement=0.9), opened)
    assert (good.kind, good.rule) == ("stop", "sure")


def test_opening_again_concerns_only_what_is_closed_and_a_veto_ends_it() -> None:
    assert plan(AGAIN, task("a", 0.6, state="done", agreement=0.0)).kind == "ask"
    opened = plan(AGAIN, task("ab", 0.9, state="done", agreement=0.0), plan(AGAIN, task("ab", 0.9)))
    strict = file("name: sure, when: answers >= 2, stop: {}", "name: never, when: true, forbid: reopen",
                  'name: again, when: state == "done", reopen: {n: 2, max: 6}')
    assert plan(strict, task("ab", 0.9, state="asked"), opened).rule == "sure"


def test_what_the_machine_accepted_is_opened_again() -> None:
    given = file("name: clear, when: score > 0.9, accept: {}",
                 'name: look, when: task.reported == "yes", reopen: {n: 1}')
    sure: dict[str, Any] = {"predicted": "a", "model": {"a": 0.99, "b": 0.01}, "model_version": "v1"}
    accepted = plan(given, task(**sure))
    assert accepted.kind == "accept"
    opened = plan(given, task(data={"reported": "yes"}, **sure), accepted, accepted=True)
    assert (opened.kind, opened.target) == ("reopen", 1)


def test_asking_ends_when_what_it_waits_for_is_known_to_be_true() -> None:
    given = file("name: width, when: agreement < 0.5, ask: {n: 3, until: interval_width < 0.15, max: 9}")
    asked = plan(given, task("ab", agreement=0.0))                          # the width is not known: not true
    assert (asked.kind, asked.target) == ("ask", 5)
    assert plan(given, task("aba", agreement=0.3, interval_width=0.4), asked).target == 5
    ended = plan(given, task("abab", agreement=0.3, interval_width=0.1), asked)
    assert (ended.kind, ended.rule, ended.why) == ("stop", "width", "what it was asked until is reached")


REVIEW = file("name: hard, when: agreement < 0.8, review: {people: [lead@x.org], scope: disagreed_regions, "
              "returns_to: author}", "name: first, when: answers < 2, ask: {n: 2}")


def test_a_review_ends_with_a_submission_or_a_correction_made_after_being_asked() -> None:
    asked = plan(REVIEW, task("ab", agreement=0.0), now=NOW)
    assert (asked.kind, asked.n, asked.scope, asked.returns_to) == ("review", 1, "disagreed_regions", "author")
    assert asked.who.people == ("lead@x.org",)
    assert plan(REVIEW, task("ab", agreement=0.0), asked, now=NOW).kind == "review"
    assert plan(REVIEW, task("ab", agreement=0.0), asked, now=NOW, acted=frozenset({"other@x.org"})) == asked
    ended = plan(REVIEW, task("aba", agreement=0.3), asked, now=NOW, acted=frozenset({"lead@x.org"}))
    assert (ended.kind, ended.rule, ended.why) == ("stop", "hard", "lead@x.org reviewed it")
    # what was reviewed is not reviewed under the same rule again, whatever is answered later
    later = plan(REVIEW, task("abab", agreement=0.3), ended, now=NOW + timedelta(days=1))
    assert (later.kind, later.why) == ("stop", "lead@x.org reviewed it")


def test_who_worked_on_it_before_the_review_was_asked_for_has_not_reviewed_it() -> None:
    assert plan(REVIEW, task("ab", agreement=0.0), acted=frozenset({"lead@x.org"})).kind == "review"


TEAM = Team(people={"ann@x.org": Person("ann@x.org", teams=frozenset({"leads"})),
                    "bob@x.org": Person("bob@x.org", teams=frozenset({"students"}))})


def test_anybody_of_those_it_is_escalated_to_decides() -> None:
    given = file("name: up, when: answers >= 2, escalate: {team: leads}", "name: first, when: answers < 2, ask: {n: 2}")
    asked = plan(given, task("ab"), team=TEAM, now=NOW, answered_by=frozenset({"bob@x.org"}))
    assert (asked.kind, asked.target) == ("escalate", 3)
    answered = plan(given, task("aba"), asked, team=TEAM, now=NOW, answered_by=frozenset({"bob@x.org", "ann@x.org"}))
    assert (answered.kind, answered.why) == ("stop", "ann@x.org decided it")
    corrected = plan(given, task("ab"), asked, team=TEAM, now=NOW, acted=frozenset({"ann@x.org"}))
    assert corrected.why == "ann@x.org decided it"
    assert plan(given, task("ab"), asked, team=TEAM, now=NOW, acted=frozenset({"bob@x.org"})).kind == "escalate"


def test_where_nobody_was_found_in_time_those_named_for_that_decide() -> None:
    given = file("name: native, when: answers < 3, ask: {n: 1, language: xh, "
                 "if_nobody: {after: 2h, escalate: [ann@x.org]}}")
    asked = plan(given, task("a"), now=NOW)
    early = plan(given, task("a"), asked, now=NOW + timedelta(hours=1), acted=frozenset({"ann@x.org"}), team=TEAM)
    assert (early.kind, early.since) == ("ask", asked.since)
    late = plan(given, task("a"), asked, now=NOW + timedelta(hours=3), acted=frozenset({"ann@x.org"}), team=TEAM)
    assert (late.kind, late.why) == ("stop", "ann@x.org decided it, for nobody else was found in time")


def test_a_task_that_a_rule_blinds_is_not_accepted_and_is_no_audit_sample() -> None:
    given = file("name: clear, when: score > 0.9, accept: {audit: 5%}")
    sure: dict[str, Any] = {"predicted": "a", "model": {"a": 0.99, "b": 0.01}, "model_version": "v1"}
    found = plan(given, task(**sure), blind=True)
    assert (found.kind, found.target, found.audit) == ("ask", 1, "")
    assert plan(given, task(**sure), held_out=True).audit == "clear"
