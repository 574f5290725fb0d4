"""Recorded answers in a CSV file: `task`, `annotator` (or `worker`) and `label`, one answer a line.

Lines go into arrays some hundred at a time. Where anything is wrong the file is gone through once more, line by
line, to say where.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import DataError
from sync.arrays import first_seen
from sync.observations import Observations

NAMES = {"task": ("task",), "annotator": ("annotator", "worker"), "label": ("label",)}
"""Columns, with the names under which each may go."""

LINES = 250
"""Lines handled at a time: few enough to be gone again before Python looks for cycles among them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """A file's answers, and how many lines were replaced by a later one of the same person to the same task."""

    observations: Observations
    replaced: int


def read(path: Path) -> Answers:
    """Read answers; of several by one annotator to one task the last counts.

    Raises DataError naming file, line and column for whatever cannot be read.
    """
    names = tuple(_Names() for _ in NAMES)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = columns_of(path, next(reader, []))
            chunks = list(_coded(reader, itemgetter(*columns.values()), names))
    except (UnicodeDecodeError, csv.Error, IndexError, _Empty, OSError):
        _find_fault(path)
        raise DataError(f"{path}: changed while it was read.") from None
    if not chunks:
        raise DataError(f"{path}: no answers below the header.")
    coded = np.concatenate(chunks, axis=1)
    kept = _last_of_each(coded[0].astype(np.int64) * len(names[1].all) + coded[1])
    return Answers(_observed(coded[:, kept], *(name.all for name in names)), coded.shape[1] - len(kept))


class _Empty(ValueError):
    """A value is empty."""


class _Names(dict[str, int]):
    """Number of each name, in the order of their first use; spaces around a name do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []

    def __missing__(self, written: str) -> int:
        name = written.strip()
        if not name:
            raise _Empty
        if name == written or name not in self:
            self[name] = len(self.all)
            self.all.append(name)
        self[written] = self[name]
        return self[written]


def _coded(reader: Any, pick: itemgetter[Any], names: tuple[_Names, ...]) -> Iterator[NDArray[np.int32]]:
    """Task, annotator and label of some hundred lines, as numbers: (3, lines)."""
    while lines := list(islice(reader, LINES)):
        rows = list(map(pick, filter(None, lines)))
        if rows:
            yield np.array([[*map(name.__getitem__, column)]
                            for name, column in zip(names, zip(*rows, strict=True), strict=True)], np.int32)


def _last_of_each(pair: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the last occurrence of each pair, in their order."""
    _, last = np.unique(pair[::-1], return_index=True)
    return np.sort(len(pair) - 1 - last)


def _observed(coded: NDArray[np.int32], *names: list[str]) -> Observations:
    """Observations of answers as numbers; labels are sorted by name, the others in the order of their first use."""
    (tasks, task), (annotators, annotator), (labels, label) = map(first_seen, coded)
    order = sorted(range(len(labels)), key=lambda at: names[2][labels[at]])
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    size = len(task)
    return Observations(
        task, annotator, rank[label], np.full(size, np.nan), np.zeros(size, bool), np.full(len(tasks), -1),
        tuple(names[0][at] for at in tasks), tuple(names[1][at] for at in annotators),
        tuple(names[2][labels[at]] for at in order), review=np.zeros(size, bool), at=np.full(size, np.nan),
        seen=np.full(size, -1), guideline=np.full(size, -1))


def _find_fault(path: Path) -> None:
    """Go through the file line by line. Raises DataError at the first that cannot be read."""
    with opened(path) as reader:
        columns = columns_of(path, next(reader, []))
        for row in reader:
            if row:
                _check(path, reader.line_num, row, columns)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file's CSV reader; whatever goes wrong in the body becomes a DataError that says where."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                yield reader
            except csv.Error as error:
                raise DataError(f"{path}, line {reader.line_num}: {error}. Check the quotes on that line.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8 CSV.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None


def columns_of(path: Path, header: list[str]) -> dict[str, int]:
    """Where each column is. Raises DataError that lists the header when one is missing or there twice."""
    names = [name.strip().lower() for name in header]
    places = {}
    for column, spellings in NAMES.items():
        at = [place for place, name in enumerate(names) if name in spellings]
        if len(at) != 1:
            wanted = " or ".join(f"'{name}'" for name in spellings)
            what = f"no column {wanted}" if not at else f"more than one column {wanted}"
            raise DataError(f"{path}, line 1: {what}. The header has: {', '.join(header) or 'nothing'}. "
                            + _remedy(header, column, missing=not at))
        places[column] = at[0]
    return places


def _remedy(header: list[str], column: str, *, missing: bool) -> str:
    if missing and len(header) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if separator in header[0]:
                return f"It is separated by {name}: save the file with commas."
    return (f"Rename the column that tells the {column}." if missing else
            f"Keep one that tells the {column}, and rename the others.")


def _check(path: Path, line: int, row: list[str], columns: dict[str, int]) -> None:
    for column, place in columns.items():
        if place >= len(row) or not row[place].strip():
            raise DataError(f"{path}, line {line}, column '{column}': is empty. Every answer needs one.")
