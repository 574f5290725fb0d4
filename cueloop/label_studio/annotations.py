"""The label stream and annotations, as the browser asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from cueloop.errors import NotFound
from cueloop.label_studio.base import Base

Row = dict[str, Any]
BULK = 500
BULK_SECONDS = 300.0


class Annotations(Base):
    """What an annotator does: take the next task, answer it, take an answer back."""

    def next_task(self, project_id: int, body: Row) -> Row | None:
        """The next task for this account, or None when its queue is empty.

        `body` is what the label stream of a tab sends: `filters`, `ordering`, `selectedItems`, `project`.
        The same person is given the same task until they answer it, so asking twice does no harm.
        """
        try:
            return cast(Row, self._http.call("POST", "/api/dm/actions", json=body, repeatable=True,
                                             params={"id": "next_task", "project": project_id}))
        except NotFound as error:
            if "There are no tasks for" in str(error):
                return None
            raise

    def annotate(self, task_id: int, result: list[Row], **fields: Any) -> Row:
        """Answer a task as this account. `was_cancelled=True` is a skip; `lead_time` is in seconds."""
        params = {"was_cancelled": "1"} if fields.get("was_cancelled") else {}
        return cast(Row, self._http.call("POST", f"/api/tasks/{task_id}/annotations/", params=params,
                                         json={"result": result, **fields}))

    def patch_annotation(self, annotation_id: int, **fields: Any) -> Row:
        """Change an annotation, e.g. `result` or `ground_truth`. The machine's own only, or a person's in tests."""
        return cast(Row, self._http.call("PATCH", f"/api/annotations/{annotation_id}/", json=fields))

    def delete_annotation(self, annotation_id: int) -> None:
        """Delete an annotation. Cueloop deletes the machine's own only, never a person's."""
        self._http.call("DELETE", f"/api/annotations/{annotation_id}/")

    def delete_annotations_by(self, project_id: int, task_ids: Sequence[int], user_id: int) -> int:
        """Delete one account's annotations on these tasks in bulk; how many there were. For the machine's only."""
        gone = 0
        for start in range(0, len(task_ids), BULK):
            some = list(task_ids[start:start + BULK])       # never empty: that would mean all tasks of the project
            said = self._http.call(
                "POST", "/api/dm/actions", timeout=BULK_SECONDS, repeatable=True,
                params={"id": "delete_tasks_annotations", "project": project_id},
                json={"selectedItems": {"all": False, "included": some}, "annotator": str(user_id)})
            gone += int(said["processed_items"])
        return gone
