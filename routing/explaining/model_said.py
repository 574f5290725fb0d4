"""What the model in service said about a task, and which words made it say so."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cueloop.store import predictions
from routing.context import Context


def model_said(conn: sa.Connection, given: Context, key: int) -> dict[str, dict[str, Any]]:
    """{control: what the model in service said of the task}; a control without a prediction is left out.

    `for` and `against` are [word, weight], in nats for the label rather than `next`; None where they are unknown:
    of a task that it was trained on, and of kinds of models that tell scores only.
    """
    if given.champion is None:
        return {}
    model, version = given.champion.model, given.champion.version
    return {said.control: _facts(said) for said in predictions.of_tasks(conn, model, version, [key]).get(key, [])}


def _facts(said: predictions.Prediction) -> dict[str, Any]:
    others = {label: chance for label, chance in said.probabilities.items() if label != said.label}
    words = said.explanation or {}
    return {"version": f"{said.model}@{said.version}", "label": said.label, "score": said.score,
            "next": max(others, key=others.__getitem__, default=None),
            "for": words.get("for"), "against": words.get("against")}
