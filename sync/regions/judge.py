"""Consensus, annotators and agreement of one control whose answers are regions."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping

import numpy as np
from numpy.typing import NDArray

from cueloop.types import Control
from sync.arrays import IntArray
from sync.observations import Observations
from sync.outcome import AnnotatorQuality, Outcome
from sync.regions.agreed import Base
from sync.regions.agreement import agreement
from sync.regions.annotators import confusion_labels, qualities
from sync.regions.belief import LEAST_WEIGHT, learn
from sync.regions.boundaries import shifts
from sync.regions.confirmed import confirmed
from sync.regions.found import consensus
from sync.regions.gathered import gather
from sync.regions.groups import groups
from sync.regions.matching import THRESHOLD, matches
from sync.regions.overlap import overlapping
from sync.regions.places import overlap_with_others, places, without_each
from sync.regions.recalled import recall
from sync.regions.scores import judgement
from sync.regions.unseen import all_missed, detection, if_all_real, regions_per_task, reliability
from sync.regions.votes import compared, truths, votes

OVERLOOKED = 0.05
"""Regions that everybody missed, as a share of those found, from which it is worth a warning."""

DECLARED = 1e6
"""Weight of a ground truth's boundaries: they are the place, whatever others marked."""


def judge(control: Control, seen: Observations, *, known: Mapping[Hashable, AnnotatorQuality] | None = None) -> Outcome:
    """Judge all answers to `control`, whose kind is spans, segments, boxes or polygons.

    `known` (by annotator, from an earlier run on all tasks): then the tasks in `seen` are judged with those
    qualities, in milliseconds, and only the consensus is new: `annotators` is empty and `agreement` too.
    The same answers in another order give the same outcome.
    """
    tasks = len(seen.tasks)
    truth = truths(seen)
    use = ~seen.truth
    use[truth[truth >= 0]] = True
    regions = gather(control, seen, use)
    pairs = overlapping(regions)
    group = groups(regions, pairs)
    cast = votes(regions, group, seen, truth)
    asked = ~seen.truth & ~seen.review
    if known:
        belief, detected, rate = recall(cast, seen, regions, known)
        missed = all_missed(detected, seen.task[asked], seen.annotator[asked], tasks)
    else:
        belief = learn(cast, len(seen.annotators))
        detected = detection(belief.confusion, belief.counts)
        missed = all_missed(detected, seen.task[asked], seen.annotator[asked], tasks)
        rate = regions_per_task(np.bincount(cast.task, belief.there, tasks).astype(float), missed)
    weight = np.clip(reliability(belief.counts), LEAST_WEIGHT, 1.0)[regions.annotator]
    weight[truth[regions.task] == regions.answer] = DECLARED
    rows = consensus(control.name, seen, regions, group, cast, belief, places(regions, group, weight, pairs),
                     rate * missed)
    if known:
        return Outcome(control, rows, (), {})
    which, extent = without_each(regions, group, weight)
    near = np.ones(len(regions), bool)
    near[which] = overlap_with_others(regions, group, pairs, which, extent) >= THRESHOLD
    judged = judgement(cast, belief, near, len(seen.annotators))
    alike = matches(regions, pairs)
    eyes = cast.independent & (cast.pinned[cast.group] < 0)
    most = if_all_real(cast.group[eyes], cast.region[eyes] >= 0)
    unseen = float((rate * missed)[_answered(seen)].sum())
    run = {"regions_per_task": round(rate, 6), "unseen_regions": round(unseen, 3),
           "unseen_if_all_real": round(max(most, unseen), 3)}
    people = qualities(seen, regions, cast, belief, judged, shifts(regions, cast, judged, which, extent),
                       confirmed(seen, regions, alike), run)
    warnings = (*_named(belief.warnings, confusion_labels(regions, cast, belief)), *_alone(seen, asked),
                *_overlooked(unseen, most, float(belief.there.sum())))
    return Outcome(control, rows, people, agreement(seen, regions, pairs, alike, group), warnings)


def task_agreement(control: Control, seen: Observations) -> dict[Hashable, float | None]:
    """Mean pairwise F1 (IoU 0.5, equal labels) of each task's independent answers, as a signal for rules.

    1 where two or more found nothing, None with fewer than two answers.
    """
    regions = gather(control, seen, compared(seen))
    size = np.bincount(seen.task[compared(seen)], minlength=len(seen.tasks))
    base = Base(regions, np.ones(len(regions), bool), size)
    both, marked = base.statistics(matches(regions, overlapping(regions))).T
    share = np.where(marked > 0, both / np.maximum(marked, 1), 1.0)
    return {task: float(share[at]) if size[at] > 1 else None for at, task in enumerate(seen.tasks)}


def _answered(seen: Observations) -> IntArray:
    """Tasks with an answer and no ground truth."""
    found = np.bincount(seen.task, minlength=len(seen.tasks)) > 0
    found[seen.task[seen.truth]] = False
    return np.flatnonzero(found)


def _named(warnings: tuple[str, ...], labels: tuple[str, ...]) -> list[str]:
    """`label 2` by its name, and regions where the model for single choices speaks of tasks."""
    return [re.sub(r"label (\d+)", lambda found: f"label '{labels[int(found[1])]}'", one).replace("tasks", "regions")
            for one in warnings]


def _overlooked(unseen: float, most: float, there: float) -> list[str]:
    """Says so if everybody who looked probably missed something."""
    if unseen < max(OVERLOOKED * there, 1.0):
        return []
    about = f"{unseen:.0f} to {most:.0f}" if most >= unseen + 1 else f"{unseen:.0f}"
    return [f"About {about} regions beside the {there:.0f} found were probably missed by everybody who looked, or more "
            "if the same ones are hard for all: ask more annotators a task."]


def _alone(seen: Observations, asked: NDArray[np.bool_]) -> list[str]:
    """Says where too few annotators looked to tell who is right."""
    size = np.bincount(seen.task[asked], minlength=len(seen.tasks))
    alone = int((size == 1).sum())
    found = []
    if alone:
        found.append(f"{alone} of {int((size > 0).sum())} tasks were answered by one annotator: what they missed or "
                     "invented there nobody can tell.")
    if len(set(seen.annotator[asked].tolist())) == 2:
        found.append("There are only two annotators: where they disagree, nobody can tell who of them is right.")
    return found
