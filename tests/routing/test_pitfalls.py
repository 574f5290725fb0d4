"""`route check` tells what will not work as it reads, with its place and what will happen, and nothing that is fine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.cli import main
from routing.language import rules
from routing.language.default_rules import DEFAULT_RULES
from routing.language.pitfalls import pitfalls

ROOT = Path(__file__).parents[2]


def warned(*lines: str, rest: str = "") -> list[str]:
    """The warnings of a file with these rules, the first at line 3, as `line:col: message`."""
    text = "version: 1\nrules:\n" + "".join(f"  - {{name: {line}}}\n" for line in lines) + rest
    return [f"{w.line}:{w.column}: {w.message}" for w in pitfalls(rules.parse(text))]


@pytest.mark.parametrize(("lines", "warning"), [
    (["a, when: score > 0.9 and score < 0.5, stop: {}"],
     "3:21: rule a can never hold: no values make `score > 0.9 and score < 0.5` true; it does nothing"),
    (["a, when: answers < 2, ask: {n: 2}", "b, when: answers < 1, ask: {n: 1}"],
     "4:39: `ask` of rule b never counts: wherever it holds, rule a (line 3) does too and stands first; put the "
     "narrower rule first"),
    (["a, when: true, ask: {n: 2}", "b, when: posterior < 0.5, ask: {n: 1}"],
     "4:43: `ask` of rule b never counts: wherever it holds, rule a (line 3) does too and stands first; put the "
     "narrower rule first"),
    (["a, when: answers < 2, ask: {n: 2}", "b, when: answers <= 1, ask: {n: 3}"],
     "4:40: rule b contradicts rule a (line 3): both hold for the same tasks and say different things with `ask`; the "
     "first one counts, this one never does"),
    (["a, when: answers < 2, ask: {n: 2}", "b, when: 2 > answers, ask: {n: 2}"],
     "4:39: rule b says the same as rule a (line 3); remove one"),
    (["a, when: answers >= 4, stop: {}", "b, when: answers >= 5, ask: {n: 1}"],
     "4:40: `ask` of rule b never takes effect: wherever it holds, rule a (line 3) does too, and stop goes before ask"),
    (["a, when: score > 0.5, accept: {}", "b, when: known(score), forbid: accept"],
     "3:42: `accept` of rule a never takes effect: it is forbidden by rule b (line 4) wherever it holds"),
    (["a, when: true, forbid: [accept, stop]", "b, when: score > 0.5, accept: {}"],
     "4:42: `accept` of rule b never takes effect: it is forbidden by rule a (line 3) wherever it holds"),
    (["a, when: score > 0.5, ask: {}, forbid: ask"],
     "3:39: `ask` of rule a never takes effect: it is forbidden by the rule itself wherever it holds"),
    (["a, when: posterior < 0.5, ask: {until: posterior < 0.9}"],
     "3:43: rule a asks nobody: `until` is true wherever it holds"),
    (["a, when: posterior < 0.5, ask: {until: posterior > 1}"],
     "3:43: `until` of rule a is never true: nothing ends it, for it has no `max`"),
    (["a, when: posterior < 0.5, ask: {until: posterior > 1, max: 4}"],
     "3:43: `until` of rule a is never true: `max: 4` alone ends it"),
    (["a, when: answers < 2, ask: {n: 2, max: 5}"],
     "3:39: `max: 5` of rule a is never reached: it holds up to 1 answers and asks for 2 more"),
    (["a, when: answers >= 5, ask: {n: 1, max: 5}"],
     "3:40: rule a asks nobody: it holds from 5 answers on, and `max` is 5"),
    (["a, when: state == 'done' and answers > 4, reopen: {max: 3}"],
     "3:62: rule a asks nobody: it holds from 5 answers on, and `max` is 3"),
    (["a, when: true, escalate: {to: a@b.c, never: A@b.c}"],
     "3:37: rule a names nobody: `never` takes away all of its `people`"),
    (["a, when: answers < 2, ask: {n: 2, people: [a@b.c, d@e.f], never: d@e.f}"],
     "3:39: rule a wants 2 people and names 1: its tasks will wait for ever"),
    (["a, when: true, stop: {}, deadline: 2h"], "3:47: `deadline` of rule a has no effect: the rule asks nobody"),
    (["a, when: true, priority: 1, keep_together: task.x"],
     "3:55: `keep_together` of rule a has no effect: the rule asks nobody"),
    (["a, when: score > 0.9, accept: {audit: 100%}"],
     "3:42: rule a accepts nothing: with `audit: 100%` people see every task"),
    (["a, pause: {when: gold_accuracy < 0.5}"],
     "3:22: rule a looks at checks that this file never makes: say `gold: {share: 5%}`"),
    (["a, pause: {when: consistency < 0.5}"],
     "3:22: rule a looks at checks that this file never makes: say `recheck: {share: 5%}`"),
    (["a, pause: {when: accuracy < 0.5, training: 3}"],
     "3:22: `training` of rule a needs ground truth among the work: say `gold: {share: 5%}`"),
    (["a, pause: {when: accuracy > 2}"], "3:22: rule a pauses nobody: `accuracy > 2` is never true"),
    (["a, when: answers > 2, pause: {when: drifting}"],
     "3:21: `when` of rule a has no effect: it is about tasks, and whom to pause is said by `pause.when`"),
    (["a, pause: {when: answers >= 0}"], "3:22: rule a pauses everybody: `answers >= 0` is always true"),
    (["a, when: score < 0.5, accept: {audit: 5%}"],
     "3:42: rule a accepts only what the model is more likely to have wrong than right; is `<` meant to be `>`?"),
    (["a, when: state == 'new', reopen: {}"],
     "3:45: `reopen` of rule a never takes effect: it concerns tasks that are done or accepted, and the rule holds "
     "only for others"),
    (["a, when: disagreement > 0 and answers < 2, ask: {}"],
     "3:21: rule a can never hold: no values make `disagreement > 0 and answers < 2` true; it does nothing"),
    (["""a, when: 'posterior("x") > 0.9 and posterior("y") > 0.2', ask: {}"""],
     """3:21: rule a can never hold: no values make `posterior("x") > 0.9 and posterior("y") > 0.2` true; it does """
     "nothing"),
    (["""a, when: 'score != score or sample("x", 0%)', ask: {}"""],
     "3:21: rule a can never hold: no values make `score != score or sample(\"x\", 0%)` true; it does nothing"),
    (["a, limit: {seen: score < 0, per_person_day: 3}"],
     "3:22: the limit of rule a counts no task: `score < 0` is never true"),
])
def test_what_will_not_work_is_told_with_its_place(lines: list[str], warning: str) -> None:
    assert warned(*lines) == [warning]


@pytest.mark.parametrize("lines", [
    ["a, when: answers < 1, ask: {n: 1}", "b, when: answers < 2, ask: {n: 2}"],             # the narrower one first
    ["a, when: score > 0.5, accept: {}", "b, when: score > 0.9, forbid: accept"],
    ["a, when: answers >= 4, stop: {}", "b, when: answers >= 5, ask: {n: 1}", "c, when: task.x, forbid: stop"],
    ["a, when: answers < 2, ask: {n: 2}, control: one", "b, when: answers < 1, ask: {n: 1}"],   # another control's
    ["a, when: true, ask: {n: 2, people: [a@b.c, task.owner]}"],                             # who knows whom it names
    ["a, when: true, ask: {n: 2, people: a@b.c, if_nobody: {after: 2h, widen: all}}"],
    ["a, when: score > 0.5, ask: {}", "b, when: answers > 2, ask: {}"],                      # score may be unknown
    ["a, when: posterior < 0.5, ask: {until: posterior > 0.9, max: 9}"],
    ["a, when: disagreement > 0 and answers < 3, ask: {}"],
    ["a, pause: {when: 'upper(accuracy, 95%) < 0.7 and answers > 3'}"],
    ["a, when: state == 'done' or answers > 3, reopen: {}"],
    ["""a, when: 'posterior("x") > 0.4 and posterior("y") > 0.4', ask: {}"""],
    ["a, when: answers >= 3, review: {team: leads}", "b, when: answers >= 4, ask: {}"]])
def test_what_works_is_left_alone(lines: list[str]) -> None:
    assert warned(*lines) == []


def test_checks_that_the_file_makes_are_looked_at() -> None:
    pause = "a, pause: {when: gold_accuracy < 0.5 and consistency < 0.5, training: 3}"
    assert warned(pause, rest="gold: {share: 5%}\nrecheck: {share: 2%}\n") == []
    assert warned(pause, "b, gold: {share: 5%}, recheck: {share: 2%}") == []


def test_the_default_rules_and_all_examples_have_no_pitfall() -> None:
    files = [*(ROOT / "examples" / "rules").glob("*.yaml"), *(ROOT / "console" / "demo").glob("*rules*.yaml")]
    assert len(files) > 6
    assert pitfalls(rules.parse(DEFAULT_RULES)) == ()
    for file in files:
        assert pitfalls(rules.load(file)) == (), file


def test_check_lists_warnings_beside_mistakes_and_still_says_yes(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("version: 1\nrules:\n  - {name: a, when: score > 1, stop: {}}\n")
    said = CliRunner().invoke(main, ["route", "check", str(file)])
    assert said.exit_code == 0
    assert f"{file}:3:21: warning: rule a can never hold" in said.stdout
    facts = json.loads(CliRunner().invoke(main, ["route", "check", str(file), "--json"]).stdout)
    assert (facts["ok"], facts["mistakes"]) == (True, [])
    assert [(w["line"], w["column"]) for w in facts["warnings"]] == [(3, 21)]
