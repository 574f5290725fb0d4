"""Predictions: pushed in bulk, and turned into annotations in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cueloop.errors import LabelStudioError
from cueloop.label_studio.base import Base

Row = dict[str, Any]
BULK_SECONDS = 300.0    # Label Studio takes about 2.5 s for 1,000 predictions on a busy machine


class Predictions(Base):
    """Label Studio's predictions and model versions."""

    def import_predictions(self, project_id: int, predictions: list[Row]) -> int:
        """Push `{"task", "result", "score", "model_version"}` rows; the number stored.

        Raises LabelStudioError when Label Studio stored fewer than it was given: it drops bad ones silently.
        """
        if not predictions:
            return 0
        said = self._http.call("POST", f"/api/projects/{project_id}/import/predictions", json=predictions,
                               timeout=BULK_SECONDS)
        created = int(said["created"])
        if created != len(predictions):
            raise LabelStudioError(
                f"Label Studio stored {created} of {len(predictions)} predictions in project {project_id} and dropped "
                "the rest without a word. Their task ids or results do not fit the project.")
        return created

    def predictions(self, project_id: int, task_id: int | None = None) -> list[Row]:
        """The predictions of a project, or of one task."""
        params = {"project": project_id} if task_id is None else {"project": project_id, "task": task_id}
        said = self._http.call("GET", "/api/predictions/", params=params)
        rows: list[Row] = said["results"] if isinstance(said, dict) else said
        return rows

    def model_versions(self, project_id: int) -> dict[str, int]:
        """How many predictions each model version has in a project."""
        said = self._http.call("GET", f"/api/projects/{project_id}/model-versions/")
        return {str(version): int(count) for version, count in said.items()}

    def delete_prediction(self, prediction_id: int) -> None:
        """Delete one prediction. Cueloop deletes its own only."""
        self._http.call("DELETE", f"/api/predictions/{prediction_id}/")

    def delete_model_version(self, project_id: int, version: str) -> int:
        """Delete all predictions of one model version in a project; how many.

        One transaction, in which Label Studio counts each task anew: on SQLite nobody else can write meanwhile. It
        also forgets the project's model version if it is this one.
        """
        said = self._http.call("DELETE", f"/api/projects/{project_id}/model-versions/", json={"model_version": version},
                               timeout=BULK_SECONDS)
        return int(said["deleted_predictions"])

    def accept_predictions(self, project_id: int, task_ids: Sequence[int], version: str) -> int:
        """Turn the tasks' predictions of one version into annotations by this account; the number made.

        Closes tasks of overlap 1 only. Predictions that were accepted before are passed over, so that a second
        call makes no second annotation.
        """
        if not task_ids:
            return 0        # an empty list would mean all tasks of the project to Label Studio
        said = self._http.call(
            "POST", "/api/dm/actions", timeout=BULK_SECONDS, repeatable=True,
            params={"id": "predictions_to_annotations", "project": project_id},
            json={"selectedItems": {"all": False, "included": list(task_ids)}, "model_version": version})
        return _count(said)


def _count(said: Row) -> int:
    """`{"detail": "Created 3 annotations"}` says how many only in words."""
    digits = [word for word in str(said.get("detail", "")).split() if word.isdigit()]
    if len(digits) != 1:
        raise LabelStudioError(f"Label Studio did not say how many predictions it accepted: {said}")
    return int(digits[0])
