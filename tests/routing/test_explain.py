"""The story of a task: which rule, as it was then, who was not asked and why, who overrode it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from console.explanation import human
from cueloop.store.schema import predictions, tasks
from routing.explaining.explain import explain
from routing.explaining.rule_text import rule_text
from sync.pull import pull
from tests.routing.conftest import TeamFactory
from tests.routing.team import Team, choice
from tests.routing.test_deciding_loop import rules

FILE = """
version: 1
rules:
  - name: one                # the first
    when: answers < 1
    ask: {n: 1}
  # about the next one
  - {name: two, when: answers > 1,
     stop: {}}
queues: {at_least: 3}
"""


@pytest.fixture
def small(fake_label_studio: Any, team_at: TeamFactory) -> Team:
    """Three texts and four people."""
    return team_at(fake_label_studio, tasks=3, people=4)


def told(team: Team, task: int) -> dict[str, Any]:
    """The story, which can also be told to a human."""
    facts = explain(team.store, team.project, task)
    assert human(facts)
    return facts


def test_the_text_of_a_rule_is_as_its_author_wrote_it() -> None:
    assert rule_text(FILE, "one") == "name: one                # the first\nwhen: answers < 1\nask: {n: 1}"
    assert rule_text(FILE, "two") == "{name: two, when: answers > 1,\n stop: {}}"
    assert rule_text(FILE, "three") is None
    assert rule_text("- no rules", "one") is None
    assert rule_text("version: 9\nrules: [{name: future, does: {things: 1}}]", "future") == \
        "{name: future, does: {things: 1}}"


def test_it_says_who_is_not_asked_and_why(small: Team) -> None:
    first, second, third, _ = small.people
    task = small.ids[0]
    small.apply(rules(f"name: two, when: answers < 2, ask: {{n: 2, people: [{first.email}, {second.email}, "
                      f"{third.email}]}}"))
    first.answer(task, "neutral")
    third.skip(task)
    small.round()
    facts = told(small, task)
    assert [a["annotator"] for a in facts["asked"]] == [second.email]
    why = {one["annotator"]: one["why"] for one in facts["not_asked"]}
    assert why[first.email] == "has answered it"
    assert why[third.email] == "skipped it"
    assert why[small.people[3].email] == "only others are named"
    assert facts["waits_for"] == "1 more person: nobody is left who may be asked and has not worked on it"


def test_it_says_who_answered_outside_their_queue_and_who_changed_what_the_machine_said(small: Team) -> None:
    small.apply(rules("name: clear, when: score > 0.9, accept: {}", "name: one, when: answers < 1, ask: {n: 1}"))
    pull(small.store, small.admin, small.project)
    task, person = small.ids[0], small.people[1]
    small.predict({task: ("positive", 0.99)})
    small.round()
    small.round()
    (machine,) = small.admin.tasks(small.project, [task])[0]["annotations"]
    person.client.patch_annotation(machine["id"], result=choice("negative"))
    small.people[2].answer(task, "neutral")
    small.round()
    facts = told(small, task)
    said = [(one["what"], one["by"], one["says"]) for one in facts["overridden"]]
    assert ("edited_machine", person.email, "edited the machine's annotation") in said
    assert ("outside_queue", small.people[2].email, "answered it without being asked") in said
    assert ("other_label", small.people[2].email,
            "says neutral where the machine's positive was accepted") in said


def test_what_somebody_closes_by_hand_is_opened_again_and_told(small: Team) -> None:
    small.apply(rules("name: one, when: answers < 1, ask: {n: 1}", "name: done, when: answers >= 1, stop: {}"))
    small.round()
    asked, done = small.ids[:2]
    small.person(small.asked(done)[0]).answer(done, "neutral")
    small.round()
    small.admin.patch_task(asked, is_labeled=True)
    small.round()
    assert not small.shown(asked)["is_labeled"]
    facts = told(small, asked)
    assert [(one["what"], one["says"]) for one in facts["overridden"]] == [
        ("by_hand", "was asked and was closed in Label Studio itself")]
    assert told(small, done)["overridden"] == []
    small.round()
    assert len(told(small, asked)["overridden"]) == 1


def test_a_decision_shows_its_rule_as_it_was_when_another_file_is_in_force_now(small: Team) -> None:
    small.apply(rules("name: one, when: answers < 1, ask: {n: 1}"))
    small.round()
    small.apply(rules("name: one, when: answers < 2, ask: {n: 2}", 'name: vip, when: task.lang == "en", priority: 2'))
    small.round()
    facts = told(small, small.ids[0])
    texts = {(rule["text"], rule["in_force"]) for rule in facts["rules_then"]}
    assert texts == {("{name: one, when: answers < 1, ask: {n: 1}}", False),
                     ("{name: one, when: answers < 2, ask: {n: 2}}", True)}
    assert "as it was then" in human(facts)
    counts = {rule["rule"]: rule["counts_for"] for rule in facts["controls"][0]["rules"]}
    assert counts == {"one": ["ask"], "vip": ["priority"]}


def test_it_says_which_words_spoke_for_the_models_label_and_against_it(small: Team) -> None:
    said, plain, unseen = small.ids
    small.apply(rules("name: one, when: answers < 1, ask: {n: 1}"))
    small.round()
    small.predict({said: ("positive", 0.8), plain: ("negative", 0.7)})
    with small.store.write() as conn:
        task = conn.scalar(sa.select(tasks.c.key).where(tasks.c.id == said))
        conn.execute(predictions.update().where(predictions.c.task == task).values(
            explanation={"for": [["great", 2.1], ["fun", 0.4]], "against": [["late", -0.75]]}))
    # Then the story has them, and a terminal reads them
    [control] = told(small, said)["controls"]
    assert control["model"]["for"] == [["great", 2.1], ["fun", 0.4]]
    line = next(line for line in human(explain(small.store, small.project, said)).splitlines() if "Model" in line)
    assert line.startswith(f"  Model project-{small.project}@v1 says positive (0.80) rather than ne")
    assert line.endswith(" For it: great +2.10, fun +0.40. Against it: late -0.75.")
    # Where no words are known it says the label alone, and without a prediction nothing
    assert "says negative (0.70)\n" in human(explain(small.store, small.project, plain)) + "\n"
    assert told(small, plain)["controls"][0]["model"]["for"] is None
    assert told(small, unseen)["controls"][0]["model"] is None
