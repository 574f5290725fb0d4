"""Controls and simulated annotators for the tests of regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cueloop.types import Control
from sync.observations import Observations, observe

SPANS = Control("entity", "text", "Labels", ("PER", "LOC"), "text", kind="spans", shows="Text")
SEGMENTS = Control("cue", "audio", "Labels", ("nod", "shake"), "audio", kind="segments", shows="Audio")
BOXES = Control("box", "image", "RectangleLabels", ("cat", "dog"), "image", kind="boxes", shows="Image")
POLYGONS = Control("outline", "image", "PolygonLabels", ("cat", "dog"), "image", kind="polygons", shows="Image")

Marks = list[dict[str, Any]]


def line(start: float, end: float, label: str = "PER", unit: int | str = 0) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "unit": unit}


def box(x: float, y: float, width: float, height: float, label: str = "cat", rotation: float = 0,
        **more: float) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "rotation": rotation, "label": label, "unit": 0, **more}


def polygon(*points: Sequence[float], label: str = "cat") -> dict[str, Any]:
    return {"points": [list(point) for point in points], "label": label, "unit": 0}


def answers(rows: Sequence[tuple[Any, Any, Marks]], **columns: Any) -> Observations:
    """Observations of (task, annotator, regions)."""
    return observe([row[0] for row in rows], [row[1] for row in rows], ["-"] * len(rows),
                   value=[row[2] for row in rows], **columns)


def crowd(*, tasks: int = 150, people: int = 6, overlap: int = 4, miss: Sequence[float], invent: Sequence[float],
          late: Sequence[float], seed: int = 0) -> tuple[Observations, dict[int, Marks]]:
    """Annotators of segments who miss a share of what is there, invent a number a task, and start late by so much;
    and the truth."""
    rng = np.random.default_rng(seed)
    rows, truth = [], {}
    for task in range(tasks):
        starts = np.arange(rng.integers(2, 7)) * 15.0 + rng.uniform(0, 5)
        truth[task] = [line(s, s + rng.uniform(3, 8), str(rng.choice(["nod", "shake"]))) for s in starts]
        for who in rng.choice(people, overlap, replace=False).tolist():
            marks = [line(r["start"] + late[who] + rng.normal(0, 0.1), r["end"] + rng.normal(0, 0.1), r["label"])
                     for r in truth[task] if rng.random() >= miss[who]]
            invented = rng.uniform(0, 100, rng.poisson(invent[who]))
            marks += [line(at, at + 2.0, str(rng.choice(["nod", "shake"]))) for at in invented]
            rows.append((task, f"annotator {who}", marks))
    return answers(rows), truth
