"""A day at work on a real Label Studio: ground truth among the tasks, and one task asked again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from cueloop import journal
from cueloop.store import consensus, copies, schema
from routing.checking import copies as made_copies
from routing.showing.wanted import queue_names
from tests.routing.conftest import TeamFactory
from tests.routing.team import choice

pytestmark = pytest.mark.label_studio

RULES = """
version: 1
rules: [{name: once, when: answers < 1, ask: {n: 1}}]
queues: {at_least: 10, hold: 1h, at_most: 10}
gold: {share: 25%}
recheck: {share: 10%, after: 1s}
"""


def test_gold_comes_among_the_work_once_each_and_an_old_answer_is_asked_again_unseen(
        label_studio: Any, team_at: TeamFactory) -> None:
    # Given one annotator, tasks that an expert marked as ground truth, one that an import brought marked,
    # and suggestions on everything
    team = team_at(label_studio, tasks=60, people=2)
    person, other = team.people
    team.only_these()       # pull learns of everybody whom other tests signed up here
    known = team.ids[-6:]
    for task in known:
        team.admin.annotate(task, choice("positive"), ground_truth=True)
    old = team.admin.import_tasks(team.project, [{"data": {"text": "from elsewhere"}, "annotations": [
        {"result": choice("negative"), "completed_by": other.id}]}])[0]
    team.apply(RULES)
    team.round()
    team.predict(dict.fromkeys(team.ids, ("neutral", 0.6)))
    team.admin.patch_project(team.project, model_version="v1")
    team.round()
    # When the annotator works through what their queue shows, and the loop looks after each answer
    served, suggested = [], {}
    for _ in range(20):
        task = person.next()
        assert task is not None
        served.append(task["id"])
        suggested[task["id"]] = bool(task["predictions"])
        assert not set(queue_names(task["data"]["cue_queue"])) - {person.queue}
        person.answer(task["id"], "neutral")
        team.round()
    # Then about a quarter of it was gold, no two in a row, none twice, none with a suggestion
    at = [place for place, number in enumerate(served) if number in known]
    assert 3 <= len(at) <= 6
    assert len({served[place] for place in at}) == len(at)
    assert all(after - before >= 2 for before, after in itertools.pairwise(at))
    assert not any(suggested[served[place]] for place in at)
    assert any(suggested.values())
    assert old not in [served[place] for place in at]
    # their answers closed the tasks again and changed no truth
    assert all(team.shown(served[place])["is_labeled"] for place in at)
    with team.store.read() as conn:
        truth = consensus.of_tasks(conn, [team.key(number) for number in known], "sentiment")
        again = copies.answered_on_copies(conn, team.project)
        asked = conn.execute(sa.select(schema.tasks.c.id, schema.tasks.c.key).where(
            schema.tasks.c.copy_of.is_not(None))).all()
        judged = consensus.of_tasks(conn, [row.key for row in asked], "sentiment")
    assert {row.label for row in truth.values()} == {"positive"}
    # and one or two old answers were asked again on a copy, of nobody else, seen by nothing else
    assert 1 <= len(asked) <= 3
    assert set(again) == {person.id}
    assert all(row.id in served and not suggested[row.id] for row in asked if team.shown(row.id)["is_labeled"])
    assert judged == {}
    assert other.next() is None or other.next()["id"] not in {row.id for row in asked}  # type: ignore[index]
    # When Cueloop is taken out again
    said = {entry.after["task"]: made_copies.undo(team.store, team.admin, entry)
            for entry in journal.standing(team.store, team.project, copies.KIND) if entry.after}
    # Then what was answered stays and says what it is, and nothing else is left of the copies
    for number, outcome in said.items():
        assert outcome == ("kept" if number in served else "deleted")
        assert (number in team.ids) == (number in served)
        if number in served:
            assert "asks task" in team.admin.tasks(team.project, [number])[0]["meta"]["cueloop"]
