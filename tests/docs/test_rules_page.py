"""docs/rules.md tells every word of the rules language, and its example is one that Cueloop takes."""

import re
from pathlib import Path

import pytest

from cueloop.declared import Costs, Gold, Recheck
from routing import reference, rules, vocabulary
from routing.action_fields import ACCEPT, ASK, ESCALATE, QUEUES, REVIEW
from routing.actions import EXPERTISE, Accept, Ask, Escalate, Pause, Queues, Review
from routing.audience import Audience, Nobody
from routing.audience_fields import AUDIENCE, NOBODY_FIELDS
from routing.declarations import COSTS, LABELS
from routing.people_fields import GOLD, PAUSE, RECHECK

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", reference.tables())
def test_every_word_of_the_language_has_a_row(name):
    rows = reference.tables()[name]
    assert rows
    assert all(f"| `{word}` | {says} |" in PAGE for word, says in rows)


@pytest.mark.parametrize(("fields", "told"), [
    (Ask, ASK), (Accept, ACCEPT), (Escalate, ESCALATE), (Review, REVIEW), (Queues, QUEUES), (Gold, GOLD),
    (Recheck, RECHECK), (Pause, PAUSE), (Costs, COSTS), (Audience, AUDIENCE), (Nobody, NOBODY_FIELDS)])
def test_every_field_that_is_kept_can_be_written(fields, told):
    written = {field.into or name for name, field in told.items()}
    assert set(fields.__slots__) - {"who"} <= written


def test_the_words_for_labels_are_told():
    assert all(f"`{word}`" in PAGE for word in LABELS)


def test_the_order_of_actions_and_the_words_for_expertise_are_told():
    assert ", ".join(f"`{kind}`" for kind in vocabulary.ACTIONS) in PAGE
    assert all(f"`{word}`" in PAGE for word in EXPERTISE)


def test_the_example_is_taken():
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL).group(1)
    assert [rule.name for rule in rules.parse(example).rules][-1] == "never-automatic"
