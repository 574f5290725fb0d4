"""`label_studio_ml.response` for a team's class: an answer that carries its version."""

from __future__ import annotations

from typing import Any

from label_studio_sdk.label_interface.objects import PredictionValue
from pydantic import BaseModel, ConfigDict, field_validator


class ModelResponse(BaseModel):
    """Predictions for a list of tasks, one each or a list of alternatives each."""

    model_config = ConfigDict(protected_namespaces=(), arbitrary_types_allowed=True)

    model_version: Any = None
    predictions: list[Any]

    @field_validator("predictions")
    @classmethod
    def _read(cls, predictions: list[Any]) -> list[Any]:
        """Dicts become PredictionValue; a task without an answer stays as it was said."""
        return [[_prediction(one) for one in said] if isinstance(said, list) else _prediction(said)
                for said in predictions]

    def has_model_version(self) -> bool:
        """Whether a version is told."""
        return bool(self.model_version)

    def update_predictions_version(self) -> None:
        """Give the version to predictions that have none."""
        for said in self.predictions:
            for one in said if isinstance(said, list) else [said]:
                if isinstance(one, PredictionValue) and not one.model_version:
                    one.model_version = self.model_version

    def set_version(self, version: str) -> None:
        """Set the version, here and of predictions that have none."""
        self.model_version = version
        self.update_predictions_version()

    def serialize(self) -> dict[str, Any]:
        """As plain values."""
        return self.model_dump()


def _prediction(said: Any) -> Any:
    return PredictionValue(**said) if isinstance(said, dict) and "result" in said else said
