"""How the labelled dataset is written: one JSON object a line, a flat table, or what Label Studio imports."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from cueloop.errors import DataError
from cueloop.types import Control
from sync import kinds

Row = dict[str, Any]

LABEL_FIELDS = ("label", "value", "probability", "decided_by", "annotators", "answers", "model_version", "rules",
                "guideline")
"""What is told of each control, in the order of the CSV's columns."""


def write_jsonl(rows: Iterable[Row], file: TextIO) -> int:
    """One task a line; returns how many."""
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
    return count


def write_csv(rows: Iterable[Row], file: TextIO, controls: Iterable[str]) -> int:
    """One task a line: `id`, `status`, the customer's fields, and `CONTROL.label`, `CONTROL.probability`, ...

    Nested fields are written as JSON, lists of annotators with blanks between. Raises DataError when a
    customer's field has the name of one of our columns.
    """
    listed = list(rows)
    ours = ["id", "status", *(f"{name}.{field}" for name in controls for field in LABEL_FIELDS)]
    fields = list(dict.fromkeys(field for row in listed for field in row["data"]))
    if clash := sorted(set(ours) & set(fields)):
        raise DataError(f"The data has a field named {clash[0]!r}, like a column of the export. Use --as jsonl.")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*ours[:2], *fields, *ours[2:]])
    for row in listed:
        told = [_cell((row["labels"][name] or {}).get(field)) for name in row["labels"] for field in LABEL_FIELDS]
        writer.writerow([row["id"], row["status"], *(_cell(row["data"].get(field)) for field in fields), *told])
    return len(listed)


def write_label_studio(rows: Iterable[Row], file: TextIO, controls: Mapping[str, Control]) -> int:
    """A JSON list that Label Studio imports: each task with one annotation that holds the final labels.

    `rows` come with `results`: what the newest annotation says on controls without a final label passes through as it
    is, except what hangs on a region that is none of the final ones (relations, answers per region).
    """
    count = 0
    file.write("[")
    for count, row in enumerate(rows, 1):
        labels = {name: label for name, label in row["labels"].items() if label}
        final = [item for name, label in labels.items() for item in _final(controls[name], label, row)]
        others = _beside(row["results"][-1], labels, final) if row["results"] else []
        said = any(label["label"] and controls[name].kind != "distribution" for name, label in labels.items())
        known = any(label["decided_by"] == "ground-truth" for label in labels.values())
        task = {"data": row["data"], "meta": {"cueloop": {"id": row["id"], "status": row["status"],
                                                          "labels": row["labels"]}},
                "annotations": [{"result": final + others, "ground_truth": known}] if said or others else []}
        file.write(("," if count > 1 else "") + "\n" + json.dumps(task, ensure_ascii=False, default=str))
    file.write("\n]\n")
    return count


def _final(control: Control, label: Row, row: Row) -> list[Row]:
    known = [item for result in row["results"] for item in result]
    return kinds.to_result(control, label["label"], label["value"], known=known, data=row["data"])


def _beside(result: Iterable[Row], labels: Mapping[str, Row], final: Iterable[Row]) -> list[Row]:
    """Items on controls without a final label, but for those that belong to a region that was not kept."""
    items = list(result)
    kept = {item["id"] for item in final if "id" in item}
    gone = {item.get("id") for item in items if item.get("from_name") in labels} - kept - {None}
    return [item for item in items if item.get("from_name") not in labels
            and not gone & {item.get("id"), item.get("from_id"), item.get("to_id"), item.get("parentID")}]


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        return " ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
