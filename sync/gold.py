"""Candidates for ground truth: tasks on which several annotators agree and the consensus is sure.

They are proposed, never marked: a person looks at each and sets the star in Label Studio. Wanted are tasks of every
label, rare ones too, on which different people agree: a set that rests on one person's work measures the others by
that person's habits, and can be given to few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from sync.arrays import IntArray
from sync.observations import Observations
from sync.outcome import Outcome

KINDS = ("choice", "rating", "multi", "taxonomy")
"""Shapes of answers of which two people can give exactly the same; a distribution has no one truth."""

LEAST_ANSWERS, LEAST_PROBABILITY = 3, 0.95
"""Independent answers that must all say the same, and how sure the consensus must be."""

MOST = 60
"""Candidates proposed at a time."""

POOL = 300
"""Of each label the surest so many are looked at: enough to choose different people's work from."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One task that could become ground truth, with what speaks for it."""

    task: Any
    label: str
    probability: float
    answers: int
    """Independent ones: no reviews, none with a suggestion known to have been on screen."""
    blind: int
    """Those of them that are known to be blind."""
    annotators: tuple[Any, ...]
    reasons: tuple[str, ...]


def candidates(seen: Observations, outcome: Outcome, *, most: int = MOST, least_answers: int = LEAST_ANSWERS,
               least_probability: float = LEAST_PROBABILITY) -> list[dict[str, Any]]:
    """The best candidates as JSON, all labels in turn, the rarest first; [] where none is good enough.

    Tasks that have a ground truth are left out. Ties are broken by the task's key.
    """
    if outcome.control.kind not in KINDS:
        return []
    agreed = {row.task: row for row in outcome.consensus}
    pools: dict[str, list[Candidate]] = {}
    for own in _by_task(seen):
        found = _candidate(seen, own, agreed, least_answers, least_probability)
        if found is not None:
            pools.setdefault(found.label, []).append(found)
    return [asdict(one) | {"annotators": list(one.annotators), "reasons": list(one.reasons)}
            for one in _in_turn(pools, most)]


def _by_task(seen: Observations) -> list[IntArray]:
    """Of each task the places of its independent answers."""
    alone = np.flatnonzero(~seen.review & (seen.seen != 1))
    order = alone[np.argsort(seen.task[alone], kind="stable")]
    ends = np.searchsorted(seen.task[order], np.arange(len(seen.tasks) + 1))
    return [order[ends[at]:ends[at + 1]] for at in range(len(seen.tasks)) if ends[at + 1] > ends[at]]


def _candidate(seen: Observations, own: IntArray, agreed: dict[Any, Consensus], least_answers: int,
               least_probability: float) -> Candidate | None:
    at = int(seen.task[own[0]])
    row = agreed.get(seen.tasks[at])
    if row is None or seen.pinned[at] >= 0 or len(own) < least_answers or row.probability < least_probability:
        return None
    label = seen.labels[seen.label[own[0]]]
    if label != row.label or (seen.label[own] != seen.label[own[0]]).any():
        return None
    blind = int((seen.seen[own] == 0).sum())
    people = tuple(sorted((seen.annotators[who] for who in seen.annotator[own]), key=_rank))
    return Candidate(seen.tasks[at], label, round(float(row.probability), 6), len(own), blind, people, (
        f"all {len(own)} annotators said {label!r} independently of each other",
        f"the consensus is {row.probability:.1%} sure",
        f"{blind} of the answers are known to be blind" if blind else "whether a suggestion was seen is not known"))


def _in_turn(pools: dict[str, list[Candidate]], most: int) -> list[Candidate]:
    """One of each label in turn, the rarest label first, as long as there are any."""
    left = {label: sorted(pool, key=_quality)[:POOL] for label, pool in pools.items()}
    turns = sorted(left, key=lambda label: (len(pools[label]), label))
    used: Counter[Any] = Counter()
    chosen: list[Candidate] = []
    while len(chosen) < most and any(left.values()):
        for label in turns:
            if left[label] and len(chosen) < most:
                best = _least_used(left[label], used)
                left[label].remove(best)
                used.update(best.annotators)
                chosen.append(best)
    return chosen


def _least_used(pool: Sequence[Candidate], used: Counter[Any]) -> Candidate:
    """The one whose annotators stand behind the fewest that were chosen so far; of those the best."""
    return min(pool, key=lambda one: (sum(used[who] for who in one.annotators) / len(one.annotators), *_quality(one)))


def _quality(one: Candidate) -> tuple[Any, ...]:
    return -one.blind, -one.answers, -one.probability, _rank(one.task)


def _rank(key: Any) -> tuple[int, Any]:
    """Numbers before texts."""
    return (0, key) if isinstance(key, int | float) else (1, str(key))
