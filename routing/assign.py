"""Assigns annotators to tasks so that the answers are worth most in all, and says how far from the best that may be.

Every task wants `overlap` answers at most, by different people; every annotator has `capacity` places. That is a
transportation problem. Its dual has one price a place of each annotator: Newton's method finds them on a smoothed
dual of some tasks, then on all tasks with a few candidates each. Each task takes its best by value less price, and
where the capacities then do not hold, shortest paths and maximum flows among annotators move what is misplaced. Any
prices bound the optimum from above, so the gap is known.

What an answer is worth is taken as given, and the sum as what counts. The second answer to a task tells less than the
first, so this is a surrogate where the overlap is above one: value answers by what they add to what is believed now,
assign few at a time, and value anew when answers came. `routing.choosing.batch` and the sync loop do that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.assignment import candidates, prices
from routing.assignment.bound import bound
from routing.assignment.correct import corrected, worth
from routing.assignment.draft import Draft, strict
from routing.assignment.flow import Flow
from routing.assignment.paths import Paths
from routing.assignment.problem import Blocks, Problem, checked

Ints = NDArray[np.int64]
Array = NDArray[np.float64]

SMALL = 1_024
"""Tasks on which prices are found first; so many need no sample."""

SAMPLES = (2_048, 3_072, 4_096)
"""Tasks on which they are found anew from those; beyond, all tasks correct them. Where values and places are so uneven
that the prices of a sample mislead, the bound says so, and the next sample is tried."""

ENOUGH = 4e-4
"""Gap at which no other sample is tried."""

KEPT = 12
"""Candidates of a task beyond its overlap."""

PASSES = 8
"""Times at most that all tasks correct the prices of the sample."""

ROUNDS = 30
"""Rounds of moving many answers at once; what is still misplaced then goes one by one."""

FEW = 30
"""Misplaced answers that go one by one where tasks are few, so that nothing is lost."""

RADIUS = 100.0
"""Temperatures by which the prices of the sample may be wrong."""

LOSS, BUDGET = 1.0, 2e-5
"""What a move may lose: in temperatures, and all moves of a round in shares of the whole worth."""

GOOD = 1e-4
"""Gap beyond which lower prices are tried for a better bound."""

EXACT = 1e-6
"""Temperatures that a move may lose where tasks are few; else it is one."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who answers what. Unpacks as `pairs, objective, bound`."""

    pairs: tuple[Ints, Ints]
    """(N,) annotators and (N,) tasks, by task: `value[pairs]` are the values of the chosen answers."""
    objective: float
    """Their sum."""
    bound: float
    """No assignment is worth more."""
    open: int
    """Answers wanted that nobody was found for, because places or allowed people are too few, or of no value."""
    price: Array
    """(W,) what one more place of each annotator would be worth."""
    task_price: Array
    """(T,) what one more answer to each task would be worth: what a person must offer above their own price."""

    @property
    def gap(self) -> float:
        """Share of the bound that may be missing."""
        return max(0.0, self.bound - self.objective) / self.bound if self.bound > 0 else 0.0

    def __iter__(self) -> Iterator[object]:
        return iter((self.pairs, self.objective, self.bound))


def assign(value: ArrayLike | Blocks, capacity: ArrayLike, overlap: ArrayLike, *,
           allowed: ArrayLike | Blocks | None = None) -> Assigned:
    """Assign annotators to tasks, each task to at most `overlap` different ones.

    `value` (W, T) is what the answer of each annotator to each task is worth, or a function `value(start, stop)` that
    gives (W, stop - start) of it, the same whenever it is asked: then nothing larger is ever held. `capacity` (W,) is
    how many tasks an annotator takes at most; `overlap` one number or (T,), and (T,) where `value` is a function.
    `allowed` (W, T), or such a function, is false where somebody must not be asked.

    An answer of negative value is never asked for; of value zero only where it fills what is open. Where places or
    allowed people are too few, what is worth most is assigned and `open` says how much is left. The same input gives
    the same result. Raises ValueError for shapes that do not fit and for values that are no numbers.
    """
    problem = checked(value, capacity, overlap, allowed)
    if not problem.tasks or not problem.capacity.any() or not problem.overlap.any():
        for _ in problem.blocks():      # so that what is wrong is told whatever there is to assign
            pass
        nothing = np.zeros(0, np.int64)
        return Assigned((nothing, nothing), 0.0, 0.0, int(problem.overlap.sum()), np.zeros(problem.people),
                        np.zeros(problem.tasks))
    found = _with(problem, SAMPLES[0])
    for sample, before in zip(SAMPLES[1:], SAMPLES, strict=False):
        if found.gap <= ENOUGH or problem.tasks <= before:      # all were in it: another finds the same
            break
        other = _with(problem, sample)
        limit = min(found.bound, other.bound)       # each is a bound for all
        found = replace(max(found, other, key=lambda one: one.objective), bound=limit)
    return found


def _with(problem: Problem, sample: int) -> Assigned:
    """The assignment from prices of so many tasks."""
    price, draft = _solve(problem, sample)
    task, slot = np.nonzero(draft.chosen)
    who = draft.best.annotator[task, slot].astype(np.int64)
    order = np.lexsort((who, task))
    pairs = who[order], task[order]
    objective = _worth(problem, *pairs)
    price, limit, task_price = _proved(problem, price, draft, objective)
    return Assigned(pairs, objective, max(limit, objective), int(problem.overlap.sum() - len(task)), price, task_price)


def _solve(problem: Problem, sample: int) -> tuple[Array, Draft]:
    """Prices, and who answers what."""
    price, heat = _of_sample(problem, sample)
    few = problem.tasks <= SMALL
    kept = problem.people if few else KEPT + int(problem.overlap.max())
    best = candidates.best(problem, price, kept, 0.0 if few else heat)
    price = np.maximum(price, 0)
    if not few:
        price = corrected(best, problem.capacity, problem.overlap, price, RADIUS * heat, PASSES)
    draft = strict(best, problem.capacity, problem.overlap, price)
    flow, dual = Flow.start(draft, price), worth(draft, price)
    if few:
        flow.run(EXACT * heat, 0.0, ROUNDS // 3)
    if flow.wrong > (FEW if few else 0):
        flow.run(LOSS * heat, BUDGET * dual, ROUNDS)
    if flow.wrong:
        Paths.start(flow).balance()
    after = np.maximum(flow.price[:-1], 0)
    better = worth(strict(best, problem.capacity, problem.overlap, after), after) <= dual
    return np.minimum(after if better else price, best.most), draft


def _proved(problem: Problem, price: Array, draft: Draft, objective: float) -> tuple[Array, float, Array]:
    """The prices, and the bound and the tasks' prices there; where it is not good, lower prices may have a better one:
    places that stay open are worth nothing."""
    limit, task_price = bound(problem, price)
    idle = draft.load < problem.capacity
    for low in (price[idle].max(initial=0), np.median(price), price.max()):
        if limit * (1 - GOOD) > objective and low:
            other = np.maximum(price - low, 0)
            found, its_prices = bound(problem, other)
            if found < limit:
                price, limit, task_price = other, found, its_prices
    return price, limit, task_price


def _of_sample(problem: Problem, most: int) -> tuple[Array, float]:
    """(W,) prices that are right for some of the tasks, and the temperature at which they are."""
    price, here = np.zeros(problem.people), np.flatnonzero(problem.capacity > 0)
    capacity = problem.capacity[here].astype(float)
    heat, known = prices.COLD, None
    for size in (SMALL, most):
        sample, wanted = _sample(problem, size)
        finite = sample[np.isfinite(sample)]
        spread = float(finite.std() or finite.max()) if len(finite) else 0.0
        if not spread:
            return price, heat
        part = np.ascontiguousarray(sample[:, here].T)
        share = len(sample) / problem.tasks
        known, heat = prices.of_sample(part, capacity * share, wanted, spread, known)
        if share == 1:
            break
    price[here] = known
    return price, heat


def _sample(problem: Problem, size: int) -> tuple[NDArray[np.float32], Ints]:
    """(n, W) values of some tasks, taken in runs from everywhere, and their overlap."""
    if problem.tasks <= size:
        return problem.block(0, problem.tasks).astype(np.float32), problem.overlap
    length = 32
    starts = np.linspace(0, problem.tasks - length, size // length).astype(int).tolist()
    parts = [problem.block(start, start + length).astype(np.float32) for start in starts]
    return np.concatenate(parts), np.concatenate([problem.overlap[start:start + length] for start in starts])


def _worth(problem: Problem, annotator: Ints, task: Ints) -> float:
    """Sum of the values of these pairs, which are sorted by task: without the noise."""
    total = 0.0
    for start, stop, block in problem.blocks():
        first, last = np.searchsorted(task, (start, stop))
        total += float(block[task[first:last] - start, annotator[first:last]].sum(dtype=float))
    return total
