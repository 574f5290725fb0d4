"""Reads what a team's `predict` returned, in whatever form, as proposals for each task."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.answering.proposal import Proposal


class Unreadable(ValueError):
    """Raised when what was returned is no list of predictions."""


def read(returned: Any) -> list[list[Proposal]]:
    """Proposals of each task, likeliest first: dicts, pydantic objects, lists of alternatives, or nothing.

    Raises Unreadable saying what is wrong, without a word of the content.
    """
    return [_alternatives(one) for one in _listed(returned)]


def _listed(returned: Any) -> Sequence[Any]:
    if returned is None:
        return []
    if hasattr(returned, "predictions"):  # ModelResponse, ours or not
        returned = returned.predictions
    if isinstance(returned, Mapping):
        returned = returned.get("predictions", returned.get("results", [returned]))
    if isinstance(returned, str | bytes) or not hasattr(returned, "__iter__"):
        raise Unreadable(f"it returned a {type(returned).__name__}, not a list of predictions")
    return list(returned)


def _alternatives(said: Any) -> list[Proposal]:
    some = said if isinstance(said, list | tuple) else [said]
    found = [one for one in map(_proposal, some) if one.result]
    return sorted(found, key=lambda one: -1.0 if one.score is None else -one.score) if all(
        one.score is not None for one in found) else found


def _proposal(said: Any) -> Proposal:
    if said is None or said == {}:
        return Proposal([], None)
    told = not isinstance(said, Mapping) and getattr(said, "model_fields_set", None)
    if not isinstance(said, Mapping):
        said = _dumped(said)
    result = said.get("result")
    if result is None or not isinstance(result, list | tuple):
        raise Unreadable("a prediction has no list `result`")
    score = said.get("score") if not isinstance(told, set) or "score" in told else None
    return Proposal([_item(item) for item in result], _score(score))


def _dumped(said: Any) -> Mapping[str, Any]:
    for name in ("model_dump", "dict", "serialize"):
        if callable(getattr(said, name, None)):
            dumped = getattr(said, name)()
            if isinstance(dumped, Mapping):
                return dumped
    raise Unreadable(f"a prediction is a {type(said).__name__}")


def _item(item: Any) -> dict[str, Any]:
    found = plain(item if isinstance(item, Mapping) else _dumped(item))
    if not isinstance(found, dict):
        raise Unreadable("an item of `result` is no object")
    if found.get("type") != "relation" and not isinstance(found.get("value"), dict):
        raise Unreadable("an item of `result` has no `value`")
    if "score" in found:
        found["score"] = _score(found["score"])
        if found["score"] is None:
            del found["score"]
    return found


def _score(score: Any) -> float | None:
    """A probability; None where none is told, or a number that is none."""
    number = plain(score)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 <= number <= 1.0:
        return None
    return float(number)


def plain(value: Any) -> Any:
    """The value as JSON has it: numpy's numbers and arrays, tuples and sets become plain. Raises Unreadable."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unreadable("a value is not a finite number")
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    for name in ("tolist", "item"):
        if callable(getattr(value, name, None)):
            return plain(getattr(value, name)())
    raise Unreadable(f"a value is a {type(value).__name__}")
