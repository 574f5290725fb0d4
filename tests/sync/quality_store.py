"""Fills a store with answers by hand: what pull would have written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cueloop.store import Store, projects, schema

START = datetime(2026, 1, 1, tzinfo=UTC)

TWO_CONTROLS = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
<Choices name="topic" toName="text"><Choice value="food"/><Choice value="film"/><Choice value="other"/></Choices>
<TextArea name="why" toName="text"/></View>"""
"""Two controls that are modelled, one that is not."""


def project(store: Store, project_id: int = 1, config: str = TWO_CONTROLS, tasks: int = 0) -> list[int]:
    """A project with so many tasks; returns their keys."""
    with store.write() as conn:
        conn.execute(schema.projects.insert().values(
            id=project_id, title="reviews", label_config=config, mode="connected", connected_at=START))
        return [task(conn, project_id, number) for number in range(1, tasks + 1)]


def task(conn: sa.Connection, project_id: int, number: int) -> int:
    """One task of the project, with Label Studio's id `number`; returns its key."""
    return int(conn.execute(schema.tasks.insert().values(
        project_id=project_id, id=number, created_at=START, updated_at=START,
        data={"text": f"text {number}", "source": "web"}, cue={"cue_queue": ",w1,", "cue_priority": 1}, blind=False,
    ).returning(schema.tasks.c.key)).scalar_one())


def answer(conn: sa.Connection, project_id: int, task_key: int, annotator: int, control: str, label: str, *,
           minute: int = 0, truth: bool = False, seconds: float | None = None, value: Any = None) -> None:
    """The answer that counts of one person; replaces an earlier one."""
    answers = schema.answers
    conn.execute(answers.delete().where(answers.c.task == task_key, answers.c.control == control,
                                        answers.c.annotator_id == annotator))
    conn.execute(answers.insert().values(
        task=task_key, control=control, annotator_id=annotator, project_id=project_id, label=label, value=value,
        unique_id=f"{task_key}-{annotator}", ground_truth=truth, lead_time=seconds,
        answered_at=START + timedelta(minutes=minute)))
    projects.note_changes(conn, project_id, [task_key])


def answers(store: Store, project_id: int, rows: Iterable[tuple[int, int, str]], control: str = "mood",
            value: Any = None) -> None:
    """Many answers (task key, annotator, label) to one control; `value` is that of each where it is structured."""
    with store.write() as conn:
        for task_key, annotator, label in rows:
            answer(conn, project_id, task_key, annotator, control, label, value=value)


def consensus(store: Store, project_id: int, control: str = "mood") -> dict[int, str]:
    """Label per task key as the store has it."""
    from cueloop.store import consensus as rows

    with store.read() as conn:
        return {key: row.label for key, row in rows.of_project(conn, project_id, control).items()}
