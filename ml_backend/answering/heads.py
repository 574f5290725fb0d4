"""A bundle of our own heads as a model that answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cueloop.label_config import to_result
from cueloop.types import Control
from ml_backend.answering.proposal import Proposal
from ml_backend.bundle import Bundle, Head, paired
from ml_backend.dataset import text_of

if TYPE_CHECKING:
    from ml_backend.protocol import Asked


class Heads:
    """See `Answering`."""

    def __init__(self, bundle: Bundle) -> None:
        """Of one version."""
        self._bundle = bundle

    def propose(self, asked: Asked, controls: Sequence[Control], at: Sequence[int]) -> list[list[Proposal]]:
        """See `Answering.propose`."""
        results: list[list[dict[str, Any]]] = [[] for _ in at]
        scores: list[list[float]] = [[] for _ in at]
        for head, control in paired(self._bundle, controls):
            texts = [_text(asked.tasks[place], control.value or head.field) for place in at]
            some = [i for i, text in enumerate(texts) if text is not None]
            for i, (label, score) in zip(some, _top(head, control, [str(texts[i]) for i in some]), strict=True):
                results[i] += to_result(control, label, score)
                scores[i].append(score)
        return [[Proposal(result, min(score))] if result else []
                for result, score in zip(results, scores, strict=True)]


def _top(head: Head, control: Control, texts: list[str]) -> list[tuple[str, float]]:
    """(label, score) of each text: the likeliest label that the config has."""
    known = [place for place, label in enumerate(head.labels) if label in control.labels]
    probabilities = head.probabilities(texts)[:, known]
    best = probabilities.argmax(axis=1)
    return [(head.labels[known[place]], score)
            for place, score in zip(best.tolist(), probabilities.max(axis=1).tolist(), strict=True)]


def _text(task: Any, field: str) -> str | None:
    data = task.get("data") if isinstance(task, dict) else None
    return text_of(data.get(field)) if isinstance(data, dict) else None
