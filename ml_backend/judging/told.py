"""A report and a verdict as text for people at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST = 20
"""Labels that are listed; the others are in the card."""
CONFUSED = 5
"""Pairs of labels that are listed as confused most."""


def report(held: Mapping[str, Any]) -> str:
    """The `held_out` part of a control's card; cards of before, with fewer figures, too."""
    if held.get("accuracy") is None:
        return "not judged yet: no task is held out"
    lines = [f"accuracy {held['accuracy']:.3f} ({held['low']:.3f}-{held['high']:.3f}) on {held['tasks']} "
             f"{'tasks answered blind' if held.get('blind') else 'held-out tasks, some answered with a suggestion'}"]
    if "macro_f1" not in held:
        return lines[0]
    lines += [
        f"macro-F1 {_number(held['macro_f1'])} ({held['macro_f1_low']:.3f}-{held['macro_f1_high']:.3f}); always the "
        f"commonest label: {held['majority']:.3f}; about {held['doubt']:.1%} of the truths are probably wrong",
        f"calibration error {held['ece']:.3f} (chance alone: {held['ece_by_chance']:.3f}), Brier {held['brier']:.3f}, "
        f"log loss {held['nll']:.3f}",
        f"{held['tasks']} tasks show differences from {100 * held['shows']:.1f} points on, if a tenth tells two "
        "models apart"]
    return "\n".join([*lines, *_labels(held["labels"]), *_confused(held["confusion"]), *_curve(held["reliability"]),
                      *_slices(held["slices"])])


def verdict(gate: Mapping[str, Any]) -> str:
    """The `gate` part of a card."""
    outcome = gate.get("outcome") or ("promoted" if gate.get("promoted") else "refused")
    reasons = [one["reason"] for one in gate.get("refusals") or []] or [str(gate.get("reason", ""))]
    return "\n".join([outcome, *(f"  {reason}" for reason in reasons)])


def _labels(rows: list[Mapping[str, Any]]) -> list[str]:
    width = max(len(str(row["label"])) for row in rows)
    told = [f"  {'label':<{width}}  tasks  precision            recall               F1"]
    for row in rows[:MOST]:
        figures = "  ".join(f"{_interval(row, name):<19}" for name in ("precision", "recall", "f1"))
        told.append(f"  {row['label']:<{width}}  {row['tasks']:>5}  {figures}".rstrip())
    return told + ([f"  and {len(rows) - MOST} more"] if len(rows) > MOST else [])


def _confused(confusion: Mapping[str, Mapping[str, int]]) -> list[str]:
    pairs = sorted(((count, people, model) for people, row in confusion.items() for model, count in row.items()
                    if people != model), key=lambda pair: (-pair[0], pair[1:]))
    return [f"  {count} × people say {people!r}, it says {model!r}" for count, people, model in pairs[:CONFUSED]]


def _curve(reliability: Mapping[str, Any]) -> list[str]:
    return [f"  scores {one['low']:.2f}-{one['high']:.2f}: {one['tasks']} tasks, mean score {one['score']:.3f}, right "
            f"{one['accuracy']:.3f}" for one in reliability["curve"]]


def _slices(slices: Mapping[str, list[Mapping[str, Any]]]) -> list[str]:
    return [f"  {field}={one['value']}: {one['accuracy']:.3f} ({one['low']:.3f}-{one['high']:.3f}) on {one['tasks']} "
            f"tasks{', too few to say much' if one['small'] else ''}" for field, some in slices.items() for one in some]


def _interval(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return "-"
    return f"{row[name]:.3f} ({row[f'{name}_low']:.3f}-{row[f'{name}_high']:.3f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
