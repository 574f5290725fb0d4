"""A project in the store that was worked by the live router: rules in force, people asked, answers given."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import sqlalchemy as sa

from cueloop.store import Store, annotators, models, predictions, projects, schema
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from routing import context
from routing.language import rules
from routing.route import route
from sync import quality

LABELS = ("negative", "neutral", "positive")
CONFIG = """<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">
<Choice value="negative"/><Choice value="neutral"/><Choice value="positive"/></Choices></View>"""

IN_FORCE = """version: 1
rules:
  - {name: clear, when: score >= 0.95, accept: {audit: 5%}}
  - {name: sure, when: answers >= 2 and posterior >= 0.8, stop: {}}
  - {name: first-pass, when: answers < 2, ask: {n: 2}}
  - {name: torn, when: answers >= 2 and posterior < 0.8, ask: {n: 1, max: 4}}
costs: {currency: EUR, per_hour: 20}
"""

ONE_MORE = IN_FORCE.replace("answers >= 2", "answers >= 3").replace("answers < 2, ask: {n: 2}", "answers < 3, "
                                                                                               "ask: {n: 3}")


def people(store: Store, project_id: int, count: int) -> None:
    """A connected project with so many people, and rules in force."""
    with store.write() as conn:
        projects.put(conn, project_id, title="Reviews", label_config=CONFIG, mode="connected", connected_at=now())
        annotators.put(conn, [{"id": n, "email": f"p{n}@example.com"} for n in range(1, count + 1)])
        context.put_in_force(conn, project_id, rules.parse(IN_FORCE, "old.yaml"), "test")


def tasks(store: Store, project_id: int, count: int, seed: int = 0, *, model: bool = True) -> np.ndarray:
    """So many tasks, with a model's predictions of most of them; their true labels."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, count)
    score = rng.uniform(0.4, 0.99, count)
    name = f"project-{project_id}"
    with store.write() as conn:
        conn.execute(schema.tasks.insert(), [
            {"project_id": project_id, "id": 100 + n, "created_at": now(), "updated_at": now(),
             "data": {"text": str(n)}, "cue": {}, "overlap": 1, "is_labeled": False, "blind": False}
            for n in range(count)])
        if model:
            models.insert(conn, ModelVersion(name, "v1", project_id, "test", "nowhere", {}, {}, now()))
            models.set_alias(conn, name, "champion", "v1")
            keys = list(conn.scalars(sa.select(schema.tasks.c.key).order_by(schema.tasks.c.id)))
            predictions.write(conn, [_said(project_id, name, key, int(k), float(s), bool(rng.random() < s))
                                     for key, k, s in zip(keys, truth, score, strict=True)])
    return truth


def _said(project_id: int, name: str, key: int, truth: int, score: float, right: bool) -> Prediction:
    label = LABELS[truth if right else (truth + 1) % 3]
    chances = {other: score if other == label else (1 - score) / 2 for other in LABELS}
    return Prediction(project_id, key, "sentiment", name, "v1", label, score, chances, True, now())


def work(store: Store, project_id: int, truth: np.ndarray, seed: int = 0, rounds: int = 12) -> None:
    """Route, and let everybody who is asked answer, until nobody is; they are right in four cases of five."""
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        route(store, project_id)
        with store.write() as conn:
            asked = conn.execute(sa.select(schema.assignments.c.task, schema.assignments.c.annotator_id,
                                           schema.tasks.c.id).join(
                schema.tasks, schema.tasks.c.key == schema.assignments.c.task).where(
                schema.assignments.c.state == "open")).all()
            for row in asked:
                right = int(truth[row.id - 100])
                said = right if rng.random() < 0.8 else int(rng.integers(0, 3))
                answer(conn, project_id, row.task, row.annotator_id, LABELS[said], float(rng.uniform(5, 40)))
        if not asked:
            return
        quality.recompute(store, project_id, reports=False)


def answer(conn: sa.Connection, project_id: int, task: int, person: int, label: str, seconds: float) -> None:
    """What a pull writes of one submitted annotation."""
    moment = now() + timedelta(seconds=1)
    unique = f"{task}-{person}"
    result = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
    conn.execute(schema.annotations.insert().values(
        unique_id=unique, project_id=project_id, task=task, id=task * 100 + person, annotator_id=person, result=result,
        answer=result, answered_at=moment, was_cancelled=False, ground_truth=False, lead_time=seconds,
        created_at=moment, updated_at=moment, seen_suggestion=False))
    conn.execute(schema.answers.insert().values(
        task=task, control="sentiment", annotator_id=person, project_id=project_id, label=label, unique_id=unique,
        ground_truth=False, lead_time=seconds, answered_at=moment, seen_suggestion=False))
    projects.note_changes(conn, project_id, [task])
