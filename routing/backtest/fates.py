"""What becomes of the very tasks of history under both rules: by rule, and which of them fare differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing.backtest.history import History
from routing.simulate.run import Run

EXAMPLES = 10
"""Tasks told by name."""


@dataclass(frozen=True, slots=True)
class Fate:
    """One task that fares differently in this `share` of the runs, and how, in words."""

    task: str
    share: float
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Fates:
    """`by_rule` {rule: (tasks under the rules in force, under the new ones)} by which tasks end, on the mean;
    `moves` {(kind, kind): share of tasks}; `changed` share of tasks whose kind or label differs; `examples`."""

    by_rule: dict[str, tuple[float, float]]
    moves: dict[tuple[str, str], float]
    changed: float
    examples: tuple[Fate, ...]


def fates(history: History, old: Sequence[Run], new: Sequence[Run]) -> Fates:
    """Compare runs in pairs, made on the tasks of history with the same answers."""
    size, runs = len(history.work.keys), max(len(old), 1)
    rules: dict[str, Counter[str]] = {"old": Counter(), "new": Counter()}
    moves: Counter[tuple[str, str]] = Counter()
    differs = np.zeros(size)
    for one, other in zip(old, new, strict=True):
        rules["old"].update(one.rule)
        rules["new"].update(other.rule)
        moves.update(zip(one.kind, other.kind, strict=True))
        differs += (one.label != other.label) | np.array(
            [a != b for a, b in zip(one.kind, other.kind, strict=True)], bool)
    names = sorted(rules["old"].keys() | rules["new"].keys(), key=lambda name: (-rules["new"][name], name))
    most = np.argsort(-differs, kind="stable")[:EXAMPLES]
    return Fates(
        {name: (rules["old"][name] / runs, rules["new"][name] / runs) for name in names},
        {pair: count / (runs * size) for pair, count in moves.most_common()}, float(differs.sum()) / (runs * size),
        tuple(Fate(history.names[t] if history.names else str(history.work.keys[t]), float(differs[t]) / runs,
                   _words(history, old[0], t), _words(history, new[0], t)) for t in most.tolist() if differs[t]))


def _words(history: History, run: Run, task: int) -> str:
    label = history.work.labels[run.label[task]] if run.label[task] >= 0 else "no label"
    answers = int(run.answers[task])
    if run.kind[task] == "accept":
        return f"{label} by the machine ({run.rule[task]})"
    end = {"stop": "", "none": ", no rule speaks of it"}.get(run.kind[task], f", still to {run.kind[task]}")
    rule = f" ({run.rule[task]})" if run.rule[task] else ""
    return f"{label} after {answers} answer{'' if answers == 1 else 's'}{end}{rule}"
