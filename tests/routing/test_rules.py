"""Rules files: what is taken, and what is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop.errors import RulesError
from routing.context import default
from routing.language import rules
from routing.language.audience import Audience
from routing.language.mistakes import RulesRefused
from routing.language.rules import Accept, Ask, Escalate, Queues, Stop

EXAMPLES = Path(__file__).parents[2] / "examples" / "rules"

TEN_MISTAKES = """\
version: 3
queue: {hold: 2h}
rules:
  - name: clear
    when: scor >= 0.95
    accept: {audit: 150%}
  - name: clear
    when: answers = 2
    ask: {n: two}
  - name: torn
    when: posterior < "high"
    ask: {n: 3, max: 6}
    ask: {n: 1}
  - name: stuck
    when: answers > 4
    escalate: {too: [lead@example.org]}
"""


def refused(text: str) -> list[str]:
    """The mistakes of a text as `line:col: message`."""
    with pytest.raises(RulesRefused) as error:
        rules.parse(text, "r.yaml")
    return [line.removeprefix("r.yaml:") for line in str(error.value).splitlines()]


def rule(**lines: str) -> str:
    """A file with one rule that is right except for what `lines` change."""
    fields = {"name": "a", "when": "answers < 2", "ask": "{n: 1}"} | lines
    return "version: 1\nrules:\n  - " + "\n    ".join(f"{key}: {value}" for key, value in fields.items()) + "\n"


def test_a_file_with_ten_mistakes_gives_ten_errors_with_their_places() -> None:
    assert refused(TEN_MISTAKES) == [
        "1:10: this Cueloop reads version 1 of the rules language, not `3`",
        "2:1: a rules file has no field `queue`, did you mean queues?",
        "5:11: there is no signal `scor`, did you mean score?",
        "6:21: `audit` is a share between 0% and 100%, e.g. 5% or 0.05, not `150%`",
        "7:5: two rules are named `clear`; the other is at line 4",
        "8:19: this is not a condition; did you mean == instead of =?",
        "9:14: `n` is a whole number of at least 1, not `two`",
        "11:23: a number is compared with a text",
        "13:5: `ask` stands twice in a rule; keep one",
        "16:16: `escalate` has no field `too`, did you mean to?",
    ]


@pytest.mark.parametrize(("text", "mistake"), [
    ("", "1:1: the file is empty; begin with `version: 1`"),
    ("rules: [", "1:9: this is not YAML: expected the node content, but found '<stream end>'"),
    ("- 1", "1:1: a rules file is a set of `field: value`, not a list"),
    ("version: 1", "1:1: a rules file needs `rules:`, a list of rules"),
    ("version: 1\nrules: 3", "2:8: `rules` is a list of `- ...`, not `3`"),
    ("version: 1\nrules:\n  - {}", "3:5: this rule is empty"),
    (rule(when='"answers < two"'), "4:22: there is no signal `two`; a field of the task is written task.two"),
    (rule(when="[1]"), "4:11: `when` is a condition such as score >= 0.9, not a list"),
    (rule(when="|\n      answers < 2 and\n      nope > 1"),
     "6:7: there is no signal `nope`; a field of the task is written task.nope"),
    (rule(forbid="acept"), "6:13: `forbid` is one of escalate, reopen, stop, accept, review, ask, not "
                              "`acept`, did you mean accept?"),
    (rule(stop="{}"), "5:10: a rule has one action, this one has stop and ask; make two rules"),
    (rule(ask="{people: [bob]}"), "5:20: `people` lists e-mail addresses, and `bob` is none"),
    (rule(ask="{n: 3, max: 2}"), "5:22: `max` is 2, below `n` (3): so many can never be asked"),
    (rule(ask="{people: []}"), "5:19: `people` is an empty list; leave `people` out, or name one"),
    (rule() + "queues: {hold: 5}", "6:16: `hold` is a duration such as 30m, 2h or 1d, not `5`"),
    (rule() + "queues: {at_most: 3}", "6:19: `at_most` is 3, below `at_least` (20)"),
])
def test_each_mistake_names_its_place(text: str, mistake: str) -> None:
    found = refused(text)
    assert mistake in found


def test_two_rules_of_one_name_are_refused() -> None:
    text = rule() + "  - {name: a, when: true, stop: {}}\n"
    assert refused(text) == ["6:5: two rules are named `a`; the other is at line 3"]


def test_what_is_written_is_what_is_read() -> None:
    read = rules.parse("""
version: 1
rules:
  - {name: a, when: score >= .9, accept: {audit: 2.5%}}
  - {name: b, when: true, ask: {n: 2, max: 4, expertise: likeliest_two, people: [Ann@Example.org]}}
  - {name: c, when: answers > 2, stop: {}, forbid: [accept, ask]}
  - {name: d, when: skips > 2, escalate: {to: [lead@example.org]}}
queues: {hold: 90m, at_least: 5, at_most: 50, return_after: 1.5d}
""")
    assert [r.action for r in read.rules] == [
        Accept(audit=0.025), Ask(2, 4, "likeliest_two", Audience(people=("ann@example.org",))), Stop(),
        Escalate(Audience(people=("lead@example.org",)))]
    assert read.rules[2].forbid == {"accept", "ask"}
    assert read.queues == Queues(hold=5400, at_least=5, at_most=50, return_after=129600)
    assert read.audit_share == 0.025


def test_the_hash_follows_the_text() -> None:
    assert rules.parse(rule()).hash == rules.parse(rule(), "elsewhere.yaml").hash
    assert rules.parse(rule()).hash != rules.parse(rule() + "# a remark\n").hash


def test_the_default_rules_and_all_examples_are_taken() -> None:
    assert default().rules[0].name == "clear"
    files = sorted(EXAMPLES.glob("*.yaml"))
    assert len(files) >= 4
    for file in files:
        assert rules.load(file).rules


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"nowhere\.yaml: cannot be read: No such file"):
        rules.load(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"version: 1 # caf\xe9")
    with pytest.raises(RulesError, match="is not UTF-8"):
        rules.load(tmp_path / "latin.yaml")


def test_check_answers_no_with_exit_code_3_and_lists_all_as_json(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(TEN_MISTAKES)
    said = CliRunner().invoke(main, ["route", "check", str(file), "--json"])
    assert said.exit_code == 3
    assert [(m["line"], m["column"]) for m in json.loads(said.stdout)["mistakes"]][:2] == [(1, 10), (2, 1)]
    assert CliRunner().invoke(main, ["route", "check", str(file)]).stdout.count(f"{file}:") == 10
    good = CliRunner().invoke(main, ["route", "check", str(EXAMPLES / "sentiment.yaml")])
    assert (good.exit_code, "no mistakes" in good.stdout) == (0, True)
