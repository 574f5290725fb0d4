"""Recorded answers in a CSV file with more columns than task, annotator and label, or of another shape than a choice.

Known columns: `seconds` (or `lead_time`), `answered_at`, `seen_suggestion`, `ground_truth`, `review`, `guideline`. In
the label's cell several labels, or paths, are separated by `|`, the levels of a path by `>`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from console import answers_csv
from console.answer_values import known, of_cell, shown
from console.answers_jsonl import fields, of_rows
from cueloop.errors import DataError
from cueloop.types import Control
from sync import kinds
from sync.observations import Observations

MORE = {"seconds": "seconds", "lead_time": "seconds", "answered_at": "answered_at",
        "seen_suggestion": "seen_suggestion", "ground_truth": "ground_truth", "review": "review",
        "guideline": "guideline"}
"""Columns that may be there, with the field that they fill."""

TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def has_more(path: Path) -> bool:
    """Whether the header names any of the columns that only this module reads."""
    with answers_csv.opened(path) as reader:
        return any(name.strip().lower() in MORE for name in next(reader, []))


def read(path: Path, control: Control) -> tuple[Observations, int]:
    """Answers, and how many lines were replaced by a later one of the same person to the same task.

    Raises DataError naming file, line and column for whatever cannot be read.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    lines = 0
    with answers_csv.opened(path) as reader:
        header: list[str] = next(reader, [])
        columns = answers_csv.columns_of(path, header)
        more = {at: MORE[name.strip().lower()] for at, name in enumerate(header) if name.strip().lower() in MORE}
        for cells in reader:
            if not cells:
                continue
            row = _row(f"{path}, line {reader.line_num}", cells, columns, more, control)
            found.pop((row["task"], row["annotator"]), None)    # the last one also takes the last place
            found[row["task"], row["annotator"]] = row
            lines += 1
    if not found:
        raise DataError(f"{path}: no answers below the header.")
    return of_rows(list(found.values()), control), lines - len(found)


def _row(where: str, cells: list[str], columns: dict[str, int], more: dict[int, str], control: Control,
         ) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, at in columns.items():
        row[name] = cells[at].strip() if at < len(cells) else ""
        if not row[name] and (name != "label" or control.kind in (*kinds.CHOICES, "rating", "number")):
            raise DataError(f"{where}, column '{name}': is empty. Every answer needs one.")
    for at, field in more.items():
        text = cells[at].strip() if at < len(cells) else ""
        row[field] = _cell(f"{where}, column '{field}'", field, text) if text else None
    if control.kind in kinds.CHOICES:
        known(f"{where}, column 'label'", control, [row["label"]])
    else:
        row["value"] = of_cell(f"{where}, column 'label'", control, row["label"])
        row["label"] = shown(control, row["value"])
    return fields(where, row)


def _cell(where: str, field: str, text: str) -> Any:
    """What a JSON line would hold."""
    if field == "answered_at":
        return text
    if field in ("seen_suggestion", "ground_truth", "review"):
        if text.lower() not in TRUTHS:
            raise DataError(f"{where}: '{text}' is neither true nor false.")
        return TRUTHS[text.lower()]
    try:
        return int(text) if field == "guideline" else float(text)
    except ValueError:
        raise DataError(f"{where}: '{text[:60]}' is no number.") from None
