"""Who copies from whom: two people who make the *same mistakes*, far more often than mistakes coincide.

Agreement proves nothing: the better two annotators are, the more they agree. So only wrong answers count, by the
consensus without either of the two and also with them (two experts against a crowd are no copiers). For every
mistake of one it is asked how likely the other would give the same wrong label by themself: as they answer such
tasks, or as the rest of the crowd answers this one, whichever makes it likelier. Tempting tasks and people who lean
to one label then explain themselves. What remains is tested exactly (binomial tail).

In simulated teams of twelve that work by themselves 1 of 210 had a false alarm. Who takes eight in ten answers from
another is found 8 times of 10 with 90 tasks in common and four labels; with two labels that takes 180 tasks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray, label_counts, normalised
from sync.consensus import Fit
from sync.observations import Observations
from sync.scorecard.correction import ALPHA
from sync.scorecard.judged import Judged
from sync.scorecard.rates import at_least

FEWEST = 4
"""Shared mistakes that a suspicion needs."""

CROWDED = 50
"""A wrong label that more people than this gave to a task is the task's fault: it accuses nobody."""

SECONDS = 60.0
"""Answers to one task within so many seconds of each other are told as such."""

WEIGHT = 2.0
"""People's worth of the other's own habit beside the crowd's answers to the task."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators (indices): of `mistakes` of `first` on tasks that both answered, `second` shares `shared`,
    where `expected` would be chance; `p` corrected over all pairs; `rows`: first's shared mistakes in the
    observations; `together`: shared mistakes that were given within SECONDS of each other (None: times unknown)."""

    first: int
    second: int
    mistakes: int
    shared: int
    expected: float
    p: float
    rows: tuple[int, ...]
    together: int | None


def copying(judged: Judged, seen: Observations, fit: Fit, most: int = 200) -> tuple[Pair, ...]:
    """The pairs that share mistakes beyond chance, worst first, at most `most`.

    Of each pair both directions are tested and the smaller p doubled, then Bonferroni's correction over all pairs with
    FEWEST tasks in common: where nobody copies, the chance that any pair is named is at most 5 %.
    """
    wrong = _mistakes(judged, fit)
    people = len(seen.annotators)
    suspects = _suspects(judged, wrong, people)
    if not len(suspects):
        return ()
    mine, theirs = _meetings(judged, wrong, suspects, people)
    still, chance = _by_chance(judged, seen, fit, mine, theirs)
    mine, theirs, chance = mine[still], theirs[still], chance[still]
    same = judged.label[mine] == judged.label[theirs]
    pair, at = np.unique(judged.annotator[mine] * people + judged.annotator[theirs], return_inverse=True)
    size, hits = np.bincount(at), np.bincount(at, same)
    expected = np.bincount(at, chance)
    p = at_least(hits, size, np.clip(expected / np.maximum(size, 1), 1e-4, 1.0))
    p = np.minimum(p * 2 * pairs_with_tasks(judged.task, judged.annotator, people, FEWEST), 1.0)
    found: dict[tuple[int, int], Pair] = {}
    for one in np.lexsort((pair, -hits, p)):
        first, second = int(pair[one] // people), int(pair[one] % people)
        if p[one] > ALPHA or len(found) >= most:
            break
        if hits[one] < FEWEST or (second, first) in found:
            continue
        shared = np.flatnonzero((at == one) & same)
        found[first, second] = Pair(
            first, second, int(size[one]), int(hits[one]), float(expected[one]), float(p[one]),
            tuple(judged.row[mine[shared]].tolist()), _together(judged.at[mine[shared]], judged.at[theirs[shared]]))
    return tuple(found.values())


def pairs_with_tasks(task: IntArray, annotator: IntArray, annotators: int, tasks: int) -> int:
    """How many pairs of annotators have at least so many tasks in common; all possible pairs where counting is dear."""
    from scipy import sparse

    active = int((np.bincount(annotator, minlength=annotators) >= tasks).sum())
    every = max(active * (active - 1) // 2, 1)
    number = int(task.max()) + 1 if len(task) else 0
    if every <= 100 or (np.bincount(task).astype(float) ** 2).sum() > 2e7:
        return every
    who = sparse.csr_array((np.ones(len(task), np.float32), (annotator, task)), shape=(annotators, number))
    common = (who @ who.T).tocoo()
    return max(int(((common.data >= tasks) & (common.coords[0] < common.coords[1])).sum()), 1)


def _mistakes(judged: Judged, fit: Fit) -> IntArray:
    """Answers that are more likely wrong than right, by the others and by all together."""
    by_all = fit.likelihood[judged.task, judged.label]
    told = (judged.company >= 2) | judged.known
    return np.flatnonzero(told & (judged.right < 0.5) & (by_all < 0.5))


def _suspects(judged: Judged, wrong: IntArray, people: int) -> IntArray:
    """Unordered pairs (smaller index * people + larger) with FEWEST equal mistakes."""
    key = judged.task[wrong] * np.int64(judged.label.max(initial=0) + 1) + judged.label[wrong]
    order = np.lexsort((judged.annotator[wrong], key))
    a, b = _within(key[order], CROWDED)
    who = judged.annotator[wrong][order]
    pair, hits = np.unique(who[a] * np.int64(people) + who[b], return_counts=True)
    return np.asarray(pair[hits >= FEWEST])


def _within(key: IntArray, most: int) -> tuple[IntArray, IntArray]:
    """All pairs of places a < b with the same value in the sorted `key`, where it occurs at most `most` times."""
    _, start, size = np.unique(key, return_index=True, return_counts=True)
    left, right = [np.empty(0, int)], [np.empty(0, int)]
    for length in range(2, min(int(size.max(initial=0)), most) + 1):
        begin = start[size == length]
        i, j = np.triu_indices(length, 1)
        left.append((begin[:, None] + i).ravel())
        right.append((begin[:, None] + j).ravel())
    return np.concatenate(left), np.concatenate(right)


def _meetings(judged: Judged, wrong: IntArray, suspects: IntArray, people: int) -> tuple[IntArray, IntArray]:
    """Each mistake of a suspect, beside the answer of the suspected partner to the same task."""
    involved = np.zeros(people, bool)
    involved[suspects // people] = involved[suspects % people] = True
    mine = wrong[involved[judged.annotator[wrong]]]
    rows = np.flatnonzero(involved[judged.annotator])
    rows = rows[np.argsort(judged.task[rows], kind="stable")]
    begin, end = (np.searchsorted(judged.task[rows], judged.task[mine], side) for side in ("left", "right"))
    pieces: list[tuple[IntArray, IntArray]] = [(np.empty(0, int), np.empty(0, int))]
    for part in range(0, len(mine), 100_000):
        some = slice(part, part + 100_000)
        count = (end - begin)[some]
        own = np.repeat(mine[some], count)
        place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        other = rows[np.repeat(begin[some], count) + place]
        one, two = judged.annotator[own], judged.annotator[other]
        keep = (one != two) & np.isin(np.minimum(one, two) * np.int64(people) + np.maximum(one, two), suspects)
        pieces.append((own[keep], other[keep]))
    return np.concatenate([own for own, _ in pieces]), np.concatenate([other for _, other in pieces])


def _by_chance(judged: Judged, seen: Observations, fit: Fit, mine: IntArray,
               theirs: IntArray) -> tuple[IntArray, FloatArray]:
    """Meetings that are still a mistake without either answer, and of all how likely the other gives it too."""
    votes = label_counts(judged.task, judged.label, len(seen.tasks), fit.posterior.shape[1])
    still, chance = np.zeros(len(mine), bool), np.zeros(len(mine))
    step = max(1_000_000 // fit.posterior.shape[1], 1)
    for part in (slice(at, at + step) for at in range(0, len(mine), step)):
        task, label = judged.task[mine[part]], judged.label[mine[part]]
        who, other = judged.annotator[mine[part]], judged.annotator[theirs[part]]
        said = judged.label[theirs[part]]
        own = fit.confusion[who, :, label] * fit.confusion[other, :, said]
        truth = normalised(np.maximum(fit.likelihood[task], 1e-300) / np.maximum(own, 1e-12))
        known = seen.pinned[task] >= 0
        truth[known] = fit.likelihood[task[known]]
        habit = (truth * fit.confusion[other, :, label]).sum(1)
        rest = np.maximum(votes[task].sum(1) - 2, 0)
        alike = votes[task, label] - 1 - (said == label)
        chance[part] = np.maximum(habit, (alike + WEIGHT * habit) / (rest + WEIGHT))
        still[part] = truth[np.arange(len(task)), label] < 0.5
    return np.flatnonzero(still), chance


def _together(mine: FloatArray, theirs: FloatArray) -> int | None:
    gap = np.abs(mine - theirs)
    return None if np.isnan(gap).all() else int((gap <= SECONDS).sum())
