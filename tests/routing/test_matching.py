"""Which rules count for which task: columns, controls, vetoes and modifiers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from cueloop.sampling import uniform
from routing.deciding.matching import match
from routing.language import rules
from routing.language.rules import Rules
from routing.signals import TaskSignals, lookup
from tests.routing.test_asking import file

RULES = file("name: a, when: answers < 1, ask: {n: 1}", "name: b, when: answers < 3, ask: {n: 2}, forbid: stop",
             "name: c, when: answers >= 2, stop: {}, priority: 2",
             "name: d, when: answers >= 1, blind: true, priority: 1",
             "name: e, control: other, when: true, escalate: {to: [x@y.z]}")


def tasks(*answers: int, **others: Any) -> list[TaskSignals]:
    """Tasks with so many answers."""
    return [TaskSignals(task=at, data={}, labels=("a",) * count, **others) for at, count in enumerate(answers)]


def names(given: Rules, seen: list[TaskSignals], control: str | None = None, *,
          named: bool = False) -> list[dict[str, str]]:
    """{what: name of the rule that counts} of each task."""
    return [{key: rule.name for key, rule in one.items()}
            for one in match(given, lookup(seen), len(seen), control, named=named)]


def test_first_of_a_kind_vetoes_and_modifiers_beside_the_action() -> None:
    found = names(RULES, tasks(0, 2, 3), "here")
    assert found[0] == {"ask": "a", "forbid:stop": "b"}
    assert found[1] == {"ask": "b", "forbid:stop": "b", "priority": "c", "blind": "d"}    # c may not stop it
    assert found[2] == {"stop": "c", "priority": "c", "blind": "d"}


def test_a_rule_may_speak_of_one_control_only() -> None:
    assert names(RULES, tasks(0), "other")[0]["escalate"] == "e"
    assert names(RULES, tasks(0), "other", named=True) == [{"escalate": "e"}]
    assert names(RULES, tasks(0))[0]["escalate"] == "e"


def test_tasks_are_looked_up_one_by_one_or_all_in_a_row() -> None:
    found = match(RULES, lookup(tasks(0, 2, 3)), 3, "here")
    assert [found[at] for at in range(3)] == list(found) == list(found[:])
    assert found[-1] == found[2]
    with pytest.raises(IndexError):
        found[3]


def test_samples_are_drawn_by_the_task_alone() -> None:
    given = file('''name: look, when: 'sample("second look", 30%)', blind: true''')
    found = names(given, tasks(*range(50)))
    assert [bool(one) for one in found] == [uniform(at, "sample:second look") < 0.3 for at in range(50)]


def test_thresholds_and_other_controls_are_columns_of_their_own() -> None:
    given = file('''name: clear, when: 'score >= found("a", error=1%)', accept: {}''',
                 'name: hard, when: control("other").agreement < 0.5, ask: {n: 1}')
    sure = tasks(0, 0, predicted="a", model={"a": 0.9, "b": 0.1})
    column = next(name for name in given.rules[0].when.names if name.startswith("found("))
    others = {"other": tasks(0, 0, agreement=0.2)}
    for one in match(given, lookup(sure, found={column: 0.8}, controls=others), 2):
        assert (one["accept"].name, one["ask"].name) == ("clear", "hard")
    assert "accept" not in match(given, lookup(sure, found={column: 0.95}), 2)[0]
    assert "accept" not in match(given, lookup(sure), 2)[0]         # no threshold is safe: unknown is not true
    assert "ask" not in match(given, lookup(sure), 2)[0]            # no such control


def test_fields_of_a_surprising_type_are_unknown_and_stop_nothing() -> None:
    given = rules.parse("version: 1\nrules: [{name: en, when: 'task.lang == \"en\"', ask: {n: 1}}, "
                        "{name: long, when: task.words > 5, stop: {}}]")
    odd: list[Any] = ["en", ["en"], {"en": 1}, 3, None, True, [], [["en"]]]
    seen = [TaskSignals(task=at, data={"lang": value, "words": value}) for at, value in enumerate(odd)]
    assert [set(one) for one in names(given, seen)] == [{"ask"}] + [set()] * 7
    assert [set(one) for one in names(given, seen[1:3])] == [set(), set()]


@settings(max_examples=30)
@drawn(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.permutations(range(3)))
def test_what_counts_for_a_task_does_not_depend_on_the_tasks_beside_it(answers: list[int], order: list[int]) -> None:
    seen = tasks(*answers)
    alone = [names(RULES, [one])[0] for one in seen]
    assert names(RULES, seen) == alone
    moved = [seen[at % len(seen)] for at in order]
    assert names(RULES, moved) == [alone[at % len(seen)] for at in order]


def test_no_priority_and_not_blind_shield_from_later_rules() -> None:
    given = file("name: none, when: answers < 1, priority: 0", "name: seen, when: answers < 1, blind: false",
                 "name: all, when: true, priority: 5, blind: true")
    found = names(given, tasks(0, 1))
    assert found == [{"priority": "none", "blind": "seen"}, {"priority": "all", "blind": "all"}]
    assert [rule.does for rule in given.rules] == ["priority", "blind", "priority, blind"]
