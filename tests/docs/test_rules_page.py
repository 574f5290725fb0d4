"""docs/rules.md tells every word of the rules language, and its example is one that Cueloop takes."""

import re
from pathlib import Path

import pytest

from console.cli import main
from cueloop.declared import Costs, Gold, Recheck
from cueloop.sampling import uniform
from routing import signals
from routing.deciding import clock, settled, timing
from routing.language import reference, rules, vocabulary
from routing.language.action_fields import ACCEPT, ASK, ESCALATE, QUEUES, REVIEW
from routing.language.actions import EXPERTISE, Accept, Ask, Escalate, Pause, Queues, Review
from routing.language.audience import Audience, Nobody
from routing.language.audience_fields import AUDIENCE, NOBODY_FIELDS
from routing.language.conditions import LONGEST, compile_condition
from routing.language.declarations import COSTS, LABELS
from routing.language.people_fields import GOLD, PAUSE, RECHECK
from routing.language.pitfalls import pitfalls
from routing.signals import TaskSignals

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


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


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_is_taken_and_works_as_it_reads(example):
    assert pitfalls(rules.parse(example)) == ()


@pytest.mark.parametrize("condition", [
    "score > 0.9 and score < 0.5", "not known(score) or score < 0.8", "answers < 2", "task.duration_s > 30s",
    "0.4 < score < 0.6", '"a" in labels', 'sample("NAME", 10%)'])
def test_every_condition_in_the_text_is_one(condition):
    assert f"`{condition}`" in PAGE
    assert compile_condition(condition)[1] == []
    assert compile_condition("any(regions, known(negated) and negated)")[1] == []


@pytest.mark.parametrize("word", ["90s", "30m", "2h", "3d", "5%", "0.05"])
def test_units_are_written_as_the_page_says(word):
    assert f"`{word}`" in PAGE
    assert compile_condition(f"{word} > 0")[1] == []


def test_figures_in_the_text_are_those_of_the_code():
    text = " ".join(PAGE.split())
    assert f"did not fall by more than {settled.SLACK}" in text
    assert timing.HURRY == ((0.5, 0.5), (0.75, 1.0))
    assert "A `deadline` adds 0.5 at half its time and 1 at three quarters" in text
    assert (clock.OPEN.total_seconds(), clock.CLOSED.total_seconds()) == (60, 3600)
    assert "open tasks every minute and closed ones every hour" in text
    assert f"at most {LONGEST:,} characters" in text
    assert (Queues().hold, Queues().at_least, Queues().at_most, Queues().return_after) == (7200, 20, 300, 86400)


def test_a_sample_is_drawn_by_a_hash_of_the_task():
    names = [TaskSignals(task=key, data={}) for key in range(50)]
    drawn = signals.lookup(names)("sample(look)")
    assert drawn.known.all()
    assert drawn.values.tolist() == [uniform(key, "sample:look") for key in range(50)]


def test_everything_that_is_warned_of_is_on_the_page():
    """One file with each kind of pitfall that the page lists; what it says of each is one of them."""
    warned = pitfalls(rules.parse("""
version: 1
rules:
  - {name: never, when: score > 0.9 and score < 0.5, stop: {}}
  - {name: first, when: answers < 3, ask: {n: 1, max: 3}}
  - {name: shadowed, when: answers < 2, ask: {n: 2, max: 3}}
  - {name: contradicts, when: answers < 3, ask: {n: 2, max: 3}}
  - {name: forbidden, when: score > 0.9, accept: {audit: 5%}, forbid: accept}
  - {name: until, when: posterior < 0.9, reopen: {until: posterior < 0.95}, deadline: 2h}
  - {name: idle, when: answers > 7, stop: {}, deadline: 2h}
  - {name: checks, pause: {when: consistency < 0.5}}
"""))
    said = " ".join(w.message for w in warned)
    for words in ("can never hold", "stands first", "contradicts", "it is forbidden", "`until` is true", "asks nobody",
                  "checks that this file never makes"):
        assert words in said
    for words in ("can never hold", "never counts", "two that contradict", "forbidden wherever its rule holds",
                  "true from the start or never", "names nobody", "a `deadline` where nobody is asked",
                  "checks that the file never makes"):
        assert words in " ".join(PAGE.split())


def test_every_command_on_the_page_exists():
    known = {path for path, _ in commands()}
    for words in re.findall(r"`cueloop ([a-z-]+(?: [a-z-]+)?)", PAGE):
        assert f"cueloop {words}" in known or f"cueloop {words.split()[0]}" in known
    assert re.findall(r"`cueloop (route [a-z]+)", PAGE)


def commands():
    """Paths of all commands."""
    command = main.get_command(None, "route")
    yield "cueloop route", command
    for name in command.commands:
        yield f"cueloop route {name}", command.commands[name]
    yield from ((f"cueloop {name}", None) for name in main.list_commands(None))


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "rules").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_example_file_is_taken_and_works_as_it_reads(file):
    found = rules.load(file)
    assert found.rules
    assert pitfalls(found) == ()
    assert found.text.startswith("# "), "an example begins with a comment for the admin"
