"""A project in the store with a champion and blind audits, written as pull, quality and the ML backend would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa

from cueloop.store import Store, annotators, models, predictions, projects, schema
from cueloop.store import consensus as consensus_rows
from cueloop.store.columns import now
from cueloop.store.consensus import Consensus
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from routing import context
from routing.language import rules

CONFIG = """<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">
<Choice value="ok"/><Choice value="spam"/></Choices></View>"""

RULES = """
version: 1
rules:
  - name: clear
    when: predicted == "ok" and score >= found("ok", error=5%)
    accept: {audit: 30%}
  - {name: first, when: answers < 1, ask: {n: 1}}
costs: {currency: EUR, per_hour: 20}
"""
COLUMN = "found(ok,0.05,0.95)"
START = datetime.fromisoformat("2026-03-01T08:00:00+00:00")
MODEL = "project-1"


def project(store: Store, tasks: int = 1_000, text: str = RULES) -> list[int]:
    """A connected project with rules in force; keys of its tasks."""
    with store.write() as conn:
        projects.put(conn, 1, title="Mails", label_config=CONFIG, mode="connected", connected_at=START)
        annotators.put(conn, [{"id": 1, "email": "ann@example.com"}, {"id": 2, "email": "bo@example.com"}])
        conn.execute(schema.tasks.insert(), [
            {"project_id": 1, "id": n, "created_at": START, "updated_at": START, "data": {"text": str(n)}, "cue": {},
             "overlap": 1, "is_labeled": False, "blind": False} for n in range(1, tasks + 1)])
        context.put_in_force(conn, 1, rules.parse(text), "test")
        return list(conn.scalars(sa.select(schema.tasks.c.key).order_by(schema.tasks.c.key)))


def promote(store: Store, keys: list[int], version: str = "v1", *, score: Callable[[int], float] = lambda n: 0.9,
            label: str = "ok", trained: frozenset[int] = frozenset(), at: datetime = START) -> None:
    """A champion that predicts all tasks."""
    with store.write() as conn:
        models.insert(conn, ModelVersion(MODEL, version, 1, "test", "nowhere", {}, {}, at))
        models.set_alias(conn, MODEL, "champion", version)
        predictions.write(conn, [Prediction(
            1, key, "topic", MODEL, version, label, score(n), {label: score(n)}, key not in trained, at)
            for n, key in enumerate(keys)])


def audit(store: Store, keys: list[int], *, label: str | Callable[[int], str] = "ok", at: datetime | None = None,
          suggested: bool | None = False, wrong: float = 0.0, method: str = "hierarchical",
          people: dict[str, float] | None = None, person: int = 1) -> None:
    """Somebody answers these tasks, one a second, without a suggestion on screen unless it is said."""
    begun = at or START + timedelta(hours=1)
    with store.write() as conn:
        for n, key in enumerate(keys):
            said = label if isinstance(label, str) else label(n)
            conn.execute(schema.answers.insert().values(
                task=key, control="topic", annotator_id=person, project_id=1, label=said, unique_id=f"{person}-{key}",
                ground_truth=False, review=False, seen_suggestion=suggested, lead_time=9.0,
                answered_at=begun + timedelta(seconds=n)))
            consensus_rows.write(conn, 1, [Consensus(
                key, "topic", said, 1 - wrong, {said: 1 - wrong}, 1, method, people=people, effective=1.0,
                wrong=wrong)])


def spread(low: float, high: float, count: int) -> Callable[[int], float]:
    """Scores from `low` to `high`, over and over."""
    values = np.linspace(low, high, count)
    return lambda n: float(values[n % count])


def later(minutes: float) -> datetime:
    """A moment from now."""
    return now() + timedelta(minutes=minutes)
