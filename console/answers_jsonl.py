"""Recorded answers in a JSON lines file, one answer a line, for answers that are no single label.

    {"task": "t1", "annotator": "ann", "value": [{"start": 3, "end": 9, "label": "PER"}]}

`value` is as `sync.kinds` lists it for each shape; `label` goes for a choice. May be added: `seconds`, `answered_at`
(ISO 8601), `seen_suggestion`, `ground_truth`, `review`, `guideline`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.answer_values import checked, known, shown
from cueloop.errors import DataError
from cueloop.types import Control
from sync import kinds
from sync.observations import Observations, observe

LARGEST = 2**31 - 1
"""No number of seconds or of a guideline's version is larger."""


def read(path: Path, control: Control) -> tuple[Observations, int]:
    """Answers to one control, and how many lines were replaced by a later one of the same person to the same task.

    Raises DataError naming file, line and field for whatever cannot be read.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    lines = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, text in enumerate(file, 1):
                if not text.strip():
                    continue
                row = _row(f"{path}, line {number}", text, control)
                found.pop((row["task"], row["annotator"]), None)    # the last one also takes the last place
                found[row["task"], row["annotator"]] = row
                lines += 1
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    if not found:
        raise DataError(f"{path}: no answers in it.")
    return of_rows(list(found.values()), control), lines - len(found)


NO_NAMES = ("", "nan", "inf", "-inf")
"""What a name cannot be: nothing, or what JSON writers make of a missing number."""


def of_rows(rows: list[dict[str, Any]], control: Control) -> Observations:
    """Answers as arrays, from records with the fields of a line."""
    def column(name: str) -> list[Any]:
        return [row.get(name) for row in rows]

    return observe(
        column("task"), column("annotator"), column("label"), labels=control.labels, seconds=column("seconds"),
        truth=[bool(one) for one in column("ground_truth")], review=[bool(one) for one in column("review")],
        at=[None if one is None else one.timestamp() for one in column("answered_at")],
        seen=column("seen_suggestion"), guideline=column("guideline"),
        value=() if control.kind in kinds.CHOICES else column("value"))


def _row(where: str, text: str, control: Control) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}, column {error.colno}: not valid JSON: {error.msg}.") from None
    except (ValueError, RecursionError):
        raise DataError(f"{where}: holds a number too long, or lists too deep, to be read.") from None
    if not isinstance(row, dict):
        raise DataError(f"{where}: an answer is an object with task, annotator and value, not {type(row).__name__}.")
    annotator = row.get("annotator", row.get("worker"))
    for name, value in (("task", row.get("task")), ("annotator", annotator)):
        if not isinstance(value, (str, int, float)) or isinstance(value, bool) or str(value).strip() in NO_NAMES:
            raise DataError(f"{where}, field '{name}': is missing or empty. Every answer needs one.")
    value = None
    if control.kind in kinds.CHOICES:
        label = row.get("label")
        if not isinstance(label, str) or not label.strip():
            raise DataError(f"{where}, field 'label': is missing or empty. Every answer needs one.")
        known(where, control, [label])
    else:
        value = checked(where, control, row.get("value", row.get("label")))
        label = shown(control, value)
    return fields(where, {**row, "task": str(row["task"]), "annotator": str(annotator), "label": label,
                          "value": value})


def fields(where: str, row: dict[str, Any]) -> dict[str, Any]:
    """A record with what may be added to an answer checked. Raises DataError naming the place and the field."""
    return {**row, "answered_at": _moment(where, row.get("answered_at")),
            "seconds": _number(where, row.get("seconds")), "guideline": _whole(where, row.get("guideline")),
            **{name: _truth(where, name, row.get(name)) for name in ("seen_suggestion", "ground_truth", "review")}}


def _moment(where: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise DataError(f"{where}, field 'answered_at': '{value}' is no ISO 8601 date and time.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(where: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST:
        raise DataError(f"{where}, field 'seconds': '{value}' is no number of seconds.")
    return float(value)


def _whole(where: str, value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST):
        return value
    raise DataError(f"{where}, field 'guideline': '{value}' is no version number.")


def _truth(where: str, name: str, value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise DataError(f"{where}, field '{name}': '{value}' is neither true nor false.")
