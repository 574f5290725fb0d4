"""docs/rules.md tells every word of the rules language, and its example is one that Cueloop takes."""

import re
from pathlib import Path

import pytest

from cueloop.declared import Costs, Gold, Recheck
from routing import rules, vocabulary
from routing.actions import EXPERTISE, Queues
from routing.declarations import LABELS

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def _row(name: str) -> bool:
    return f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", [*rules.FILE_FIELDS, *rules.RULE_FIELDS])
def test_every_field_has_a_row(name):
    assert _row(name)


@pytest.mark.parametrize("name", vocabulary.SIGNALS)
def test_every_signal_has_a_row(name):
    assert _row(name)


@pytest.mark.parametrize("name", vocabulary.FUNCTIONS)
def test_every_function_has_a_row(name):
    assert _row(vocabulary.FUNCTIONS[name][1])


@pytest.mark.parametrize("name", ["accept.audit", "ask.n", "ask.max", "ask.expertise", "ask.people", "escalate.to",
                                  *(f"queues.{field}" for field in Queues.__slots__)])
def test_every_field_of_an_action_has_a_row(name):
    assert _row(name)


@pytest.mark.parametrize("name", ["controls.NAME.labels", *(
    f"{part}.{field}" for part, words in (("gold", Gold), ("recheck", Recheck), ("costs", Costs))
    for field in words.__slots__)])
def test_every_field_of_a_declaration_has_a_row(name):
    assert _row(name)


def test_the_words_for_labels_are_told():
    assert all(f"`{word}`" in PAGE for word in LABELS)


def test_the_order_of_actions_and_the_words_for_expertise_are_told():
    assert ", ".join(f"`{kind}`" for kind in vocabulary.ACTIONS) in PAGE
    assert all(f"`{word}`" in PAGE for word in EXPERTISE)


def test_the_example_is_taken():
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL).group(1)
    assert [rule.name for rule in rules.parse(example).rules][-1] == "never-automatic"
