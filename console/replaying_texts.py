"""What `cueloop replay --texts` does: labelled texts in, the curves of learning and of random order out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from console.files import new_file, new_folder
from cueloop.errors import DataError
from ml_backend import csv_files
from ml_backend.active.quality import Quality, needed
from ml_backend.active.rehearse import LEARNING, POLICIES, Curve, material, rehearse, sizes, whole
from ml_backend.dataset import drawn

REACH = 0.95
"""Share of what all labels give from which a model counts as good."""
TRAIN = "train"
"""What the split column says of rows that may be asked."""
CURVE = ("policy", "seed", "labels", "accuracy", "macro_f1", "low", "high")
REVEALS = ("policy", "seed", "step", "task", "why")
LEAST_JUDGES = 10
"""Rows that have to judge."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the texts are, and what their columns are called."""

    path: Path
    text: str
    label: str
    id: str | None = None
    """None: a row's number."""
    split: str | None = None
    """Rows that say `train` here may be asked, all others judge; None: a share judges."""
    test: float = 0.2
    """That share, drawn by a hash of the text: the same text is always on the same side."""


def run(rows: Rows, policy: str, *, budget: int | None, seeds: Sequence[int], out: Path,
        progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Play the labelling of the texts again and write both files into `out`; facts about it.

    `learning` is played beside `random`. Without a budget each goes on until it is as good as `REACH` asks.
    `progress` is told policy, seed and labels so far. Raises DataError for what cannot be read or judged by.
    """
    if policy not in POLICIES:
        raise DataError(f"There is no policy '{policy}' for texts. Policies: {', '.join(POLICIES)}.")
    names, pool, judges = _read(rows)
    labels = sorted({label for _, _, label in pool})
    number = {label: place for place, label in enumerate([*labels, *sorted({j[2] for j in judges} - {*labels})])}
    told = material([text for _, text, _ in pool], np.array([number[label] for *_, label in pool]),
                    [text for _, text, _ in judges], np.array([number[label] for *_, label in judges]), len(number))
    full = whole(told)
    steps, target = sizes(min(budget or len(told), len(told))), REACH * full.accuracy
    curves = [rehearse(told, one, steps, seed=seed, until=None if budget else target,
                       progress=lambda count, one=one, seed=seed: progress(one, seed, count))  # type: ignore[misc]
              for one in dict.fromkeys((policy, POLICIES[1])) for seed in seeds]
    ids = [name for name, _, _ in pool]
    with new_folder(out) as beside:
        files = [_write(beside / "curve.csv", CURVE, _points(curves)),
                 _write(beside / "reveals.csv", REVEALS, _reveals(curves, ids))]
    return {"file": str(rows.path), "policy": policy, "budget": budget, "seeds": list(seeds), "texts": len(told),
            "judges": len(judges), "labels": len(number), "named_by": names,
            "full": {"accuracy": full.accuracy, "macro_f1": full.macro_f1}, "target": target,
            "needed": _needed(curves, target), "out": str(out), "files": files}


def _read(rows: Rows) -> tuple[str, list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """What names the rows; (id, text, label) of rows that may be asked, and of rows that judge."""
    columns = [rows.text, rows.label, *(one for one in (rows.id, rows.split) if one)]
    pool: list[tuple[str, str, str]] = []
    judges: list[tuple[str, str, str]] = []
    ids: set[str] = set()
    for number, row in csv_files.rows(rows.path, columns):
        for column in (rows.text, rows.label):
            if not row[column].strip():
                raise DataError(f"{rows.path}, row {number}, column {column!r}: empty. Fill it or leave the row out.")
        name = row[rows.id] if rows.id else str(number)
        if name in ids:
            raise DataError(f"{rows.path}, row {number}, column {rows.id!r}: {name!r} came before. "
                            "Each text needs an id of its own.")
        ids.add(name)
        judge = row[rows.split] != TRAIN if rows.split else drawn(row[rows.text]) < rows.test
        (judges if judge else pool).append((name, row[rows.text], row[rows.label]))
    where = f"column {rows.split!r} says {TRAIN!r} of" if rows.split else f"with --test {rows.test:g} there are"
    if len({label for *_, label in pool}) < 2:
        raise DataError(f"{rows.path}: {where} {len(pool)} rows to ask about, with fewer than two labels. "
                        "There is nothing to learn.")
    if len(judges) < LEAST_JUDGES:
        raise DataError(f"{rows.path}: {len(judges)} rows are left to judge by; {LEAST_JUDGES} are needed. "
                        + (f"Mark them with another word than {TRAIN!r}." if rows.split else "Give a larger --test."))
    return rows.id or "row", pool, judges


def _needed(curves: Sequence[Curve], target: float) -> dict[str, Any]:
    """{policy: labels to reach the target}, each seed's and their median; None where one never did. The ratio, too."""
    found: dict[str, Any] = {}
    for policy in dict.fromkeys(curve.policy for curve in curves):
        own = [needed([q.labels for q in c.quality], [q.accuracy for q in c.quality], target)
               for c in curves if c.policy == policy]
        known = [one for one in own if one is not None]
        found[policy] = {"each": own, "median": median(known) if len(known) == len(own) else None,
                         "least": min(known, default=None), "most": max(known) if len(known) == len(own) else None}
    ours, random = (found.get(name, {}).get("median") for name in POLICIES)
    return found | {"times_fewer": random / ours if ours and random and LEARNING in found else None}


def _points(curves: Sequence[Curve]) -> list[tuple[object, ...]]:
    def point(curve: Curve, one: Quality) -> tuple[object, ...]:
        return curve.policy, curve.seed, one.labels, *(f"{value:.6f}" for value in (one.accuracy, one.macro_f1, one.low,
                                                                                    one.high))

    return [point(curve, one) for curve in curves for one in curve.quality]


def _reveals(curves: Sequence[Curve], ids: Sequence[str]) -> list[tuple[object, ...]]:
    return [(curve.policy, curve.seed, step, ids[place], why) for curve in curves
            for step, (place, why) in enumerate(zip(curve.place.tolist(), curve.why, strict=True), start=1)]


def _write(path: Path, header: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    with new_file(path, force=True) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
    return path.name
