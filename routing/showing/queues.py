"""An annotator's queue: a link that opens it, the request its label stream sends, the keys that ride in an import.

The link carries a whole Data Manager tab in its address (a "virtual" tab): nothing is stored in Label Studio, and
the server evaluates filter and order at every next task, so the queue is live (facts: section 10).
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from routing.showing.wanted import PRIORITY, QUEUE, queue_value

TITLE = "My queue"

HIDDEN = tuple(f"tasks:{column}" for column in (
    "inner_id", "completed_at", "total_annotations", "cancelled_annotations", "total_predictions", "annotators",
    "annotations_results", "annotations_ids", "predictions_model_versions", "predictions_results", "file_upload",
    "storage_filename", "created_at", "updated_at", "updated_by", "avg_lead_time", "draft_exists",
    f"data.{QUEUE}", f"data.{PRIORITY}"))
"""Columns that a queue does not show as a grid: what is left is the customer's own fields and the model's score."""


def tab(queue: str, title: str = TITLE) -> dict[str, Any]:
    """A Data Manager tab that shows one queue, most wanted first. Only operators that the front end knows."""
    return {
        "title": title, "type": "list", "target": "tasks", **_selection(queue),
        "columnsDisplayType": {f"tasks:data.{PRIORITY}": "Number"},
        "hiddenColumns": {"explore": [*HIDDEN], "labeling": [*HIDDEN, "tasks:predictions_score"]}}


def link(base_url: str, project_id: int, queue: str, *, labeling: bool = True) -> str:
    """The address at which an annotator works through their queue; without `labeling`, as a grid."""
    packed = gzip.compress(json.dumps(tab(queue), separators=(",", ":")).encode(), mtime=0)
    code = base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    return f"{base_url.rstrip('/')}/projects/{project_id}/data?tab={code}{'&labeling=1' if labeling else ''}"


def next_task_body(project_id: int, queue: str) -> dict[str, Any]:
    """What the label stream of that link sends with every next task."""
    return {**_selection(queue), "selectedItems": {"all": False, "included": []}, "project": str(project_id)}


def initial_cue(tasks: int, queues: Sequence[str], *, each: int = 1, hold: int = 20,
                seed: int = 0) -> list[dict[str, Any]]:
    """Our keys for `tasks` new tasks, so that first queues ride in their import instead of a PATCH each.

    Every queue gets up to `hold` tasks, each task up to `each` queues, by lot. The other tasks get the keys too,
    with an empty queue: the router fills it later.
    """
    random = Random(seed)  # noqa: S311 - a fair deal, no secret
    left = dict.fromkeys(queues, hold)
    keys = []
    for at in range(tasks):
        free = [queue for queue, places in left.items() if places]
        random.shuffle(free)
        free.sort(key=lambda queue: -left[queue])       # spread: the emptiest queues first
        chosen = free[:each]
        for queue in chosen:
            left[queue] -= 1
        keys.append({QUEUE: queue_value(chosen), PRIORITY: round(1 - at / max(tasks, 1), 4)})
    return keys


def _selection(queue: str) -> dict[str, Any]:
    return {
        "filters": {"conjunction": "and", "items": [
            {"filter": f"filter:tasks:data.{QUEUE}", "operator": "contains", "type": "String", "value": f",{queue},"}]},
        "ordering": [f"-tasks:data.{PRIORITY}"]}
