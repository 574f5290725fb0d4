"""Figures and sentences of a scorecard: JSON that never has a NaN, and words that carry their evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sync.told import rounded

FEW = 20
"""Tasks named as evidence of a flag, at most."""


def figure(value: float, low: float, high: float, n: float, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """One number of a card with its interval and what it rests on; `reason` says why it is None.

    A value that is NaN or infinite becomes None, with its interval.
    """
    known = rounded(value)
    return {"value": known, "low": None if known is None else rounded(low), "high": None if known is None else
            rounded(high), "n": round(float(n)), "reason": None if known is not None else reason or "not known",
            **more}


def key(name: Any) -> Any:
    """A task's or annotator's name as JSON has it."""
    return name if isinstance(name, (int, str)) and not isinstance(name, bool) else str(name)


def keys(names: Iterable[Any]) -> list[Any]:
    """The first FEW names, as JSON has them."""
    found: list[Any] = []
    for name in names:
        if len(found) == FEW:
            break
        found.append(key(name))
    return found


def flag(kind: str, sentence: str, p: float, tasks: Iterable[Any] = (), **more: Any) -> dict[str, Any]:
    """Something to talk about with an annotator, with what it rests on. It is never proof of a fault."""
    return {"kind": kind, "sentence": f"{sentence}, {p_value(p)}", "p": rounded(p, 6), "tasks": keys(tasks), **more}


def p_value(p: float) -> str:
    """`p < .001`, `p = .012`."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def percent(share: float) -> str:
    """`40 %`."""
    return f"{100 * share:.0f} %"


def seconds(value: float) -> str:
    """`0.4 s`, `12 s`."""
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def band(low: float | None, high: float | None, reference: float, words: tuple[str, str, str]) -> str:
    """Which of `words` (below, about, above the reference) an interval allows to be said; "not known" without one."""
    if low is None or high is None:
        return "not known"
    return words[0] if high < reference else words[2] if low > reference else words[1]
