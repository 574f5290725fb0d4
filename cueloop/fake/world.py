"""What the fake knows: users, projects, tasks and the rest, with the rules that Label Studio keeps about them."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Table = dict[int, Row]


class OfTasks(dict[int, Row]):
    """Rows that belong to tasks, found by task without a look at all of them: a year has thousands."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self.by_task: defaultdict[int, Table] = defaultdict(dict)

    def __setitem__(self, number: int, row: Row) -> None:
        super().__setitem__(number, row)
        self.by_task[row["task"]][number] = row

    def __delitem__(self, number: int) -> None:
        del self.by_task[self[number]["task"]][number]
        super().__delitem__(number)

    def pop(self, number: int, default: Any = None) -> Any:
        """Take a row out, if it is there."""
        row = self.get(number, default)
        if number in self:
            del self[number]
        return row


@dataclass
class World:
    """All rows by id. Ids are `max + 1`, so that ids of deleted rows come back, as on SQLite."""

    users: Table = field(default_factory=dict)
    projects: Table = field(default_factory=dict)
    tasks: Table = field(default_factory=dict)
    annotations: OfTasks = field(default_factory=OfTasks)
    predictions: OfTasks = field(default_factory=OfTasks)
    drafts: OfTasks = field(default_factory=OfTasks)
    webhooks: Table = field(default_factory=dict)
    backends: Table = field(default_factory=dict)
    views: Table = field(default_factory=dict)
    locks: dict[int, set[int]] = field(default_factory=dict)
    invite: str = field(default_factory=lambda: uuid.uuid4().hex)
    legacy_tokens: bool = True
    allow_loopback: bool = True
    access_seconds: int = 300
    lock: threading.RLock = field(default_factory=threading.RLock)
    _clock: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """A moment, later than any told before."""
        self._clock = max(datetime.now(UTC), self._clock + timedelta(microseconds=1))
        return self._clock

    def add(self, table: Table, row: Row) -> Row:
        """Give a row the next id and file it."""
        row["id"] = max(table, default=0) + 1
        table[row["id"]] = row
        return row

    def tasks_of(self, project_id: int) -> list[Row]:
        """A project's tasks by id."""
        return [task for task in self.tasks.values() if task["project"] == project_id]

    def on(self, table: OfTasks, task_id: int) -> list[Row]:
        """Rows of `table` (annotations, predictions, drafts) on one task."""
        return list(table.by_task[task_id].values()) if task_id in table.by_task else []

    def add_task(self, project: Row, data: Row, meta: Row | None = None) -> Row:
        """A new task with the project's overlap."""
        moment = self.now()
        count = sum(1 for _ in self.tasks_of(project["id"]))
        return self.add(self.tasks, {
            "id": 0, "project": project["id"], "data": data, "meta": meta or {}, "created_at": moment,
            "updated_at": moment, "overlap": project["maximum_annotations"], "is_labeled": False,
            "inner_id": count + 1, "updated_by": None})

    def add_annotation(self, task: Row, user_id: int, body: Row, *, bulk: bool = False) -> Row:
        """A new annotation; the caller settles the task. In `bulk` it is nobody's save and its regions uncounted."""
        moment = self.now()
        result = body.get("result", [])
        return self.add(self.annotations, {
            "id": 0, "task": task["id"], "project": task["project"], "result": result,
            "result_count": 0 if bulk else regions(result), "updated_by": None if bulk else user_id,
            "completed_by": body.get("completed_by") or user_id,
            "was_cancelled": bool(body.get("was_cancelled")), "ground_truth": bool(body.get("ground_truth")),
            "lead_time": body.get("lead_time"), "created_at": moment, "updated_at": moment,
            "parent_prediction": body.get("parent_prediction"), "parent_annotation": body.get("parent_annotation"),
            "unique_id": str(uuid.uuid4()), "last_action": None, "import_id": body.get("id") if bulk else None,
            "bulk_created": False, "draft_created_at": None, "last_created_by": None})

    def add_prediction(self, task: Row, body: Row) -> Row:
        """A new prediction."""
        moment = self.now()
        return self.add(self.predictions, {
            "id": 0, "task": task["id"], "project": task["project"], "result": body["result"],
            "score": body.get("score"), "model_version": body.get("model_version") or "undefined",
            "created_at": moment, "updated_at": moment, "cluster": None, "neighbors": None, "mislabeling": 0.0,
            "model": None, "model_run": None})

    def settle(self, task: Row) -> None:
        """Recompute `is_labeled`: enough different people answered without skipping."""
        people = {a["completed_by"] for a in self.on(self.annotations, task["id"]) if not a["was_cancelled"]}
        task["is_labeled"] = len(people) >= task["overlap"]

    def touch(self, task: Row, user_id: int | None = None) -> None:
        """Bump `updated_at`, as every change of a task or its annotations does."""
        task["updated_at"] = self.now()
        if user_id is not None:
            task["updated_by"] = user_id

    def remove(self, table: Table, rows: Iterable[Row]) -> None:
        """Delete rows."""
        for row in list(rows):
            del table[row["id"]]

    def delete_task(self, task: Row) -> None:
        """Delete a task and everything on it."""
        for table in (self.annotations, self.predictions, self.drafts):
            self.remove(table, self.on(table, task["id"]))
        self.remove(self.tasks, [task])

    def delete_project(self, project: Row) -> None:
        """Delete a project and everything in it."""
        for task in self.tasks_of(project["id"]):
            self.delete_task(task)
        for table in (self.webhooks, self.backends, self.views):
            self.remove(table, self.within(table, project["id"]))
        self.remove(self.projects, [project])

    def within(self, table: Table, project_id: int | None) -> Iterator[Row]:
        """Rows of `table` (webhooks, backends, views) of one project; all for None."""
        return (row for row in list(table.values()) if project_id is None or row["project"] == project_id)


def regions(result: list[Row]) -> int:
    """How many regions a result has, as Label Studio counts when somebody saves."""
    return len({item.get("id") for item in result if isinstance(item, dict)})
