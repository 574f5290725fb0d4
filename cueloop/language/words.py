"""Words of a language: which known one is meant by a misspelt one, and what durations are made of."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 36_500 * 86_400.0
"""Seconds of the longest time that anything waits for, a hundred years: moments after that have no date."""

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""Units of a duration, in seconds."""


def suggest(name: str, known: Iterable[str]) -> str:
    """`, did you mean X?` for the nearest known word, or nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]}?" if near else ""
