"""Recorded answers in a CSV file: `task`, `annotator` (or `worker`) and `label`, one answer a line."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from cueloop.errors import DataError
from sync.observations import Observations, observe

NAMES = {"task": ("task",), "annotator": ("annotator", "worker"), "label": ("label",)}
"""Columns, with the names under which each may go."""


@dataclass(frozen=True, slots=True)
class Answers:
    """A file's answers, and how many lines were replaced by a later one of the same person to the same task."""

    observations: Observations
    replaced: int


def read(path: Path) -> Answers:
    """Read answers; of several by one annotator to one task the last counts.

    Raises DataError naming file, line and column for whatever cannot be read.
    """
    found: dict[tuple[str, str], str] = {}
    lines = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = _columns(path, next(reader, []))
            for row in reader:
                if not row:
                    continue
                task, annotator, label = _values(path, reader.line_num, row, columns)
                found.pop((task, annotator), None)   # the last one also takes the last place
                found[task, annotator] = label
                lines += 1
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8 CSV.") from None
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}. Check the quotes on that line.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    if not found:
        raise DataError(f"{path}: no answers below the header.")
    tasks, annotators = zip(*found, strict=True)
    return Answers(observe(tasks, annotators, list(found.values())), lines - len(found))


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Where each column is. Raises DataError that lists the header when one is missing or there twice."""
    names = [name.strip().lower() for name in header]
    places = {}
    for column, spellings in NAMES.items():
        at = [place for place, name in enumerate(names) if name in spellings]
        if len(at) != 1:
            wanted = " or ".join(f"'{name}'" for name in spellings)
            what = f"no column {wanted}" if not at else f"more than one column {wanted}"
            raise DataError(f"{path}, line 1: {what}. The header has: {', '.join(header) or 'nothing'}.")
        places[column] = at[0]
    return places


def _values(path: Path, line: int, row: list[str], columns: dict[str, int]) -> list[str]:
    values = []
    for column, place in columns.items():
        value = row[place].strip() if place < len(row) else ""
        if not value:
            raise DataError(f"{path}, line {line}, column '{column}': is empty. Every answer needs one.")
        values.append(value)
    return values
