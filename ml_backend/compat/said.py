"""Reads what a team's `predict` returned, in whatever form, as proposals for each task."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ml_backend.answering.proposal import Proposal

_ENCODE = json.JSONEncoder(allow_nan=False).encode


class Unreadable(ValueError):
    """Raised when what was returned is no list of predictions."""


def read(returned: Any) -> list[list[Proposal]]:
    """Proposals of each task, likeliest first: dicts, pydantic objects, lists of alternatives, or nothing.

    Raises Unreadable saying what is wrong, without a word of the content.
    """
    said = [[_fields(one) for one in (each if isinstance(each, list | tuple) else (each,)) if one is not None]
            for each in _listed(returned)]
    clean = _is_json(said)
    return [_alternatives([_proposal(one, clean) for one in some if one]) for some in said]


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


def _fields(said: Any) -> Mapping[str, Any]:
    """A prediction as a dict; of an object only what it was told, not its defaults."""
    if type(said) is dict or isinstance(said, Mapping):
        return said
    told, result = getattr(said, "model_fields_set", None), getattr(said, "result", None)
    if not isinstance(told, set):
        return _dumped(said)
    plainly = isinstance(result, list) and all(type(item) is dict for item in result)
    found = {"result": result if plainly else _dumped(said).get("result")}
    return found | {"score": said.score} if "score" in told else found


def _dumped(said: Any) -> Mapping[str, Any]:
    for name in ("model_dump", "dict", "serialize"):
        if callable(getattr(said, name, None)):
            dumped = getattr(said, name)()
            if isinstance(dumped, Mapping):
                return dumped
    raise Unreadable(f"a prediction is a {type(said).__name__}")


def _alternatives(found: list[Proposal]) -> list[Proposal]:
    some = [one for one in found if one.result]
    if len(some) < 2 or any(one.score is None for one in some):
        return some
    return sorted(some, key=lambda one: -(one.score or 0.0))


def _proposal(said: Mapping[str, Any], clean: bool) -> Proposal:
    result = said.get("result")
    if not isinstance(result, list | tuple):
        raise Unreadable("a prediction has no list `result`")
    return Proposal([_item(item, clean) for item in result], _score(said.get("score")))


def _item(item: Any, clean: bool) -> dict[str, Any]:
    found = item if clean else plain(item if isinstance(item, Mapping) else _dumped(item))
    if not isinstance(found, dict):
        raise Unreadable("an item of `result` is no object")
    if found.get("type") != "relation" and not isinstance(found.get("value"), dict):
        raise Unreadable("an item of `result` has no `value`")
    if "score" in found:
        score = _score(found["score"])
        rest = {name: value for name, value in found.items() if name != "score"}
        return rest if score is None else rest | {"score": score}
    return found


def _is_json(said: Any) -> bool:
    """Whether all of it is JSON as it stands, which the library's encoder sees much faster than we could."""
    try:
        _ENCODE(said)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _score(score: Any) -> float | None:
    """A probability; None where none is told, or a number that is none."""
    if type(score) is float and 0.0 <= score <= 1.0:
        return score
    number = plain(score)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 <= number <= 1.0:
        return None
    return float(number)


def plain(value: Any) -> Any:
    """The value as JSON has it: numpy's numbers and arrays, tuples and sets become plain. Raises Unreadable."""
    if value is None or isinstance(value, str | int):
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
