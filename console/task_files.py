"""Tasks from CSV, JSON and JSON Lines files, checked against the fields that the label config needs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cueloop.errors import DataError
from cueloop.seen import CUE

Task = dict[str, Any]
SUFFIXES = (".csv", ".json", ".jsonl")


def read(path: Path, needed: frozenset[str]) -> list[Task]:
    """The tasks of a file, each with `data`; annotations, predictions and meta of Label Studio's JSON ride along.

    Raises DataError naming file, line (or item) and field for what is not well-formed or lacks a field.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: tasks are read from {', '.join(SUFFIXES)} files.")
    tasks = []
    for place, row in _rows(path):
        if not isinstance(row, dict):
            raise DataError(f"{path}, {place}: expected an object with the task's fields, found {type(row).__name__}.")
        task = row if isinstance(row.get("data"), dict) else {"data": row}
        lacking = sorted(name for name in needed if task["data"].get(name) in (None, ""))
        if lacking:
            raise DataError(f"{path}, {place}: no value for {', '.join(lacking)}, which the label config shows. "
                            f"It has: {', '.join(map(str, task['data'])) or 'nothing'}.")
        ours = sorted(name for name in task["data"] if str(name).startswith(CUE))
        if ours:
            raise DataError(f"{path}, {place}: {', '.join(ours)}: names that begin with {CUE} are Cueloop's.")
        tasks.append(task)
    if not tasks:
        raise DataError(f"{path} has no tasks in it.")
    return tasks


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    """(where, row) of each task in a file."""
    readers = {".csv": _csv, ".json": _json, ".jsonl": _jsonl}
    try:
        yield from readers[path.suffix.lower()](path)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None


def _csv(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if None in row or None in row.values():
                raise DataError(f"{path}, line {reader.line_num}: not as many fields as the header has.")
            yield f"line {reader.line_num}", row


def _jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"line {number}", _parsed(path, line.rstrip(), number)


def _json(path: Path) -> Iterator[tuple[str, Any]]:
    rows = _parsed(path, path.read_text(encoding="utf-8-sig"), 1)
    if not isinstance(rows, list):
        raise DataError(f"{path}: expected a list of tasks, found {type(rows).__name__}.")
    for number, row in enumerate(rows, 1):
        yield f"task {number}", row


def _parsed(path: Path, text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        at = error.lineno + line - 1 if isinstance(error, json.JSONDecodeError) else line
        raise DataError(f"{path}, line {at}: not well-formed JSON.") from None
