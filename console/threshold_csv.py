"""Predictions beside what is true, from a CSV file: columns `label`, `score`, `truth`, as `cueloop predict` writes the
first two. A row without a truth counts as one that nobody has looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from console.answers_csv import opened
from cueloop.errors import DataError

COLUMNS = ("label", "score", "truth")


@dataclass(slots=True)
class Rows:
    """One entry a row in each."""

    label: list[str] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    truth: list[str] = field(default_factory=list)


def read(path: Path) -> Rows:
    """The rows of a file. Raises DataError that names file, line and column."""
    found = Rows()
    with opened(path) as lines:
        header = [name.strip().lower() for name in next(lines, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise DataError(f"{path}, line 1: no column {missing[0]!r}. Needed are label, score and truth; the header "
                            f"has: {', '.join(header) or 'nothing'}.")
        for line in lines:
            if not any(cell.strip() for cell in line):
                continue
            row = dict(zip(header, line, strict=False))
            where = f"{path}, line {lines.line_num}"
            label = row["label"].strip()
            if not label:
                raise DataError(f"{where}, column 'label': empty. Every row needs the label that was predicted.")
            found.label.append(label)
            found.score.append(_score(where, row.get("score", "")))
            found.truth.append(row.get("truth", "").strip())
    if not found.label:
        raise DataError(f"{path}: no rows below the header.")
    if not any(found.truth):
        raise DataError(f"{path}: the column 'truth' is empty in every row: nothing says which labels are right.")
    return found


def _score(where: str, text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 <= score <= 1:
        raise DataError(f"{where}, column 'score': {text!r} is not a probability from 0 to 1.")
    return score
