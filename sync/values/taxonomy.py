"""Paths in a taxonomy: the consensus goes as deep as the answers carry it.

Every node on a chosen path is a label of the task, true or not (`sync.values.units`); a child is never likelier than
its parent, and where people give one path each, of siblings one at most is true. The consensus has the deepest nodes
that are likelier than not; where none is, the likeliest top node, whose probability then says so. `probability` is the
chance that all its paths apply. How like two sets of paths are is the F1 of their nodes, ancestors included
(Kiritchenko et al. 2006): for two single paths the shared part by their mean length. It gives an annotator's
`accuracy` (against the others, or the ground truth) and the distance for agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.outcome import Outcome
from sync.values import agreement, sets
from sync.values.answers import Answers, agreeing, index, voting
from sync.values.outcomes import Known, qualities, remembered, row, truth_row
from sync.values.reading import canonical_paths
from sync.values.set_judges import accuracies, details, likeness, remembered_rates
from sync.values.units import UnitFit, Units, fit, units

METHOD = "node-by-node"
"""Name of the method in the store."""

METRIC = "krippendorff_alpha_paths"

SEVERAL = 0.05
"""Share of answers with more than one path from which on siblings can all be true."""

LEVELS = 10
"""Agreement is told for so many levels from the top."""

Node = tuple[str, ...]


def judge(control: Control, seen: Observations, *, known: Known | None = None) -> Outcome:
    """Consensus paths, annotators and agreement of the answers to a taxonomy."""
    answers = voting(seen, _paths)
    compared = agreeing(answers, _paths)
    chosen_nodes = [_nodes(value) for value in answers.value]
    said_nodes = chosen_nodes if compared is answers else [_nodes(value) for value in compared.value]
    _, nodes = index([node for some in said_nodes for node in some])
    place = {node: at for at, node in enumerate(nodes)}
    chosen = _placed(chosen_nodes, place)
    truth = dict(zip(answers.truth, _placed(map(_nodes, answers.truth.values()), place), strict=True))
    names = tuple(" / ".join(node) for node in nodes)
    split = _with_rivals(answers, units(answers, chosen, len(nodes), truth), chosen_nodes, nodes)
    found = fit(split, rates=remembered_rates(known, seen, names))
    rows = _consensus(control, answers, split, found, nodes)
    if known is not None:
        return Outcome(control, rows, remembered(seen, known),
                       agreement.not_judged(METRIC, "paths", "only some tasks were judged"), answers.warnings)
    like = likeness(answers, split, found, np.fromiter(map(len, chosen), np.int64, len(chosen)), sets.f1)
    said = _placed(said_nodes, place)
    report = agreement.report(compared, _distance(said, len(nodes)), metric=METRIC, level="paths",
                              by_label=_by_level(compared, said, nodes))
    return Outcome(control, rows, qualities(seen, accuracies(answers, like),
                                            details(answers, split, found, names, like[0])), report,
                   answers.warnings)


def _paths(value: Any) -> tuple[Node, ...] | None:
    """Distinct paths; None if the value has none."""
    found = canonical_paths(value) if isinstance(value, (list, tuple)) else []
    return tuple(map(tuple, found)) or None


def _nodes(paths: Iterable[Node]) -> list[Node]:
    """All nodes on these paths."""
    return sorted({path[:depth] for path in paths for depth in range(1, len(path) + 1)})


def _placed(nodes: Iterable[list[Node]], place: Mapping[Node, int]) -> list[IntArray]:
    """Indices of the nodes of each answer."""
    return [np.array([place[node] for node in some], np.int64) for some in nodes]


def _with_rivals(answers: Answers, split: Units, chosen: list[list[Node]], nodes: list[Node]) -> Units:
    """Where nearly everybody gives one path, and everybody who answered a task, its siblings exclude each other."""
    place = {node: at for at, node in enumerate(nodes)}
    above = np.array([place.get(node[:-1], len(nodes)) for node in nodes], np.int64)
    several = np.fromiter((len(some) > max(map(len, some)) for some in chosen), bool, len(chosen))
    if not len(several) or several.mean() > SEVERAL:
        return split
    free = np.zeros(answers.tasks, bool)
    free[answers.task[several]] = True
    free[[task for task, paths in answers.truth.items() if len(paths) > 1]] = True
    rivals = split.task * (len(nodes) + 1) + above[split.label]
    alone = answers.tasks * (len(nodes) + 1) + np.arange(len(rivals))
    return replace(split, rivals=np.unique(np.where(free[split.task], alone, rivals), return_inverse=True)[1])


def _distance(chosen: list[IntArray], labels: int) -> Any:
    matrix = sets.rows(chosen, labels)

    def distance(left: IntArray, right: IntArray) -> FloatArray:
        return 1 - sets.f1(*sets.shared(matrix, left, right))

    return distance


def _by_level(answers: Answers, chosen: list[IntArray], nodes: list[Node]) -> list[dict[str, Any]]:
    """Alpha of each level by itself: the answers' nodes there, as sets."""
    depth = np.array([len(node) for node in nodes], np.int64)
    found = []
    for level in range(1, min(int(depth.max(initial=0)), LEVELS) + 1):
        part = agreement.coefficient(answers, _distance([one[depth[one] == level] for one in chosen], len(nodes)), "")
        found.append({"label": f"level {level}", **{key: part[key] for key in ("value", "low", "high", "tasks",
                                                                               "reason")}})
    return found


def _consensus(control: Control, answers: Answers, split: Units, found: UnitFit,
               nodes: list[Node]) -> tuple[Consensus, ...]:
    by_task: list[list[int]] = [[] for _ in range(answers.tasks)]
    for at, task in enumerate(split.task.tolist()):
        by_task[task].append(at)
    rows = []
    for task, name in enumerate(answers.seen.tasks):
        mine = by_task[task]
        chance = _monotone({nodes[split.label[at]]: float(found.choosing[at]) for at in mine})
        sure = _monotone({nodes[split.label[at]]: float(found.probability[at]) for at in mine})
        told = {" / ".join(node): p for node, p in sure.items()}
        count = int(answers.per_task[task])
        if task in answers.truth:
            value = [list(path) for path in answers.truth[task]]
            rows.append(truth_row(name, control.name, "taxonomy", value, told, count))
        elif count:
            paths = _deepest(chance)
            rows.append(row(name, control.name, "taxonomy", [list(path) for path in paths],
                            float(np.prod([sure[path] for path in paths])), told, count, METHOD))
    return tuple(rows)


def _monotone(chance: dict[Node, float]) -> dict[Node, float]:
    """No node likelier than the one above it."""
    found: dict[Node, float] = {}
    for node in sorted(chance, key=len):
        found[node] = min(chance[node], found.get(node[:-1], 1.0))
    return dict(sorted(found.items()))


def _deepest(chance: dict[Node, float]) -> list[Node]:
    """The paths of all nodes likelier than not, or the likeliest top node; ties go to the first by name."""
    likely = {node for node, p in chance.items() if p > 0.5}
    if not likely:
        return [min((node for node in chance if len(node) == 1), key=lambda node: (-chance[node], node))]
    return sorted(likely - {node[:-1] for node in likely})
