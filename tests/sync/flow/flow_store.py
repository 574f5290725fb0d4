"""Fills a store by hand with what flow and cost are computed from. Moments are minutes after START."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cueloop.store import Store, schema

START = datetime(2026, 3, 2, tzinfo=UTC)    # a Monday
DAY = 24 * 60
CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices></View>"""


def at(minute: float) -> datetime:
    """So many minutes after START."""
    return START + timedelta(minutes=minute)


def stamp(minute: float) -> float:
    """The same in POSIX seconds."""
    return at(minute).timestamp()


class World:
    """A project in a store, with words for what happens in it."""

    def __init__(self, store: Store, people: dict[int, str] | None = None, costs: dict[str, Any] | None = None):
        self.store, self.numbers = store, iter(range(1, 10_000))
        with store.write() as conn:
            conn.execute(schema.projects.insert().values(
                id=1, title="reviews", label_config=CONFIG, mode="connected", connected_at=START,
                declared={"costs": costs} if costs else None))
            for who, email in (people or {1: "ann@x.org", 2: "bob@x.org"}).items():
                self.annotator(conn, who, email, "person")
            self.annotator(conn, 99, "machine@x.org", "machine")

    def annotator(self, conn: sa.Connection, who: int, email: str, kind: str) -> None:
        conn.execute(schema.annotators.insert().values(id=who, email=email, name=email.split("@", maxsplit=1)[0],
                                                       queue=f"w{who}", kind=kind))

    def add(self, table: sa.Table, **values: Any) -> Any:
        with self.store.write() as conn:
            return conn.execute(table.insert().values(**values)).inserted_primary_key

    def task(self, minute: float = 0, **values: Any) -> int:
        return int(self.add(schema.tasks, **{
            "project_id": 1, "id": 100 + next(self.numbers), "created_at": at(minute), "updated_at": at(minute),
            "data": {}, "cue": {}, "blind": False, **values})[0])

    def says(self, task: int, who: int, minute: float, lead: float | None = 10.0, *, label: str = "good",
             **values: Any) -> str:
        """Somebody submits an annotation, and it is pulled."""
        unique_id = f"u{next(self.numbers)}"
        cancelled = values.get("was_cancelled", False)
        self.add(schema.annotations, **{
            "unique_id": unique_id, "project_id": 1, "task": task, "id": next(self.numbers), "annotator_id": who,
            "result": [], "answer": [], "answered_at": at(minute), "was_cancelled": cancelled, "ground_truth": False,
            "lead_time": lead, "created_at": at(minute), "updated_at": at(minute), **values})
        self.version(unique_id, minute, cancelled)
        if not cancelled:
            with self.store.write() as conn:
                conn.execute(schema.answers.insert().values(
                    task=task, control="mood", annotator_id=who, project_id=1, label=label, unique_id=unique_id,
                    ground_truth=False, lead_time=lead, answered_at=at(minute)))
        return unique_id

    def version(self, unique_id: str, minute: float, cancelled: bool = False) -> None:
        self.add(schema.annotation_versions, unique_id=unique_id, result=[], was_cancelled=cancelled,
                 ground_truth=False, updated_at=at(minute), seen_at=at(minute))

    def decides(self, task: int, kind: str, minute: float, **inputs: Any) -> int:
        return int(self.add(schema.decisions, project_id=1, task=task, control="mood", kind=kind, rule="r",
                            rules_hash="h", inputs=inputs, candidates=[], chosen=[], probability=1.0,
                            created_at=at(minute))[0])

    def route(self, task: int, state: str, *, need: int = 0, priority: float = 0.5, audit: bool = False,
              plan: dict[str, Any] | None = None) -> None:
        self.add(schema.routes, task=task, project_id=1, state=state, wanted={}, dirty=False, audit=audit,
                 plan=plan or {}, need=need, priority=priority, updated_at=START)

    def asks(self, task: int, who: int, minute: float) -> None:
        decision = self.decides(task, "ask", minute, target=2)
        self.add(schema.assignments, project_id=1, task=task, annotator_id=who, decision=decision, state="open",
                 created_at=at(minute))

    def consensus(self, task: int, probability: float, label: str = "good") -> None:
        self.add(schema.consensus, task=task, control="mood", project_id=1, label=label, probability=probability,
                 probabilities={}, answers=2, method="m", updated_at=START)

    def confusion(self, accuracy: float) -> None:
        matrix = [[accuracy, 1 - accuracy], [1 - accuracy, accuracy]]
        self.add(schema.fits, project_id=1, control="mood", labels=["good", "bad"], prior=[0.5, 0.5], pooled=matrix,
                 answers=8, stale=0, warnings=[], updated_at=START)

    def performance(self, who: int, seconds: float, accuracy: float = 0.8) -> None:
        self.add(schema.performance, project_id=1, control="mood", annotator_id=who, answers=10, skips=0,
                 accuracy=accuracy, low=accuracy - 0.1, high=accuracy + 0.1, labels=[], confusion=[], counts=[],
                 median_lead_time=seconds, updated_at=START)

    def job(self, kind: str, minutes: float) -> None:
        self.add(schema.jobs, kind=kind, project_id=1, function="f", args=[], timeout=60, state="done", again=False,
                 attempts=1, queued_at=START, started_at=START, ended_at=at(minutes))
