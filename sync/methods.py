"""The methods of consensus by name, all with the same arguments and the same result.

`hierarchical` is the default. The others are there to compare with, and for who must explain a result by the simplest
rule: `majority` (votes), `one-coin` (one accuracy each), `dawid-skene` (plain, 1979). The probability that these three
tell is their own posterior, which for the last two is too sure.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sync import consensus
from sync.arrays import FloatArray, IntArray, label_counts
from sync.consensus import Fit, Weights, judging, majority_shares, pin, refuse_twice, shrunk
from sync.dawid_skene import dawid_skene
from sync.majority import majority
from sync.one_coin import one_coin
from sync.passes import passes

HIERARCHICAL = consensus.METHOD


class Method(Protocol):
    """What every method is: see `consensus.fit` for the arguments."""

    def __call__(self, task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int,
                 labels: int, pinned: IntArray | None = None, history: FloatArray | None = None,
                 review: NDArray[np.bool_] | None = None) -> Fit:
        """Fit to N answers of W annotators to T tasks with K labels."""


def of_name(name: str) -> Method:
    """The method of this name; ValueError with all names for an unknown one."""
    if name not in METHODS:
        raise ValueError(f"no method of consensus is named '{name}'; there are {', '.join(METHODS)}")
    return METHODS[name]


def _majority(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int, labels: int,
              pinned: IntArray | None = None, history: FloatArray | None = None,
              review: NDArray[np.bool_] | None = None) -> Fit:
    found = majority(task, label, tasks=tasks, labels=labels)
    return _completed(found, None, 1, task, annotator, label, annotators, pinned, history, review)


def _one_coin(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int, labels: int,
              pinned: IntArray | None = None, history: FloatArray | None = None,
              review: NDArray[np.bool_] | None = None) -> Fit:
    before = None if history is None else (np.trace(history, axis1=1, axis2=2), history.sum((1, 2)))
    found = one_coin(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels, pinned=pinned,
                     seen_before=before, review=review)
    right = found.accuracy[:, None, None] * np.eye(labels)
    wrong = ((1 - found.accuracy) / max(labels - 1, 1))[:, None, None] * (1 - np.eye(labels))
    confusion = right + wrong if labels > 1 else np.ones((annotators, 1, 1))
    return _completed(found.posterior(), confusion, found.iterations, task, annotator, label, annotators, pinned,
                      history, review)


def _dawid_skene(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int, labels: int,
                 pinned: IntArray | None = None, history: FloatArray | None = None,
                 review: NDArray[np.bool_] | None = None) -> Fit:
    """Plain; known labels are kept, but teach nothing, and history is not used for the labels."""
    found = dawid_skene(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels)
    return _completed(found, None, 0, task, annotator, label, annotators, pinned, history, review)


def _completed(posterior: FloatArray, confusion: FloatArray | None, iterations: int, task: IntArray,
               annotator: IntArray, label: IntArray, annotators: int, pinned: IntArray | None,
               history: FloatArray | None, review: NDArray[np.bool_] | None) -> Fit:
    """A whole fit around a posterior (T, K): confusions as the default method would shrink them, unless given."""
    tasks, labels = posterior.shape
    refuse_twice(task, annotator, annotators)
    known = np.full(tasks, -1) if pinned is None else np.asarray(pinned)
    posterior = pin(posterior.round(12), known)
    answers = passes(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels)
    own = judging(task, known, review)
    counts = passes(task[own], annotator[own], label[own], tasks=tasks, annotators=annotators,
                    labels=labels).counts(posterior)
    learned, pooled = shrunk(counts + (0.0 if history is None else history), Weights())
    confusion = learned if confusion is None else confusion
    votes = label_counts(task, label, tasks, labels)
    used = (votes.sum(1) > 0) | (known >= 0)
    prior = (posterior[used].sum(0) + 1) / (used.sum() + labels)
    return Fit(posterior=posterior, probability=posterior, likelihood=pin(answers.expect(confusion, prior), known),
               confusion=confusion, counts=counts, pooled=pooled, prior=prior, iterations=iterations,
               warnings=consensus.warnings_of(posterior[used], majority_shares(pin(votes, known)[used]), pooled))


METHODS: dict[str, Method] = {"majority": _majority, "one-coin": _one_coin, "dawid-skene": _dawid_skene,
                              HIERARCHICAL: partial(consensus.fit, asked_again=True)}
"""By the name under which they are chosen and stored."""
