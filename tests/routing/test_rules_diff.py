"""What differs between two rules files, in an admin's words."""

from __future__ import annotations

from routing.language import rules
from routing.language.default_rules import DEFAULT_RULES
from routing.language.rules_diff import rules_diff

THREE = """version: 1
rules:
  - {name: a, when: score > 0.5, accept: {audit: 5%}}
  - {name: b, when: answers < 2, ask: {n: 2, people: [x@y.z]}}
  - {name: c, when: answers > 2, stop: {}}
"""


def sentences(old: str, new: str) -> list[str]:
    """All differences."""
    return [change.sentence for change in rules_diff(rules.parse(old), rules.parse(new))]


def test_comments_and_spelling_make_no_difference() -> None:
    assert sentences(THREE, THREE.replace("version: 1", "# old\nversion: 1\n").replace("0.5,", " 0.5 ,")) == []


def test_a_changed_condition_and_a_changed_share_are_told_with_both_values() -> None:
    assert sentences(THREE, THREE.replace("score > 0.5", "score > 0.6").replace("5%", "10%")) == [
        "~ a: when: score > 0.5 -> score > 0.6", "~ a: accept.audit: 5% -> 10%"]


def test_added_and_removed_rules_are_told_whole() -> None:
    found = sentences(THREE, THREE.replace("name: c, when: answers > 2", "name: d, when: answers > 4"))
    assert found == ["+ d: when answers > 4: stop {}", "- c: when answers > 2: stop {}"]


def test_a_rule_under_another_name_is_no_other_rule() -> None:
    assert sentences(THREE, THREE.replace("name: c", "name: enough")) == ["~ c is now called enough"]


def test_a_rule_that_stands_elsewhere_moved_and_only_that_one() -> None:
    lines = THREE.splitlines()
    moved = "\n".join([*lines[:2], lines[4], lines[2], lines[3]]) + "\n"
    assert sentences(THREE, moved) == ["~ c moved: after b, now first"]


def test_who_may_be_asked_and_what_holds_for_the_file_are_compared() -> None:
    found = sentences(THREE, THREE.replace("[x@y.z]", "[x@y.z, u@v.w]") + "costs: {currency: EUR, per_hour: 20}\n"
                      "queues: {hold: 4h}\n")
    assert found == ["~ b: ask.people: [x@y.z] -> [x@y.z, u@v.w]", "~ queues.hold: not given -> 4h",
                     "~ costs.currency: not given -> EUR", "~ costs.per_hour: not given -> 20"]


def test_the_default_rules_differ_from_themselves_in_nothing() -> None:
    assert sentences(DEFAULT_RULES, DEFAULT_RULES) == []
