"""Tasks: what changed, whole tasks, and the one PATCH that moves them about."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from cueloop.errors import LabelStudioError, LabelStudioRefused, LabelStudioUnreachable
from cueloop.label_studio.base import Base

Row = dict[str, Any]

BATCH = 100     # ids per call: they travel in the address, and gunicorn takes lines up to 4,094 bytes
PAGE = 500
BULK_SECONDS = 300.0
EXPORT_PAUSES = (0.0, 0.1, 0.3, 1.0)    # seconds before each try of an export
SLIM = "id,created_at,updated_at"
COMPUTED = "overlap,is_labeled,draft_exists,annotations_ids"
STATE = "id,data,overlap,is_labeled,updated_at,created_at"


class Tasks(Base):
    """Label Studio's tasks."""

    def changed_task_ids(self, project_id: int, since: datetime, limit: int = 1000) -> list[tuple[int, str]]:
        """(id, updated_at) of tasks changed at `since` or later, oldest first.

        At most `limit`, except that the last moment is always whole: bulk actions give thousands of tasks one
        moment, and a cursor that stands on it must not lose any.
        """
        found = self._list(project_id, {"filters": _moment("greater_or_equal", _stamp(since)),
                                        "ordering": ["tasks:updated_at"]}, SLIM, size=limit)
        changed = {int(row["id"]): str(row["updated_at"]) for row in found}
        if len(found) == limit:
            last = found[-1]["updated_at"]
            moment = _stamp(datetime.fromisoformat(last))
            whole = {"filters": _moment("in", {"min": moment, "max": moment})}
            rest = self._list(project_id, whole, SLIM, size=100_000)
            changed |= {int(row["id"]): str(row["updated_at"]) for row in rest}
        return sorted(changed.items(), key=lambda pair: (pair[1], pair[0]))

    def all_ids(self, project_id: int, after_id: int = 0, *, page: int = PAGE) -> Iterator[Row]:
        """Every task's state without its content, by ascending id, a page at a time.

        `{id, created_at, updated_at, overlap, is_labeled, draft_exists, annotations: [ids]}`, 0.4 ms a task.
        """
        for row in self._scan(project_id, [], page, after_id, f"{SLIM},{COMPUTED}"):
            ids = str(row.pop("annotations_ids", "") or "")
            yield {**row, "annotations": [int(part) for part in ids.split(",") if part.strip().isdigit()]}

    def every_task(self, project_id: int, *, page: int = PAGE) -> Iterator[Row]:
        """Every task as `task_data` gives it, by ascending id, a page at a time."""
        yield from self._scan(project_id, [], page)

    def annotated_by(self, project_id: int, user_id: int) -> list[Row]:
        """Whole tasks that this account has annotated or skipped."""
        mine = [_item("annotators", "contains", "List", user_id)]
        return self.tasks(project_id, [row["id"] for row in self._scan(project_id, mine, PAGE)])

    def with_text(self, project_id: int, field: str, text: str) -> list[Row]:
        """Tasks as `task_data` gives them whose `field` of the data contains a text."""
        return list(self._scan(project_id, [_item(f"data.{field}", "contains", "String", text)], PAGE))

    def tasks(self, project_id: int, ids: Sequence[int]) -> list[Row]:
        """Whole tasks: data, overlap, is_labeled, annotations with unique_id, drafts, and ids of predictions.

        Merged from two calls, because neither tells all. Those deleted meanwhile are absent. `updated_at` is
        from the first call: a change in between is met again by the next pull.
        """
        whole: list[Row] = []
        for some in _batches(ids):
            state = {row["id"]: row for row in self.task_data(project_id, some)}
            whole += [{**row, **state[row["id"]]} for row in self._export(project_id, some) if row["id"] in state]
        return whole

    def ids_with_prediction(self, project_id: int, version: str, *, page: int = PAGE) -> set[int]:
        """Ids of the tasks that carry a prediction of this model version, or one whose name goes on after it."""
        of_it = [_item("predictions_model_versions", "contains", "List", [version])]
        return {int(row["id"]) for row in self._scan(project_id, of_it, page, include="id")}

    def task_data(self, project_id: int, ids: Sequence[int]) -> list[Row]:
        """`{id, data, overlap, is_labeled, updated_at, created_at}` of tasks: the cheap re-read before a write."""
        rows: list[Row] = []
        for some in _batches(ids):
            rows += self._list(project_id, {"selectedItems": {"all": False, "included": some}}, STATE, size=len(some))
        return rows

    def task(self, task_id: int) -> Row:
        """One task, with annotations and predictions. For a task without predictions this calls the ML backends."""
        return cast(Row, self._http.call("GET", f"/api/tasks/{task_id}/"))

    def patch_task(self, task_id: int, **fields: Any) -> Row:
        """Change `data`, `overlap`, `is_labeled` or `meta` in one PATCH; the reply is the receipt.

        `data` replaces the whole dict: read it just before, change only keys that begin with `cue_`.
        """
        return cast(Row, self._http.call("PATCH", f"/api/tasks/{task_id}/", json=fields))

    def import_tasks(self, project_id: int, tasks: list[Row]) -> list[int]:
        """Import `{"data", "annotations", "predictions", "meta"}` rows; their ids, in order."""
        if not tasks:
            return []
        said = self._http.call("POST", f"/api/projects/{project_id}/import", params={"return_task_ids": "true"},
                               json=tasks, timeout=BULK_SECONDS)
        return [int(number) for number in said["task_ids"]]

    def delete_task(self, task_id: int) -> None:
        """Delete a task with all annotations on it."""
        self._http.call("DELETE", f"/api/tasks/{task_id}/")

    def _scan(self, project_id: int, items: list[Row], page: int, after_id: int = 0,
              include: str = STATE) -> Iterator[Row]:
        """Tasks that pass the filter `items`, by ascending id; nothing is missed while others write."""
        while True:
            rows = self._list(project_id, {"filters": _where(_item("id", "greater", "Number", after_id), *items),
                                           "ordering": ["tasks:id"]}, include, size=page)
            yield from rows
            if len(rows) < page:
                return
            after_id = int(rows[-1]["id"])

    def _list(self, project_id: int, query: Row, include: str, *, size: int) -> list[Row]:
        """The first `size` rows of the Data Manager's list; `fields=all` only where a computed column is asked for."""
        fields = "all" if "annotations_ids" in include else "task_only"
        said = self._http.call("GET", "/api/tasks", timeout=BULK_SECONDS, params={
            "project": project_id, "fields": fields, "include": include, "page_size": size, "page": 1,
            "resolve_uri": "false", "query": json.dumps(query, separators=(",", ":"))})
        return cast(list[Row], said["tasks"])

    def _export(self, project_id: int, ids: Sequence[int]) -> list[Row]:
        """Label Studio writes an export into a file named by its content, so that two equal ones at the same moment
        cut each other short (seen on 1.23.2: an empty reply): what came broken is asked for again.
        """
        params = [("exportType", "JSON"), ("download_all_tasks", "true"), *(("ids[]", number) for number in ids)]
        for pause in EXPORT_PAUSES:
            time.sleep(pause)
            try:
                rows = self._http.call("GET", f"/api/projects/{project_id}/export", timeout=BULK_SECONDS, params=params)
            except LabelStudioError as error:
                if error.status or isinstance(error, LabelStudioUnreachable | LabelStudioRefused):
                    raise
                continue
            if isinstance(rows, list):
                return rows
        raise LabelStudioError(f"Label Studio's export of project {project_id} came empty or broken "
                               f"{len(EXPORT_PAUSES)} times. Does another program export this project all the time?")


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield [int(number) for number in ids[start:start + BATCH]]


def _item(column: str, operator: str, kind: str, value: Any) -> Row:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _where(*items: Row) -> Row:
    return {"conjunction": "and", "items": list(items)}


def _moment(operator: str, value: Any) -> Row:
    return _where(_item("updated_at", operator, "Datetime", value))


def _stamp(moment: datetime) -> str:
    """As Label Studio's filters want it: the fraction and the Z are mandatory."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
