"""What the demo has to show for itself, collected from the store when it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from statistics import mean
from typing import Any

import sqlalchemy as sa

from console import export
from console.demo import machine
from console.demo.measure import Share, accuracy, share, uniform
from console.demo.ratings import Ratings
from console.demo.replay import Served
from cueloop.store import Store
from cueloop.store import schema as s

NOTE = ("The answers are real people's, recorded in 2013; the fifteen annotators are stitched: each is a chain of "
        "real raters of like reliability, one per batch of 30 sentences. They answered without seeing a suggestion, "
        "and their lead times here are the machine's.")
SEEDS = 10
"""Random spreads of uniform overlap that the loop is compared with."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is needed to read the store with the demo's eyes: tasks by index, annotators by place."""

    ratings: Ratings
    tasks: Mapping[int, int]
    """Index of a sentence by key of the store's task."""
    annotators: Mapping[int, int]
    """Place of an annotator by Label Studio's user id."""


@dataclass(frozen=True, slots=True)
class Report:
    """The report. Every share comes with its exact 95 % interval; None is what could not be measured."""

    project: int
    tasks: int
    answers: int
    submitted: int
    answers_per_task: float
    decided: dict[str, int]
    accuracy: Share
    accuracy_people: Share
    accuracy_machine: Share
    uniform: dict[str, float]
    agreement: dict[str, Any] | None
    annotators: list[dict[str, Any]]
    models: list[dict[str, Any]]
    accepted: Share
    audited_error: Share
    suggestions: dict[str, Any]
    seconds: dict[str, float]
    note: str = NOTE

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--report` and `--json`; NaN becomes null."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Labels:
    """The dataset that came out, by index of the sentence."""

    people: dict[int, str]
    machine: dict[int, str]

    @property
    def all(self) -> dict[int, str]:
        """Every label, whoever decided it."""
        return self.people | self.machine


def collect(store: Store, project_id: int, control: str, ground: Ground, log: Sequence[Served],
            seconds: Mapping[str, float]) -> Report:
    """Everything, from the store as it is now and the replay's log."""
    labels = exported(store, project_id, control, ground)
    size = len(ground.ratings.texts)
    with store.read() as conn:
        asked = answered(conn, project_id, ground)
        used = sum(len(people) for people in asked.values())
        by_key = {key: labels.people[index] for key, index in ground.tasks.items() if index in labels.people}
        return Report(
            project=project_id, tasks=size, answers=used, submitted=len(log), answers_per_task=used / size,
            decided={"people": len(labels.people), "machine": len(labels.machine),
                     "nobody yet": size - len(labels.all)},
            accuracy=accuracy(ground.ratings, labels.all, asked, of=size),
            accuracy_people=accuracy(ground.ratings, labels.people, asked),
            accuracy_machine=accuracy(ground.ratings, labels.machine, asked),
            uniform=compared(ground.ratings, used), agreement=agreement(conn, project_id),
            annotators=annotators(conn, project_id, ground, asked),
            models=machine.versions(conn, project_id, control),
            accepted=share(len(labels.machine), size),
            audited_error=machine.audited_error(conn, project_id, by_key),
            suggestions=suggestions(log), seconds=dict(seconds))


def exported(store: Store, project_id: int, control: str, ground: Ground) -> Labels:
    """The labelled dataset as `cueloop export` gives it."""
    index = {ground.ratings.texts[at]: at for at in ground.tasks.values()}
    labels = Labels({}, {})
    for row in export.rows(store, project_id):
        said = row["labels"][control]
        if said is not None and row["data"]["text"] in index:
            by = labels.machine if said["decided_by"] == "machine" else labels.people
            by[index[row["data"]["text"]]] = said["label"]
    return labels


def answered(conn: sa.Connection, project_id: int, ground: Ground) -> dict[int, list[int]]:
    """Which annotators' answers each task's label rests on, by index and place."""
    found: dict[int, list[int]] = {}
    rows = conn.execute(sa.select(s.answers.c.task, s.answers.c.annotator_id)
                        .where(s.answers.c.project_id == project_id))
    for task, annotator in rows:
        if task in ground.tasks and annotator in ground.annotators:
            found.setdefault(ground.tasks[task], []).append(ground.annotators[annotator])
    return found


def annotators(conn: sa.Connection, project_id: int, ground: Ground, asked: Mapping[int, Sequence[int]],
               ) -> list[dict[str, Any]]:
    """Each annotator's accuracy as the loop estimates it, beside how often the raters not asked agree with them."""
    p, a = s.performance.c, s.annotators.c
    rows = conn.execute(sa.select(p.annotator_id, a.name, p.answers, p.accuracy, p.low, p.high)
                        .join(s.annotators, a.id == p.annotator_id)
                        .where(p.project_id == project_id, p.annotator_id.in_(list(ground.annotators)))
                        .order_by(p.accuracy.desc()))
    return [{**row._mapping, "judged": _judged(ground, asked, ground.annotators[row.annotator_id])} for row in rows]


def _judged(ground: Ground, asked: Mapping[int, Sequence[int]], place: int) -> Share:
    mine = [task for task, people in asked.items() if place in people]
    return accuracy(ground.ratings, {task: ground.ratings.label(task, place) for task in mine}, asked)


def agreement(conn: sa.Connection, project_id: int) -> dict[str, Any] | None:
    """Krippendorff's alpha with its interval."""
    g = s.agreement.c
    row = conn.execute(sa.select(g.metric, g.value, g.low, g.high, g.tasks, g.answers)
                       .where(g.project_id == project_id, g.metric == "alpha")).first()
    return dict(row._mapping) if row else None


def compared(ratings: Ratings, answers: int) -> dict[str, float]:
    """Accuracy of the same consensus with as many answers spread uniformly, over several random spreads."""
    found = [uniform(ratings, answers, seed) for seed in range(SEEDS)]
    return {"answers": answers, "seeds": SEEDS, "mean": mean(found), "lowest": min(found), "highest": max(found)}


def suggestions(log: Sequence[Served]) -> dict[str, Any]:
    """How many tasks were served with a suggestion, and how often the recorded answer agreed with it."""
    shown = [served for served in log if served.suggestion is not None]
    waits = sorted(served.asked_for for served in log) or [math.nan]
    return {"served": len(log), "with_suggestion": len(shown),
            "agreed": share(sum(served.suggestion == served.label for served in shown), len(shown)),
            "versions": sorted({served.version for served in shown if served.version}),
            "next_task_seconds": {"median": waits[len(waits) // 2], "p95": waits[int(0.95 * (len(waits) - 1))]}}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
