"""From proposals to the `results` of /predict: as Label Studio stores them, or as everybody else reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from cueloop import logs
from cueloop.store.predictions import ALTERNATIVE
from ml_backend.answering.alternatives import LEAST_ALTERNATIVE
from ml_backend.answering.proposal import Proposal
from ml_backend.protocol import Asked, task_id

log = logs.get(__name__)
_ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def visible(asked: Asked, blind: Collection[int]) -> list[int]:
    """Places of the tasks that may be answered."""
    if not blind:
        return list(range(len(asked.tasks)))
    return [place for place, task in enumerate(asked.tasks) if task_id(task) not in blind]


def results(asked: Asked, said: Mapping[int, Sequence[Proposal]], version: str) -> list[Any]:
    """One answer a task, in order. `said` holds the proposals of each place that was asked about; the others are blind.

    Label Studio stores what it is answered, even an object without a result, and people then count as having seen a
    suggestion. So what it would store is a list, of the best answer and the next one, or of nothing. A blind task is
    answered with such an empty list whoever asks, but for an open editor, which needs an object.
    """
    if asked.stored:
        return [_stored(said.get(place, ()), version) for place in range(len(asked.tasks))]
    return [_told(said[place], version) if place in said else _told((), version) if asked.interactive else []
            for place in range(len(asked.tasks))]


def _stored(proposals: Sequence[Proposal], version: str) -> list[dict[str, Any]]:
    """Under the version that /setup tells: Label Studio asks again for tasks that have no prediction of it."""
    found = [_one(one, version) for one in proposals[:1] if one.result]
    if found:
        found += [_one(one, version + ALTERNATIVE) for one in proposals[1:2] if _worth(one)]
    return found


def _told(proposals: Sequence[Proposal], version: str) -> dict[str, Any]:
    if not proposals:
        return {"result": [], "score": 0.0, "model_version": version}
    others = [_one(one, version + ALTERNATIVE) for one in proposals[1:] if _worth(one)]
    best = proposals[0]
    return {"result": best.result, "score": _score(best.score), "model_version": version,
            "explanation": best.explanation, "alternatives": others}


def _worth(proposal: Proposal) -> bool:
    """A model that tells no scores thought it worth telling."""
    score = _score(proposal.score)
    return bool(proposal.result) and (score is None or score >= LEAST_ALTERNATIVE)


def _one(proposal: Proposal, version: str) -> dict[str, Any]:
    return {"result": proposal.result, "score": _score(proposal.score), "model_version": version}


def _score(score: Any) -> float | None:
    """A finite number, or None: a model of somebody else's may say anything."""
    try:
        number = None if score is None else float(score)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None


def dumps(answers: Sequence[Any], version: str, *, ours: bool = False) -> bytes:
    """The body of /predict's answer. An answer that is no JSON, of a model of somebody else's, is left out.

    What a model of `ours` says is JSON and is written by orjson, which makes JSON of NaN, of moments and the like too.
    """
    if ours:
        try:
            return orjson.dumps({"results": answers})
        except TypeError:  # half of a pair of surrogates, in a text and so in its explanation
            pass
    return _strictly(answers, version).encode()


def _strictly(answers: Sequence[Any], version: str) -> str:
    try:
        return _ENCODE({"results": answers})
    except (TypeError, ValueError, RecursionError):
        kept = [answer if _is_json(answer) else _without(answer, version) for answer in answers]
        log.error("the model's answers are no JSON", version=version,
                  tasks=sum(one is not other for one, other in zip(kept, answers, strict=True)))
        return _ENCODE({"results": kept})


def _is_json(answer: Any) -> bool:
    try:
        _ENCODE(answer)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _without(answer: Any, version: str) -> Any:
    return [] if isinstance(answer, list) else _told((), version)
