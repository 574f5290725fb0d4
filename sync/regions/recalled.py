"""The consensus of a few tasks with annotators' qualities from an earlier run on everything."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from sync import online
from sync.arrays import FloatArray, normalised
from sync.observations import Observations
from sync.outcome import AnnotatorQuality
from sync.regions.annotators import SOMETHING
from sync.regions.belief import NOBODY, Belief, by_vote, decided
from sync.regions.gathered import Regions
from sync.regions.unseen import detection
from sync.regions.votes import Votes, as_something

RARE = 1e-3
"""Chance of a label that the earlier run did not know."""


def recall(votes: Votes, seen: Observations, regions: Regions,
           known: Mapping[Hashable, AnnotatorQuality]) -> tuple[Belief, FloatArray, float]:
    """(belief, each annotator's chance to mark what is there, regions a task) from what is `known` of annotators.

    Somebody unknown counts as the crowd does.
    """
    some = next(iter(known.values()))
    people = [known.get(name) for name in seen.annotators]
    counts_of = np.array([one.counts for one in known.values()], np.float64)
    crowd = counts_of.sum(0)
    labels = len(some.labels)
    pooled = normalised(crowd + 1 / labels + 2 * np.eye(labels))
    prior = normalised(crowd.sum(1) + 1)
    shape = (len(people), labels, labels)
    confusion: FloatArray = np.reshape([pooled if one is None else one.confusion for one in people], shape)
    counts: FloatArray = np.reshape([0 * pooled if one is None else one.counts for one in people], shape)
    detected = detection(confusion, counts + crowd * 1e-9)
    rate = float(some.details.get("run", {}).get("regions_per_task") or 0.0)
    if some.labels[0] == SOMETHING and labels == 2:
        two = as_something(votes)
        posterior, probability = _posteriors(two, confusion, counts, pooled, prior)
        return by_vote(votes, two, posterior, probability, posterior, confusion, counts), detected, rate
    names = [*(regions.labels[at] for at in votes.used.tolist()), some.labels[-1]]
    widen = [some.labels.index(name) if name in some.labels else -1 for name in names]
    confusion, pooled = _widened(confusion, widen), _widened(pooled[None], widen)[0]
    prior = normalised(np.array([prior[at] if at >= 0 else RARE for at in widen]))
    counts = np.where((np.array(widen) >= 0)[:, None] & (np.array(widen) >= 0), counts[:, widen][:, :, widen], 0.0)
    posterior, probability = _posteriors(votes, confusion, counts, pooled, prior)
    exists, label = decided(posterior)
    sure = probability[np.arange(votes.groups), label]
    return Belief(exists, label, 1 - probability[:, -1], sure, posterior, confusion, counts, NOBODY), detected, rate


def _widened(confusion: FloatArray, widen: list[int]) -> FloatArray:
    """Confusions (W, K, K) over other labels: `widen` has the old place of each, -1 for a new one.

    A new label is taken to be noticed, missed and mistaken as the average label is.
    """
    at = np.array(widen)
    new = at < 0
    found = confusion[:, np.maximum(at, 0)][:, :, np.maximum(at, 0)]
    found[:, :, new] = RARE
    found[:, new, :] = RARE
    inner = confusion[:, :-1, :-1]
    hit = np.trace(inner, axis1=1, axis2=2) / max(inner.shape[1], 1)
    for place in np.flatnonzero(new):
        found[:, place, place] = np.maximum(hit, RARE)
        found[:, place, -1] = np.maximum(confusion[:, :-1, -1].mean(1) if inner.shape[1] else RARE, RARE)
    return np.asarray(normalised(np.maximum(found, 1e-9)))


def _posteriors(votes: Votes, confusion: FloatArray, counts: FloatArray, pooled: FloatArray,
                prior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior that decides and probability to tell of each group: (G, K + 1) each."""
    model = online.known(prior, pooled, confusion, counts)
    posterior, probability = np.zeros((2, votes.groups, len(prior)))
    order = np.argsort(votes.group, kind="stable")
    parts = np.split(order, np.searchsorted(votes.group[order], np.arange(1, votes.groups))) if votes.groups else []
    for at, part in enumerate(parts):
        if votes.pinned[at] >= 0:
            posterior[at, votes.pinned[at]] = probability[at, votes.pinned[at]] = 1.0
        else:
            posterior[at], probability[at] = online.posterior(model, votes.annotator[part], votes.label[part])
    return posterior, probability
