"""Projects in the store alone: people, tasks, and work that was done, without a Label Studio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cueloop.store import Store, annotators, decisions, projects, routes, schema
from cueloop.store.assignments import Assignment
from cueloop.store.columns import now
from cueloop.store.routes import Route
from routing import context
from routing.language import rules
from routing.people import team_file, teams
from routing.route import route

CONFIG = """<View><Text name="text" value="$text"/><Choices name="topic" toName="text">
{}</Choices></View>"""


class Shop:
    """A project with people p0, p1 ... whose tasks have the given fields."""

    def __init__(self, store: Store, people: int = 3, tasks: Sequence[Mapping[str, Any]] | int = 30,
                 labels: Sequence[str] = ("negative", "neutral", "positive"), project: int = 1) -> None:
        """Everybody has the address pN@example.org."""
        self.store, self.project, self.moment = store, project, now()
        self.labels = tuple(labels)
        data = [{"text": str(n)} for n in range(tasks)] if isinstance(tasks, int) else list(tasks)
        with store.write() as conn:
            config = CONFIG.format("".join(f'<Choice value="{label}"/>' for label in labels))
            projects.put(conn, project, title="Shop", label_config=config, mode="connected",
                         connected_at=self.moment - timedelta(days=30))
            annotators.put(conn, [{"id": n, "email": f"p{n}@example.org"} for n in range(1, people + 1)])
            conn.execute(schema.tasks.insert(), [
                {"project_id": project, "id": project * 10**6 + n, "created_at": self.moment,
                 "updated_at": self.moment, "data": dict(fields), "cue": {}, "overlap": 1, "is_labeled": False,
                 "blind": False} for n, fields in enumerate(data)])
            self.keys = list(conn.scalars(sa.select(schema.tasks.c.key).where(
                schema.tasks.c.project_id == project).order_by(schema.tasks.c.key)))

    def apply(self, text: str) -> None:
        """Put rules in force; the file's version may be left out."""
        with self.store.write() as conn:
            context.put_in_force(conn, self.project, rules.parse(f"version: 1\n{text}"), "test")

    def hire(self, text: str) -> None:
        """Put people of a team file in force."""
        with self.store.write() as conn:
            teams.put_in_force(conn, replace(team_file.parse(f"version: 1\n{text}"), file="team.yaml"), "test")

    def route(self, keys: Sequence[int] | None = None, at: datetime | None = None) -> int:
        """One run of the router."""
        return route(self.store, self.project, keys, now=at or self.moment)

    def open(self, person: int | None = None) -> list[Assignment]:
        """Who is asked what, or what one person is asked."""
        from cueloop.store import assignments

        with self.store.read() as conn:
            return [a for a in assignments.open_of(conn, self.project) if person in (None, a.annotator_id)]

    def asked(self, task: int) -> set[int]:
        """Who is asked about a task (key)."""
        return {a.annotator_id for a in self.open() if a.task == task}

    def queue(self, person: int) -> set[int]:
        """Places, in the order of the tasks, of what somebody is asked."""
        return {self.keys.index(a.task) for a in self.open(person)}

    def found(self, task: int) -> Route:
        """Where a task (key) stands."""
        with self.store.read() as conn:
            return routes.of_tasks(conn, [task])[task]

    def why(self, task: int) -> list[str]:
        """The reasons of all decisions about a task (key)."""
        with self.store.read() as conn:
            return [made.inputs["why"] for _, made in decisions.of_task(conn, task)]

    def notices(self) -> list[tuple[str, str]]:
        """(subject, text) of what people are to be told."""
        with self.store.read() as conn:
            return [(row.subject, row.text) for row in conn.execute(sa.select(schema.notices))]

    def done(self, person: int, tasks: Sequence[int], label: str | None = None, *, seconds: float = 10.0,
             at: datetime | None = None) -> None:
        """Somebody did these tasks (keys): answered with a label, or skipped them."""
        moment = at or self.moment
        with self.store.write() as conn:
            for task in tasks:
                unique = f"{task}:{person}"
                conn.execute(schema.annotations.insert().values(
                    unique_id=unique, project_id=self.project, task=task, id=task * 100 + person, annotator_id=person,
                    result=[], was_cancelled=label is None, ground_truth=False, lead_time=seconds, created_at=moment,
                    updated_at=moment))
                if label is not None:
                    conn.execute(schema.answers.insert().values(
                        project_id=self.project, task=task, control="topic", annotator_id=person, label=label,
                        unique_id=unique, ground_truth=False, answered_at=moment))

    def knows(self, person: int, confusion: Sequence[Sequence[float]], answers: float = 200.0,
              seconds: float = 10.0) -> None:
        """What is known of somebody, as a full run of the quality would have it."""
        size = len(self.labels)
        with self.store.write() as conn:
            conn.execute(schema.performance.insert().values(
                project_id=self.project, control="topic", annotator_id=person, answers=int(answers), skips=0,
                accuracy=sum(confusion[k][k] for k in range(size)) / size, low=0.0, high=1.0, labels=list(self.labels),
                confusion=[list(row) for row in confusion],
                counts=[[answers / size * value for value in row] for row in confusion],
                median_lead_time=seconds, updated_at=self.moment))
            if conn.scalar(sa.select(sa.func.count()).select_from(schema.fits)) == 0:
                conn.execute(schema.fits.insert().values(
                    project_id=self.project, control="topic", labels=list(self.labels), prior=[1 / size] * size,
                    pooled=[list(row) for row in confusion], answers=100, stale=0, warnings=[], kind="choice",
                    updated_at=self.moment))

    def believed(self, task: int, probabilities: Mapping[str, float], answers: int = 2) -> None:
        """What the consensus says of a task (key)."""
        label = max(probabilities, key=lambda one: probabilities[one])
        with self.store.write() as conn:
            conn.execute(schema.consensus.insert().values(
                task=task, control="topic", project_id=self.project, label=label, probability=probabilities[label],
                probabilities=dict(probabilities), answers=answers, method="test", updated_at=self.moment))
