"""How good the loop's labels are, judged by the raters whom it did not ask, and how good uniform overlap is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from console.demo.ratings import LABELS, Ints, Ratings
from sync import consensus


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its exact 95 % interval (Clopper and Pearson 1934); NaN where there was nothing to count."""

    value: float
    low: float
    high: float
    of: int

    def __str__(self) -> str:
        """As the report prints it."""
        if not self.of:
            return "none to judge by"
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%}, of {self.of})"


def share(hits: int, of: int) -> Share:
    """Share of `hits` among `of`."""
    from scipy.stats import beta

    if not of:
        return Share(float("nan"), 0.0, 1.0, 0)
    low = float(beta.ppf(0.025, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, of - hits)) if hits < of else 1.0
    return Share(hits / of, low, high, of)


def accuracy(ratings: Ratings, labels: Mapping[int, str], asked: Mapping[int, Sequence[int]], *,
             of: int | None = None) -> Share:
    """Share of tasks whose label is the class of the mean of the raters who were not asked about that task.

    `labels` maps tasks to labels, `asked` tasks to annotators. With `of`, a task without a label counts as wrong.
    """
    hits = sum(label == ratings.gold(task, asked.get(task, ())) for task, label in labels.items())
    return share(hits, len(labels) if of is None else of)


def uniform(ratings: Ratings, answers: int, seed: int) -> float:
    """Accuracy of the same consensus when as many answers are spread evenly over tasks and people at random."""
    task, annotator = spread(ratings, answers, np.random.default_rng(seed))
    tasks, people = ratings.labels.shape
    fit = consensus.fit(task, annotator, ratings.labels[task, annotator],
                        tasks=tasks, annotators=people, labels=len(LABELS))
    labels = {t: LABELS[int(k)] for t, k in enumerate(fit.posterior.argmax(1))}
    asked = {t: [int(a) for a in annotator[task == t]] for t in range(tasks)}
    return accuracy(ratings, labels, asked).value


def spread(ratings: Ratings, answers: int, generator: np.random.Generator) -> tuple[Ints, Ints]:
    """Which annotators uniform overlap asks about which tasks: two index arrays, one place an answer."""
    tasks, people = ratings.labels.shape
    each, more = divmod(min(answers, tasks * people), tasks)
    sizes = np.full(tasks, each)
    sizes[generator.permutation(tasks)[:more]] += 1
    annotator = np.concatenate([generator.permutation(people)[:size] for size in sizes])
    return np.repeat(np.arange(tasks), sizes), annotator.astype(np.int64)
