"""What is there and how sure that is: the categorical consensus over groups of regions, "nothing" being a label.

The model is the one for single choices (`sync.consensus`), so that it learns how often each annotator misses what is
there, invents what is not, and takes one label for another. With very many labels such a table an annotator is
neither affordable nor learnable: then the model decides between something and nothing, and the label is the weighted
vote of those who marked (`sync.regions.many`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.consensus import fit
from sync.regions.many import named, named_by_others
from sync.regions.votes import Votes, as_something

LABELS = 40
"""Up to so many labels in use annotators have confusions between them."""

CELLS = 20_000_000
"""Numbers in all confusions together, above which labels are decided by vote."""

LEAST_WEIGHT = 0.05
"""No annotator's vote on a label counts less than this, the best one's counting 1."""

NOBODY: IntArray = np.zeros(0, np.int64)
"""No labels by others: they are only asked where labels are decided by vote."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Of G groups: whether they exist (`exists`, what decides), `label` if so; `sure` that both are right and
    `there` that something is, the probabilities to tell; `posterior` (G, L), the model's own. Of W annotators:
    `confusion`, `counts` (W, L, L). The last of L labels is "nothing"; L = 2 where labels were decided by vote, and
    then `others_label` (C,) is the label by everybody else's votes, for every vote.
    """

    exists: FloatArray
    label: IntArray
    there: FloatArray
    sure: FloatArray
    posterior: FloatArray
    confusion: FloatArray
    counts: FloatArray
    others_label: IntArray
    warnings: tuple[str, ...] = ()


def learn(votes: Votes, annotators: int) -> Belief:
    """Learn everything from the votes."""
    labels = votes.nothing + 1
    many = labels > LABELS + 1 or annotators * labels**2 > CELLS
    cast = as_something(votes) if many else votes
    found = fit(cast.group, cast.annotator, cast.label, tasks=cast.groups, annotators=annotators,
                labels=cast.nothing + 1, pinned=cast.pinned)
    if many:
        return by_vote(votes, cast, found.posterior, found.probability, found.likelihood, found.confusion,
                       found.counts, found.warnings)
    exists, label = decided(found.posterior)
    sure = found.probability[np.arange(votes.groups), label]
    return Belief(exists, label, 1 - found.probability[:, -1], sure, found.likelihood, found.confusion, found.counts,
                  NOBODY, found.warnings)


def by_vote(votes: Votes, cast: Votes, posterior: FloatArray, probability: FloatArray, likelihood: FloatArray,
            confusion: FloatArray, counts: FloatArray, warnings: tuple[str, ...] = ()) -> Belief:
    """Belief whose labels come from weighted votes; posterior, probability and likelihood (G, 2) are of something and
    nothing, `cast` are the votes on that."""
    weight = np.clip(confusion[cast.annotator, 0, 0], LEAST_WEIGHT, 1.0)
    label, share = named(votes, weight)
    there = 1 - probability[:, -1]
    return Belief(decided(posterior)[0], label, there, there * share, likelihood, confusion, counts,
                  named_by_others(votes, weight, label), warnings)


def decided(posterior: FloatArray) -> tuple[FloatArray, IntArray]:
    """Chance that something is there, and the likeliest label if so, from posteriors (n, K + 1)."""
    if posterior.shape[1] < 2:
        return np.zeros(len(posterior)), np.zeros(len(posterior), np.int64)
    return 1 - posterior[:, -1], posterior[:, :-1].argmax(1)
