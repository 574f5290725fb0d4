"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cueloop.errors import CueloopError

GOOD, DOUBTFUL, BAD = "good", "doubtful", "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do when it is not good."""

    part: str
    state: str
    says: str
    advice: str = ""


def good(part: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(part, GOOD, says)


def doubtful(part: str, says: str, advice: str) -> Finding:
    """Works, but somebody should know."""
    return Finding(part, DOUBTFUL, says, advice)


def bad(part: str, says: str, advice: str) -> Finding:
    """Does not work."""
    return Finding(part, BAD, says, advice)


def looked(part: str, look: Callable[[], list[Finding]], advice: str) -> list[Finding]:
    """What `look` found; an error that it raises is a finding too, so that one fault hides no other."""
    try:
        return look()
    except CueloopError as error:
        return [bad(part, str(error), advice)]
