"""Recorded answers in Label Studio's own JSON export, with the label config that says how to read it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from console.answers_jsonl import LARGEST, of_rows
from cueloop.errors import DataError, LabelConfigError
from cueloop.label_config import parse
from cueloop.types import Control
from sync import kinds
from sync.observations import Observations


def controls(path: Path) -> tuple[Control, ...]:
    """The controls of a label config file that get a consensus. Raises DataError when there is none."""
    try:
        config = parse(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8.") from None
    except LabelConfigError as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if not config.judged:
        found = ", ".join(f"{c.name} ({c.type})" for c in config.controls) or "no control at all"
        raise DataError(f"{path}: has no control that Cueloop can judge, but {found}.")
    return config.judged


def read(path: Path, config: Path) -> dict[str, tuple[Control, Observations]]:
    """Answers to each judged control that has any. Skips are left out; of two answers of a person the newer counts.

    Raises DataError naming file, task and annotation for whatever cannot be read.
    """
    tasks = _tasks(path)
    found = {}
    for control in controls(config):
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for task, annotation in tasks:
            row = _row(path, task, annotation, control)
            if row is not None:
                pair = (row["task"], row["annotator"])
                if pair not in rows or _age(row) >= _age(rows[pair]):
                    rows[pair] = row
        if rows:
            found[control.name] = (control, of_rows(list(rows.values()), control))
    if not found:
        raise DataError(f"{path}: no annotation answers a control of {config}.")
    return found


def _tasks(path: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: is no JSON: {error}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: holds a number too long, or lists too deep, to be read.") from None
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks) or (
            tasks and not any("annotations" in task for task in tasks)):
        raise DataError(f"{path}: is no Label Studio export: a list of tasks with annotations. "
                        "Export the project as JSON (not JSON_MIN).")
    return [(str(task.get("id", number)), annotation) for number, task in enumerate(tasks, 1)
            for annotation in _listed(task.get("annotations")) if isinstance(annotation, dict)]


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _row(path: Path, task: str, annotation: dict[str, Any], control: Control) -> dict[str, Any] | None:
    if annotation.get("was_cancelled") or not isinstance(annotation.get("result"), list):
        return None
    by = annotation.get("completed_by")
    annotator = by.get("email") or by.get("id") if isinstance(by, dict) else by
    if not isinstance(annotator, (int, str)) or isinstance(annotator, bool) or not str(annotator).strip():
        raise DataError(f"{path}, task {task}, annotation {annotation.get('id')}: `completed_by` names nobody: an "
                        "annotator is an id or an email.")
    said = kinds.read(control, annotation["result"])
    if said is None:
        return None
    return {"task": task, "annotator": str(annotator), "label": said[0], "value": said[1],
            "seconds": _seconds(annotation.get("lead_time")), "ground_truth": _declared_true(annotation),
            "answered_at": _moment(annotation)}


def _seconds(given: Any) -> float | None:
    """A lead time; what Label Studio took that can be none is unknown."""
    number = isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given <= LARGEST
    return float(given) if number else None


def _declared_true(annotation: dict[str, Any]) -> bool:
    """Label Studio calls whatever is imported ground truth, unless told otherwise: that is no declaration.

    What nobody ever saved in the editor, and what came out of no prediction, was imported.
    """
    never_saved = "updated_by" in annotation and annotation["updated_by"] is None
    imported = never_saved and not annotation.get("parent_prediction")
    return bool(annotation.get("ground_truth")) and not imported


def _moment(annotation: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(annotation.get("updated_at") or annotation.get("created_at")))
    except ValueError:
        return None


def _age(row: dict[str, Any]) -> float:
    return row["answered_at"].timestamp() if row["answered_at"] else 0.0
