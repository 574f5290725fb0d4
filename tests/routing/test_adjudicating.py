"""Who adjudicates decides, in the loop on Label Studio (the shipped fake): the decision is the label, and it stays."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cueloop.store import consensus, decisions, projects, routes, schema
from routing import step
from sync import quality, steps
from sync.pull import pull
from sync.sweep import sweep
from tests.routing.conftest import TeamFactory
from tests.routing.team import Person, Team, choice
from tests.routing.test_deciding_loop import rules

FIRST = "name: first, when: answers < 3, ask: {n: 3}"


class Court:
    """Four people who answer one task; the first three before anything is escalated, the fourth is the lead."""

    def __init__(self, team: Team, *lines: str) -> None:
        """`lines` are rules, with LEAD and OTHER for addresses."""
        self.team, self.task = team, team.ids[0]
        *self.crowd, self.other, self.lead = team.people
        self.loop = steps.Steps(team.store, team.admin, team.project, [quality.step, step.step])
        self.apply(*lines)
        self.turn()

    def apply(self, *lines: str) -> None:
        """Put these rules in force."""
        names = {"LEAD": self.lead.email, "OTHER": self.other.email,
                 "CROWD": ", ".join(person.email for person in self.crowd)}
        text = rules(*lines)
        for name, said in names.items():
            text = text.replace(name, said)
        self.team.apply(text)

    def turn(self, times: int = 2) -> None:
        """The loop looks at Label Studio; the second time at what its own steps found."""
        for _ in range(times):
            pull(self.team.store, self.team.admin, self.team.project)
            sweep(self.team.store, self.team.admin, self.team.project)
            assert set(self.loop.run().values()) == {"done"}

    def label(self) -> tuple[str, str]:
        """(label, method) of the task's consensus."""
        key = self.team.key(self.task)
        with self.team.store.read() as conn:
            found = consensus.of_tasks(conn, [key], "sentiment")[key]
        return found.label, found.method

    def state(self) -> str:
        """Where the task stands."""
        return self.team.route(self.task).state

    def dispute(self, label: str = "negative") -> None:
        """The crowd answers alike, and the task is escalated."""
        for person in self.crowd:
            person.answer(self.task, label)
        self.turn()
        assert self.state() == routes.ESCALATED

    def correct(self, person: Person, label: str) -> None:
        """Somebody corrects the first annotation."""
        (note, *_) = self.team.admin.tasks(self.team.project, [self.task])[0]["annotations"]
        person.client.patch_annotation(note["id"], result=choice(label))

    def stops(self) -> list[tuple[Any, Any]]:
        """(label, why) of the decisions to stop."""
        with self.team.store.read() as conn:
            return [(made.chosen, made.inputs["why"]) for _, made in decisions.of_task(conn, self.team.key(self.task))
                    if made.kind == "stop"]


UP = "name: up, when: answers >= 3 and posterior > 0, escalate: {to: [LEAD]}"


@pytest.fixture
def court(fake_label_studio: Any, team_at: TeamFactory) -> Any:
    """`court(rule, ...)`: one text, three people, another one and a lead."""
    return lambda *lines: Court(team_at(fake_label_studio, tasks=1, people=5), *lines)


def test_the_label_is_the_judges_not_the_crowds(court: Any) -> None:
    # given a task that three people answer alike, and that goes to the lead all the same
    us = court(UP, FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.dispute()
    assert us.label()[0] == "negative"
    # when the lead decides otherwise
    us.lead.answer(us.task, "positive")
    us.turn()
    # then that is the label, the task is done, and one decision says so with the label that was decided
    assert us.label() == ("positive", "adjudication")
    assert us.state() == routes.DONE
    assert us.stops() == [("positive", f"{us.lead.email} decided it")]
    # when they think better of it, it follows
    (mine,) = [n for n in us.team.admin.tasks(us.team.project, [us.task])[0]["annotations"]
               if n["completed_by"] == us.lead.id]
    us.lead.client.patch_annotation(mine["id"], result=choice("neutral"))
    us.turn()
    assert us.label() == ("neutral", "adjudication")
    # when they take it back, they are asked again
    us.team.admin.delete_annotation(mine["id"])
    us.turn()
    assert us.label()[1] == "hierarchical"
    assert us.state() == routes.ESCALATED
    assert us.team.asked(us.task) == [us.lead.id]


def test_a_judges_correction_of_somebodys_annotation_decides(court: Any) -> None:
    us = court(UP, FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.dispute()
    us.correct(us.lead, "positive")
    us.turn()
    assert us.label() == ("positive", "adjudication")
    assert us.state() == routes.DONE


def test_a_decided_task_stays_closed_whatever_other_rules_say_of_it(court: Any) -> None:
    # given rules that escalate while the crowd is unsure, and else ask as long as people do not agree
    us = court("name: up, when: answers >= 3 and posterior < 0.999, escalate: {to: [LEAD]}",
               "name: more, when: answers >= 3 and agreement < 1, ask: {n: 1}",
               FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.dispute()
    # when the lead decides, the condition that escalated it no longer holds, and people still do not agree
    us.lead.answer(us.task, "positive")
    us.turn(3)
    # then nobody is asked
    assert us.label() == ("positive", "adjudication")
    assert us.state() == routes.DONE
    assert us.team.asked(us.task) == []
    assert us.team.route(us.task).plan["why"] == f"{us.lead.email} decided it"


def test_what_is_opened_again_keeps_its_label_until_somebody_else_decides(court: Any) -> None:
    us = court(UP, FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.dispute()
    us.lead.answer(us.task, "positive")
    us.turn()
    # when a rule opens it again, the answers that come do not outvote the decision
    us.apply('name: again, when: state == "done" and answers < 5, reopen: {n: 1, people: [OTHER]}',
             FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.turn()
    assert us.team.asked(us.task) == [us.other.id]
    us.other.answer(us.task, "negative")
    us.turn()
    assert us.state() == routes.DONE
    assert us.label() == ("positive", "adjudication")
    # when another rule has the other one decide, who answered already, theirs is the newest decision
    us.apply("name: higher, when: answers >= 5, escalate: {to: [OTHER]}")
    us.turn()
    assert us.label() == ("negative", "adjudication")
    assert us.state() == routes.DONE


def test_who_decides_because_nobody_was_found_in_time_decides(court: Any) -> None:
    us = court("name: native, when: answers < 5, ask: {n: 1, language: xh, if_nobody: {after: 1s, escalate: [LEAD]}}")
    for person in us.crowd:
        person.answer(us.task, "negative")
    us.turn()
    with us.team.store.write() as conn:         # a second has passed
        route = conn.execute(sa.select(schema.routes)).one()
        conn.execute(schema.routes.update().values(plan={**route.plan, "since": "2026-01-01T00:00:00+00:00"}))
    us.lead.answer(us.task, "positive")
    us.turn()
    assert us.label() == ("positive", "adjudication")
    assert us.state() == routes.DONE


def test_the_export_says_that_it_was_adjudicated(court: Any) -> None:
    from console import export

    us = court(UP, FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.dispute()
    us.lead.answer(us.task, "positive")
    us.turn()
    (found,) = export.rows(us.team.store, us.team.project)
    assert (found["labels"]["sentiment"]["label"], found["labels"]["sentiment"]["decided_by"]) == (
        "positive", "adjudication")


def test_a_decision_is_written_once(court: Any) -> None:
    us = court(UP, FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.dispute()
    us.lead.answer(us.task, "positive")
    us.turn()
    read = sa.select(schema.adjudications)
    with us.team.store.read() as conn:
        before = conn.execute(read).all()
    assert [(row.annotator_id, row.control, row.rule) for row in before] == [(us.lead.id, "sentiment", "up")]
    us.turn(3)
    with us.team.store.read() as conn:
        assert conn.execute(read).all() == before
        assert not projects.pending_changes(conn, us.team.project)


def test_of_several_who_had_answered_nobody_decides_and_one_decides_at_once(court: Any) -> None:
    # given a crowd of which all could decide, who have answered before anything was escalated
    us = court(FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    for person, label in zip(us.crowd, ("negative", "negative", "positive"), strict=True):
        person.answer(us.task, label)
    us.turn()
    us.apply(UP.replace("LEAD", "CROWD"))
    us.turn()
    assert (us.label(), us.state()) == (("negative", "hierarchical"), routes.DONE)
    # when it is escalated to the one who stands alone
    us.apply(UP.replace("LEAD", us.crowd[2].email))
    us.turn()
    assert (us.label(), us.state()) == (("positive", "adjudication"), routes.DONE)


def test_a_later_answer_of_another_who_might_have_decided_changes_nothing(court: Any) -> None:
    us = court(UP.replace("LEAD", "LEAD, OTHER"), FIRST.replace("{n: 3}", "{n: 3, people: [CROWD]}"))
    us.dispute()
    (asked,) = us.team.asked(us.task)
    us.team.person(asked).answer(us.task, "positive")
    us.turn()
    other = us.lead if asked == us.other.id else us.other
    other.answer(us.task, "neutral")
    us.turn()
    assert (us.label(), us.state()) == (("positive", "adjudication"), routes.DONE)
