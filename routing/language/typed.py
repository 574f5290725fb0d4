"""Compiled parts of an expression, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from routing.language.columns import Column, Lookup

Run = Callable[[Lookup], Column]
"""Computes a part on whole columns."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a condition, at a character offset."""

    offset: int
    message: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled part: its kind (number, text, truth, any, list) and how to compute it."""

    kind: str
    run: Run
    items: tuple[object, ...] = ()
    """Of a constant, itself; of a list that was written out, what it holds."""
    measure: str = ""
    """Of a number: seconds, share or count; empty: anything."""
    words: tuple[str, ...] = ()
    """Of a text that can only be one of a few, these."""
    labels: bool = False
    """Its texts are labels."""
