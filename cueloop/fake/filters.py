"""The Data Manager's filters and ordering, on rows in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cueloop.fake.replies import Refusal

Row = dict[str, Any]
COLUMNS = ("id", "inner_id", "created_at", "updated_at", "total_annotations", "annotators",
           "predictions_model_versions")


def column(name: str, task: Row) -> Any:
    """The value of `filter:tasks:data.cue_queue` or the like; None where the task has none."""
    name = name.removeprefix("-").removeprefix("filter:").removeprefix("tasks:").removeprefix("-")
    if name.startswith("data."):
        return task["data"].get(name.removeprefix("data."))
    if name not in COLUMNS:
        raise Refusal(500, f"the fake has no column {name}")
    return task.get(name)


def select(tasks: list[Row], query: Row, numbers: frozenset[str] = frozenset()) -> list[Row]:
    """Tasks that pass `filters` and `selectedItems`, by `ordering`, else by id.

    `numbers`: columns that a stored tab declares to be numbers; a data key is text otherwise, but JSON
    numbers sort as numbers either way.
    """
    chosen = query.get("selectedItems") or {"all": True}
    if chosen.get("all") is False and chosen.get("included"):
        wanted = set(chosen["included"])
        tasks = [task for task in tasks if task["id"] in wanted]
    elif chosen.get("all") and chosen.get("excluded"):
        unwanted = set(chosen["excluded"])
        tasks = [task for task in tasks if task["id"] not in unwanted]
    filters = query.get("filters") or {}
    items = filters.get("items") or []
    if items:
        every = all if filters.get("conjunction") == "and" else any
        tasks = [task for task in tasks if every(_passes(item, task) for item in items)]
    tasks = sorted(tasks, key=lambda task: int(task["id"]))
    ordering = list(query.get("ordering") or [])[:1]
    for name in ordering:
        down = "-" in name.removeprefix("tasks:")[:1]
        known = [task for task in tasks if column(name, task) is not None]
        unknown = [task for task in tasks if column(name, task) is None]
        known.sort(key=lambda task: _rank(column(name, task)), reverse=down)
        # SQLite puts NULLs first going up, last going down.
        tasks = known + unknown if down else unknown + known
    return tasks


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers before text, as JSON sorts in SQLite."""
    return (0, value) if isinstance(value, int | float | datetime) else (1, str(value))


def _passes(item: Row, task: Row) -> bool:
    value, wanted = column(item["filter"], task), item.get("value")
    if isinstance(value, datetime):
        wanted = ({end: datetime.fromisoformat(text) for end, text in wanted.items()}
                  if isinstance(wanted, dict) else datetime.fromisoformat(str(wanted)))
    if item["operator"] not in OPERATORS:
        raise Refusal(500, f"the fake has no operator {item['operator']}")
    if value is None:
        return item["operator"] in ("not_contains", "not_equal") or (item["operator"] == "empty" and bool(wanted))
    return OPERATORS[item["operator"]](value, wanted)


def _any_in(value: list[Any], wanted: Any) -> bool:
    """One of several texts, as a part of one that is there; or a number that is there."""
    if isinstance(wanted, list):
        return any(str(one) in str(there) for one in wanted for there in value)
    return wanted in value


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equal": lambda value, wanted: str(value) == str(wanted),
    "not_equal": lambda value, wanted: str(value) != str(wanted),
    "contains": lambda value, wanted: _any_in(value, wanted) if isinstance(value, list) else (
        str(wanted).lower() in str(value).lower()),
    "not_contains": lambda value, wanted: str(wanted).lower() not in str(value).lower(),
    "regex": lambda value, wanted: re.search(str(wanted), str(value)) is not None,
    "in_list": lambda value, wanted: value in wanted,
    "in": lambda value, wanted: wanted["min"] <= value <= wanted["max"],
    "less": lambda value, wanted: value < wanted,
    "greater": lambda value, wanted: value > wanted,
    "less_or_equal": lambda value, wanted: value <= wanted,
    "greater_or_equal": lambda value, wanted: value >= wanted,
    "empty": lambda value, wanted: (value == "") == bool(wanted),
}
