"""What is there and how sure that is: the categorical consensus over groups of regions, "nothing" being a label.

The model is the one for single choices (`sync.consensus`), so that it learns how often each annotator misses what is
there, invents what is not, and takes one label for another. With very many labels such a table an annotator is
neither affordable nor learnable: then the model decides between something and nothing, and the label is the weighted
vote of those who marked (`sync.regions.many`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray, softmax
from sync.consensus import fit
from sync.regions.many import named, named_by_others
from sync.regions.votes import Votes, as_something

LABELS = 40
"""Up to so many labels in use annotators have confusions between them."""

CELLS = 20_000_000
"""Numbers in all confusions together, above which labels are decided by vote."""

LEAST_WEIGHT = 0.05
"""No annotator's vote on a label counts less than this, the best one's counting 1."""

_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True)
class Belief:
    """Of G groups: whether they exist (`exists`, what decides), `label` if so; `sure` that both are right and
    `there` that something is, the probabilities to tell. Of C votes: the same by everybody else's votes (`others`
    that something is there, `others_label`). Of W annotators: `confusion`, `counts` (W, L, L), the last of L labels
    being "nothing"; L = 2 where labels were decided by vote.
    """

    exists: FloatArray
    label: IntArray
    there: FloatArray
    sure: FloatArray
    others: FloatArray
    others_label: IntArray
    confusion: FloatArray
    counts: FloatArray
    warnings: tuple[str, ...] = ()


def learn(votes: Votes, annotators: int) -> Belief:
    """Learn everything from the votes."""
    labels = votes.nothing + 1
    many = labels > LABELS + 1 or annotators * labels**2 > CELLS
    cast = as_something(votes) if many else votes
    found = fit(cast.group, cast.annotator, cast.label, tasks=cast.groups, annotators=annotators,
                labels=cast.nothing + 1, pinned=cast.pinned)
    others, others_label = _by_others(cast, found.confusion, found.prior)
    if many:
        return by_vote(votes, cast, found.posterior, found.probability, found.confusion, found.counts,
                       found.warnings, others)
    exists, label = decided(found.posterior)
    sure = found.probability[np.arange(votes.groups), label]
    return Belief(exists, label, 1 - found.probability[:, -1], sure, others, others_label, found.confusion,
                  found.counts, found.warnings)


def by_vote(votes: Votes, cast: Votes, posterior: FloatArray, probability: FloatArray, confusion: FloatArray,
            counts: FloatArray, warnings: tuple[str, ...], others: FloatArray | None = None) -> Belief:
    """Belief whose labels come from weighted votes; posterior and probability (G, 2) are of something and nothing."""
    weight = np.clip(confusion[cast.annotator, 0, 0], LEAST_WEIGHT, 1.0)
    label, share = named(votes, weight)
    there = 1 - probability[:, -1]
    by_others = label[votes.group] if others is None else named_by_others(votes, weight, label)
    return Belief(decided(posterior)[0], label, there, there * share,
                  np.zeros(len(votes.group)) if others is None else others, by_others, confusion, counts, warnings)


def decided(posterior: FloatArray) -> tuple[FloatArray, IntArray]:
    """Chance that something is there, and the likeliest label if so, from posteriors (n, K + 1)."""
    if posterior.shape[1] < 2:
        return np.zeros(len(posterior)), np.zeros(len(posterior), np.int64)
    return 1 - posterior[:, -1], posterior[:, :-1].argmax(1)


def _by_others(votes: Votes, confusion: FloatArray, prior: FloatArray) -> tuple[FloatArray, IntArray]:
    """`decided` for every vote, from the independent votes of all others on the same group."""
    labels, size = len(prior), len(votes.group)
    likely = np.log(np.maximum(confusion, 1e-12))
    total = np.tile(np.log(np.maximum(prior, 1e-12)), (votes.groups, 1))
    exists: FloatArray = np.empty(size)
    label: IntArray = np.empty(size, np.int64)
    parts = [slice(at, at + max(_BLOCK // labels, 1)) for at in range(0, size, max(_BLOCK // labels, 1))]

    def said(part: slice) -> FloatArray:
        own = likely[votes.annotator[part], :, votes.label[part]]
        return np.asarray(own * votes.independent[part][:, None])

    for part in parts:
        np.add.at(total, votes.group[part], said(part))
    for part in parts:
        exists[part], label[part] = decided(softmax(total[votes.group[part]] - said(part)))
    known = votes.pinned[votes.group]
    exists = np.where(known >= 0, known < votes.nothing, exists)
    return exists, np.where((known >= 0) & (known < votes.nothing), known, label)
