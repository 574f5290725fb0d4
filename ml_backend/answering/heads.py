"""A bundle of our own heads as a model that answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cueloop.types import Control
from ml_backend.answering.alternatives import Said, answers
from ml_backend.answering.explain import judge
from ml_backend.answering.proposal import Proposal
from ml_backend.bundle import Bundle, paired
from ml_backend.dataset import text_of

if TYPE_CHECKING:
    from ml_backend.protocol import Asked


class Heads:
    """See `Answering`."""

    def __init__(self, bundle: Bundle) -> None:
        """Of one version."""
        self._bundle = bundle

    def propose(self, asked: Asked, controls: Sequence[Control], at: Sequence[int]) -> list[list[Proposal]]:
        """See `Answering.propose`. The first proposal of a task explains itself, but for an answer that is stored:
        Label Studio keeps no explanation."""
        said: list[list[Said]] = [[] for _ in at]
        for head, control in paired(self._bundle, controls):
            texts = [_text(asked.tasks[place], control.value or head.field) for place in at]
            some = [i for i, text in enumerate(texts) if text is not None]
            judged = judge(head, control, [str(texts[i]) for i in some], explained=not asked.stored)
            for i, one in zip(some, judged, strict=True):
                said[i].append(one)
        return [_proposals(one) for one in said]


def _proposals(said: Sequence[Said]) -> list[Proposal]:
    why = {one.control.name: one.explanation for one in said if one.explanation}
    return [Proposal(result, score, {} if number else why) for number, (result, score) in enumerate(answers(said))]


def _text(task: Any, field: str) -> str | None:
    data = task.get("data") if isinstance(task, dict) else None
    return text_of(data.get(field)) if isinstance(data, dict) else None
