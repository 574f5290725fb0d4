"""Short texts of structured answers, for lists and CSV files, and the plain value of a consensus."""

from __future__ import annotations

from typing import Any

NOTHING = "(none)"
"""Shown for several choices of which none was made."""


def text(kind: str, value: Any) -> str:
    """One line that says what an answer or a consensus of this kind is."""
    value = plain(kind, value)
    if value is None:
        return ""
    if kind == "multi":
        return ", ".join(map(str, value)) or NOTHING
    if kind == "taxonomy":
        return "; ".join(" / ".join(map(str, path)) for path in value)
    if kind == "text":
        return " | ".join(" ".join(str(part).split()) for part in value)
    if kind == "distribution":
        return ", ".join(f"{label} {part['share']:.0%}" for label, part in value["distribution"].items())
    return f"{value:.10g}" if isinstance(value, (int, float)) else str(value)


def plain(kind: str, value: Any) -> Any:
    """The canonical value (`sync.kinds`) of a consensus: a rating or number has its interval beside it."""
    return value["value"] if kind in ("rating", "number") and isinstance(value, dict) else value
