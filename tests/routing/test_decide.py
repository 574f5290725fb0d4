"""Which rule wins, and what a task's plan becomes: pure."""

from __future__ import annotations

from typing import Any

from routing.deciding.decide import Matches, Standing, combine, decide, match
from routing.deciding.plans import NONE, Plan
from routing.language import rules
from routing.language.rules import Rules
from routing.signals import TaskSignals, lookup

RULES = rules.parse("""
version: 1
rules:
  - {name: watched, when: 'score("hate") > 0.01', forbid: accept}
  - {name: clear, when: score >= 0.95, accept: {audit: 5%}}
  - {name: clearer, when: score >= 0.5, accept: {audit: 1%}}
  - {name: stuck, when: answers >= 5 and posterior < 0.7, escalate: {to: [lead@example.org]}}
  - {name: sure, when: answers >= 2 and posterior >= 0.9, stop: {}}
  - {name: first-pass, when: answers < 2, ask: {n: 2}}
  - {name: torn, when: answers >= 2 and posterior < 0.9, ask: {n: 1, expertise: likeliest_two, max: 5}}
""")


def signals(score: float | None = None, answers: str = "", posterior: float | None = None,
            predicted: str = "ok", hate: float = 0.0) -> TaskSignals:
    """A task: `answers` is a letter for each one."""
    model = {} if score is None else {predicted: score, "hate": hate, "other": 1 - score - hate}
    people = {} if posterior is None else {"a": posterior, "b": 1 - posterior}
    return TaskSignals(
        task=1, data={"lang": "en"}, predicted=None if score is None else predicted,
        model_version=None if score is None else "v1", model=model, label="a" if posterior is not None else None,
        posterior=posterior, people=people, labels=tuple(answers))


def matches(given: Rules, seen: TaskSignals) -> Matches:
    """What counts for one task."""
    return match(given, lookup([seen]), 1)[0]


def plan(seen: TaskSignals, had: Plan = NONE, given: Rules = RULES, **standing: Any) -> Plan:
    """The plan for one task."""
    return decide(given, "sentiment", matches(given, seen), seen, Standing(had, **standing))


def test_of_two_rules_of_a_kind_the_first_counts() -> None:
    assert matches(RULES, signals(score=0.97))["accept"].name == "clear"
    assert matches(RULES, signals(score=0.6))["accept"].name == "clearer"


def test_accepting_comes_before_asking() -> None:
    found = plan(signals(score=0.97))
    assert (found.kind, found.rule, found.label, found.version) == ("accept", "clear", "ok", "v1")


def test_without_a_model_the_score_is_unknown_and_unknown_is_not_true() -> None:
    assert plan(signals()).rule == "first-pass"


def test_a_veto_holds_whatever_else_matches() -> None:
    assert plan(signals(score=0.97, hate=0.02)).rule == "first-pass"


def test_n_means_more_answers_and_stands_until_they_came() -> None:
    first = plan(signals())
    assert first.target == 2
    half = plan(signals(answers="a", posterior=0.8), first)
    assert (half.rule, half.target) == ("first-pass", 2)
    torn = plan(signals(answers="ab", posterior=0.5), half)
    assert (torn.rule, torn.target, torn.max) == ("torn", 3, 5)
    again = plan(signals(answers="aba", posterior=0.8), torn)
    assert again.target == 4


def test_an_answer_taken_back_is_asked_for_again() -> None:
    torn = plan(signals(answers="ab", posterior=0.5))
    assert plan(signals(answers="a", posterior=0.8), torn).target == 3    # first-pass: two more than the one left


def test_at_the_rules_maximum_nobody_is_asked_any_more() -> None:
    spent = plan(signals(answers="ababa", posterior=0.8))
    assert (spent.kind, spent.rule) == ("stop", "torn")


def test_people_who_agree_end_it() -> None:
    assert plan(signals(answers="aa", posterior=0.95)).rule == "sure"


def test_the_machine_accepts_nothing_that_a_person_answered() -> None:
    assert plan(signals(score=0.99, answers="a", posterior=0.8)).rule == "first-pass"


def test_a_held_out_task_goes_to_people_and_is_marked() -> None:
    found = plan(signals(score=0.97), held_out=True)
    assert (found.kind, found.rule, found.audit) == ("ask", "first-pass", "clear")
    later = plan(signals(answers="aa", posterior=0.95), found, held_out=True)
    assert (later.kind, later.audit) == ("stop", "clear")


def test_a_held_out_task_that_no_rule_asks_about_gets_one_blind_look() -> None:
    only = rules.parse("version: 1\nrules: [{name: all, when: score > 0.5, accept: {audit: 10%}}]")
    found = plan(signals(score=0.9), given=only, held_out=True)
    assert (found.kind, found.target, found.audit) == ("ask", 1, "all")


def test_what_was_accepted_stays_while_the_score_wobbles() -> None:
    had = plan(signals(score=0.97))
    assert plan(signals(score=0.3), had, accepted=True) == had
    assert plan(signals(), had, accepted=True) == had                     # a new version that said nothing yet
    assert plan(signals(score=0.3), had).kind == "ask"                    # not accepted in Label Studio yet


def test_what_was_accepted_reopens_when_the_champion_or_a_person_says_otherwise() -> None:
    had = plan(signals(score=0.97))
    assert plan(signals(score=0.4, predicted="hate"), had, accepted=True).kind == "ask"
    assert plan(signals(score=0.97, answers="a", posterior=0.8), had, accepted=True).kind == "ask"


def test_what_was_accepted_reopens_when_the_rules_became_stricter() -> None:
    had = plan(signals(score=0.97))
    strict = rules.parse(RULES.text.replace("0.95", "0.99").replace("score >= 0.5,", "score >= 0.98,"))
    found = plan(signals(score=0.97), had, strict, accepted=True)
    assert (found.kind, found.rule) == ("ask", "first-pass")


def test_what_is_done_stays_done_while_its_probability_wobbles() -> None:
    had = plan(signals(answers="aa", posterior=0.92))
    assert plan(signals(answers="aa", posterior=0.89), had) == had
    assert plan(signals(answers="aa", posterior=0.99), had) == had
    # but not when it falls clearly, another answer came, or the rules changed
    assert plan(signals(answers="aa", posterior=0.75), had).rule == "torn"
    assert plan(signals(answers="aab", posterior=0.89), had).rule == "torn"
    stricter = rules.parse(RULES.text.replace("posterior >= 0.9,", "posterior >= 0.91,"))
    assert plan(signals(answers="aa", posterior=0.89), had, stricter).rule == "torn"


def test_an_escalated_task_is_done_when_one_of_those_named_answered() -> None:
    seen = signals(answers="ababa", posterior=0.6)
    found = plan(seen)
    assert (found.kind, found.who.people, found.target) == ("escalate", ("lead@example.org",), 6)
    judged = plan(signals(answers="ababab", posterior=0.6), found, answered_by=frozenset({"lead@example.org"}))
    assert (judged.kind, judged.rule) == ("stop", "stuck")


def test_no_rule_no_plan() -> None:
    few = rules.parse("version: 1\nrules: [{name: a, when: task.lang == 'fr', ask: {n: 1}}]")
    found = plan(signals(), given=few)
    assert (found.kind, found.why) == ("none", "no rule matches: nobody is asked")


def test_with_several_controls_whatever_needs_people_comes_first() -> None:
    stop, ask, accept = Plan(kind="stop"), Plan(kind="ask", target=2), Plan(kind="accept", label="a")
    assert combine([stop, ask, accept]) == ask
    assert combine([stop, accept]) == accept
    assert combine([stop, stop]) == stop
    assert combine([Plan(kind="ask", target=1), Plan(kind="ask", target=3)]).target == 3
