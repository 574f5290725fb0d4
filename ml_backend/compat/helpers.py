"""`label_studio_ml.helpers` for a team's class: the two helper bases of 1.0.9."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from ml_backend.compat.base import LabelStudioMLBase


class LabelStudioMLBaseHelper(LabelStudioMLBase):
    """Splits prediction and training into: make arrays, run the model, make results."""

    @abstractmethod
    def prepare_tasks(self, tasks: Sequence[Any], workdir: str | None = None, **kwargs: Any) -> tuple[Any, Any]:
        """(inputs, answers) of tasks."""

    @abstractmethod
    def convert_predictions(self, predictions: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Results as Label Studio knows them."""

    @abstractmethod
    def predict2(self, X: Any, y: Any = None, **kwargs: Any) -> Any:  # noqa: N803  (the names that callers use)
        """Answers of the model."""

    @abstractmethod
    def fit2(self, X: Any, y: Any, **kwargs: Any) -> Any:  # noqa: N803
        """Train; what it returns is the next instance's `train_output`."""

    def predict(self, tasks: Sequence[Any], context: Any = None, **kwargs: Any) -> Any:
        """Answers for tasks."""
        kwargs["context"] = context
        inputs, answers = self.prepare_tasks(tasks, **kwargs)
        return self.convert_predictions(self.predict2(inputs, answers, **kwargs), **kwargs)

    def fit(  # type: ignore[override]
        self, completions: Sequence[Any], workdir: str | None = None, **kwargs: Any,
    ) -> Any:
        """Train on annotated tasks."""
        inputs, answers = self.prepare_tasks(completions, workdir=workdir, **kwargs)
        return self.fit2(inputs, answers, **kwargs)

    def _has_annotation(self, task: dict[str, Any]) -> bool:
        return "completions" in task or "annotations" in task


class LabelStudioMLChoices(LabelStudioMLBaseHelper):
    """For a config whose only control is one Choices about one object."""

    def __init__(self, **kwargs: Any) -> None:
        """Takes the names from the config."""
        super().__init__(**kwargs)
        if len(self.parsed_label_config) != 1:
            raise AssertionError("LabelStudioMLChoices needs a label config with exactly one control.")
        [(self.from_name, self.info)] = self.parsed_label_config.items()
        if self.info["type"] != "Choices" or len(self.info["to_name"]) != 1 or len(self.info["inputs"]) != 1:
            raise AssertionError("LabelStudioMLChoices needs a Choices about one object.")
        self.to_name = self.info["to_name"][0]
        self.value = self.info["inputs"][0]["value"]

    def prepare_tasks(self, tasks: Sequence[Any], workdir: str | None = None, **kwargs: Any) -> tuple[Any, Any]:
        """Texts, and the choices of the first annotation where there is one."""
        texts = [task["data"][self.value] for task in tasks]
        made = [task.get("completions") or task.get("annotations") for task in tasks]
        return texts, [some[0]["result"][0]["value"]["choices"] if some else None for some in made]

    def convert_predictions(self, predictions: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """One result for each pair of choices and score."""
        return [{"result": [{"from_name": self.from_name, "to_name": self.to_name, "type": "choices",
                             "value": {"choices": choices}}], "score": score}
                for choices, score in zip(*predictions, strict=False)]
