"""The recorded crowds with gold, where they lie beside the project.

They are no part of it: several may not be redistributed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from console import answers_csv
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations, observe

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Where the sets are: `crowd/NAME/{answers,gold}.csv` and `text/NAME_crowd/{annotations,items}.csv`."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One set: `gold` (T,) is the label of each task, -1 where unknown or given by nobody and -2 where absent.

    `remark` says what to think of its gold."""

    name: str
    seen: Observations
    gold: IntArray
    remark: str = ""

    @property
    def sizes(self) -> dict[str, int]:
        """Keyword arguments of what works on the arrays."""
        return {"tasks": len(self.seen.tasks), "annotators": len(self.seen.annotators), "labels": len(self.seen.labels)}

    @property
    def arrays(self) -> tuple[IntArray, IntArray, IntArray]:
        """Positional arguments of the same."""
        return self.seen.task, self.seen.annotator, self.seen.label


def with_gold(data: Path) -> Iterator[Recorded]:
    """Every set of `crowd/`, then the politeness of requests; nothing where the folder is absent."""
    folder = data / "crowd"
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (path / "gold.csv").exists():
            seen = answers_csv.read(path / "answers.csv").observations
            yield Recorded(path.name, seen, _gold(_column(path / "gold.csv", "task", "label"), seen))
    path = data / "text" / "politeness_crowd"
    if path.is_dir():
        seen = _annotations(path)
        yield Recorded("politeness *", seen, _gold(_column(path / "items.csv", "item_id", "gold"), seen),
                       "* politeness: its gold is computed from the scores of the same people: no independent truth")


def convabuse(data: Path) -> Observations | None:
    """Dialogue turns labelled by eight experts; there is no gold. None where it is absent."""
    path = data / "text" / "convabuse_crowd"
    return _annotations(path) if path.is_dir() else None


def accuracy(chances: FloatArray, gold: IntArray) -> float:
    """Percent right where gold is known; a tie counts in part."""
    rows = np.flatnonzero(gold > -2)
    best = np.isclose(chances[rows], chances[rows].max(1, keepdims=True), atol=1e-12)
    hit = np.where(gold[rows] >= 0, best[np.arange(len(rows)), gold[rows]], 0.0)
    return 100 * float((hit / best.sum(1)).mean())


def calibration_error(probability: FloatArray, gold: IntArray) -> float:
    """Expected calibration error over ten equal bins, in percent."""
    rows = np.flatnonzero(gold > -2)
    told, hit = probability[rows].max(1), probability[rows].argmax(1) == gold[rows]
    bins = np.minimum((told * 10).astype(int), 9)
    return 100 * float(np.abs(np.bincount(bins, told - hit, minlength=10)).sum() / max(len(rows), 1))


def _annotations(path: Path) -> Observations:
    found: dict[tuple[str, str], str] = {}
    with (path / "annotations.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["item_id"], row["annotator"]] = row["label"]     # the last one counts
    tasks, annotators = zip(*found, strict=True)
    return observe(tasks, annotators, list(found.values()))


def _column(path: Path, key: str, value: str) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


def _gold(gold: Mapping[Any, str], seen: Observations) -> IntArray:
    place = {label: at for at, label in enumerate(seen.labels)}
    return np.array([place.get(gold[task], -1) if gold.get(task) else -2 for task in seen.tasks])
