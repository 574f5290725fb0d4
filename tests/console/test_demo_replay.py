"""The demo's annotators: who they are, what they ask for, and how their recorded answers are submitted."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from console.demo import people
from console.demo.people import Account, Person
from console.demo.ratings import Ratings
from console.demo.replay import Replay, shown
from cueloop.errors import DataError
from cueloop.label_config import parse, to_result
from cueloop.label_studio import LabelStudio
from cueloop.store.annotators import queue_name
from routing.showing.queues import next_task_body
from tests.conftest import SENTIMENT

CONTROL = parse(SENTIMENT).modelled[0]
RATINGS = Ratings(texts=("It soars.", "It drags.", "It lasts."),
                  ratings=tuple(np.array([r, 4.0]) for r in (2.0, -3.0, 0.0)), raters=np.array([[0, 1]] * 3))


@pytest.fixture
def admin(either_label_studio: Any) -> Iterator[LabelStudio]:
    """Acts as the admin, on the real Label Studio, then on the fake one."""
    with LabelStudio(either_label_studio.url, either_label_studio.admin_token) as client:
        yield client


@pytest.fixture
def project(either_label_studio: Any, project_factory: Callable[..., int]) -> int:
    """An empty project."""
    return project_factory(either_label_studio)


@pytest.fixture
def room(admin: LabelStudio, project: int, tmp_path: Path) -> Iterator[tuple[list[Account], list[Person]]]:
    """Two annotators with connections of their own."""
    accounts = people.ensure(tmp_path, admin, 2)
    with ExitStack() as stack:
        yield accounts, [Person(a.annotator, stack.enter_context(LabelStudio(admin.url, a.token)),
                                next_task_body(project, queue_name(a.id))) for a in accounts]


def queued(admin: LabelStudio, project: int, *queues: str) -> dict[int, int]:
    """Import the three sentences, each into one of these queues (may be none); index by task id."""
    ids = admin.import_tasks(project, [
        {"data": {"text": text, "cue_queue": f",{queue}," if queue else "", "cue_priority": 1 - at / 10}}
        for at, (text, queue) in enumerate(zip(RATINGS.texts, queues, strict=True))])
    return {task: at for at, task in enumerate(ids)}


def test_accounts_are_made_once_and_kept_from_others(admin: LabelStudio, tmp_path: Path) -> None:
    first = people.ensure(tmp_path, admin, 2)
    assert people.ensure(tmp_path, admin, 2) == first
    assert len({a.id for a in first}) == 2
    assert stat.S_IMODE((tmp_path / people.FILE).stat().st_mode) == 0o600
    # Given a Label Studio that does not know the first one's token any more
    people._write(tmp_path, [Account(0, first[0].id, "Ada", first[0].email, "x", "0" * 40), first[1]])
    # When they are wanted again / Then that one gets a new account and the other keeps theirs
    again = people.ensure(tmp_path, admin, 2)
    assert again[0].email != first[0].email
    assert again[1] == first[1]


def test_everybody_answers_as_themselves_what_was_recorded(
    admin: LabelStudio, project: int, room: tuple[list[Account], list[Person]],
) -> None:
    # Given a sentence in the first one's queue, one in the second's, and one in nobody's
    accounts, persons = room
    tasks = queued(admin, project, queue_name(accounts[0].id), queue_name(accounts[1].id), "")
    replay = Replay(project, CONTROL, RATINGS, tasks, budget=9, finished=lambda submitted: submitted == 2)
    # When the room works until there is nothing left
    log = replay.run(persons, seats=2)
    # Then each gave the answer of the person they stand for, to their own sentence only
    assert sorted((s.task, s.annotator, s.label) for s in log) == [(0, 0, "positive"), (1, 1, "positive")]
    made = {task["data"]["text"]: [(a["completed_by"], a["result"][0]["value"]["choices"]) for a in task["annotations"]]
            for task in admin.tasks(project, list(tasks))}
    assert made == {"It soars.": [(accounts[0].id, ["positive"])], "It drags.": [(accounts[1].id, ["positive"])],
                    "It lasts.": []}


@pytest.mark.parametrize(("suggested", "origin"), [("positive", "prediction"), ("negative", "prediction-changed")])
def test_an_answer_says_which_suggestion_it_started_from(
    admin: LabelStudio, project: int, room: tuple[list[Account], list[Person]], suggested: str, origin: str,
) -> None:
    accounts, persons = room
    tasks = queued(admin, project, queue_name(accounts[0].id), "", "")
    admin.import_predictions(project, [{"task": min(tasks), "result": to_result(CONTROL, suggested, 0.8),
                                        "score": 0.8, "model_version": "m1"}])
    admin.patch_project(project, model_version="m1")
    replay = Replay(project, CONTROL, RATINGS, tasks, budget=1, finished=lambda _: False)
    (served,) = replay.run(persons[:1], seats=1)
    (annotation,) = admin.tasks(project, [min(tasks)])[0]["annotations"]
    assert (served.suggestion, served.version) == (suggested, "m1")
    assert annotation["parent_prediction"]
    assert annotation["result"][0]["origin"] == origin
    assert annotation["lead_time"] > 0


def test_it_stops_at_the_budget(admin: LabelStudio, project: int, room: tuple[list[Account], list[Person]]) -> None:
    accounts, persons = room
    tasks = queued(admin, project, *[queue_name(accounts[0].id)] * 3)
    replay = Replay(project, CONTROL, RATINGS, tasks, budget=2, finished=lambda _: False)
    assert len(replay.run(persons, seats=2)) == 2


def test_a_task_of_somebody_else_is_no_sentence_of_the_demo(
    admin: LabelStudio, project: int, room: tuple[list[Account], list[Person]],
) -> None:
    accounts, persons = room
    queued(admin, project, queue_name(accounts[0].id), "", "")
    replay = Replay(project, CONTROL, RATINGS, {}, budget=2, finished=lambda _: False)
    with pytest.raises(DataError, match="not one of the demo's sentences"):
        replay.run(persons, seats=2)


def test_of_several_predictions_the_newest_is_on_screen() -> None:
    assert shown({"predictions": [{"id": 3}, {"id": 7}, {"id": 5}]}) == {"id": 7}
    assert shown({}) is None
