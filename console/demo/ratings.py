"""What the demo replays: film-review sentences and the recorded ratings of real people.

The film-review set was rated in batches of 30 consecutive sentences, by 15 to 29 people a batch, and within a
batch a position in the list of ratings is the same person throughout. Whether somebody rated several batches is
unknown, so an annotator of the demo is a chain of real raters, one per batch, of like reliability: in each batch
the raters are ranked by how often their class agrees with the mean of the *other* raters, and the k-th annotator
takes the k-th of 15 places spread over that ranking. So the answers are real people's, and the fifteen
identities are stitched. The ranking serves the stitching alone: neither router, consensus nor model sees it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from console.demo import archive
from cueloop.errors import DataError

LABELS = ("negative", "neutral", "positive")
BATCH = 30
ANNOTATORS = 15
NEUTRAL_BAND = 0.5
"""A mean rating (from -4 to +4) no further than this from zero is neutral."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ratings:
    """Sentences with everybody's ratings, and which rater stands for which annotator.

    `ratings[t]` holds the ratings of all people of task t's batch (-4 to +4); `raters[t, a]` is the position in
    it of the person who stands for annotator `a`.
    """

    texts: tuple[str, ...]
    ratings: tuple[Floats, ...]
    raters: Ints

    @cached_property
    def labels(self) -> Ints:
        """Recorded class of every annotator for every task: tasks x annotators, indices into LABELS."""
        return np.array([classes(row)[places] for row, places in zip(self.ratings, self.raters, strict=True)])

    def label(self, task: int, annotator: int) -> str:
        """What the annotator answered, then."""
        return LABELS[int(self.labels[task, annotator])]

    def gold(self, task: int, asked: Collection[int] = ()) -> str:
        """Class of the mean of all raters of a task except the annotators who were asked."""
        others = np.delete(self.ratings[task], self.raters[task, sorted(asked)])
        if not others.size:
            raise DataError(f"Task {task}: every rater was asked, nobody is left to judge by.")
        return LABELS[int(mean_class(np.asarray(others.mean())))]


def classes(ratings: Floats) -> Ints:
    """Class of each single rating, by its sign."""
    return np.asarray(np.sign(ratings) + 1, dtype=np.int64)


def mean_class(mean: Floats) -> Ints:
    """Class of mean ratings: neutral within the band around zero."""
    return classes(np.where(np.abs(mean) > NEUTRAL_BAND, mean, 0.0))


def reliability(batch: Floats) -> Floats:
    """How often each rater's class agrees with the mean of the others; batch: sentences x raters."""
    others = (batch.sum(axis=1, keepdims=True) - batch) / (batch.shape[1] - 1)
    agreement: Floats = np.mean(classes(batch) == mean_class(others), axis=0)
    return agreement


def chain(batch: Floats, annotators: int = ANNOTATORS) -> Ints:
    """Positions of the raters who stand for the annotators in one batch: most reliable first."""
    ranked: Ints = np.argsort(-reliability(batch), kind="stable")
    return np.asarray(ranked[np.linspace(0, len(ranked) - 1, annotators).round().astype(int)], dtype=np.int64)


def load(batches: int = 20, seed: int = 1) -> Ratings:
    """Sentences of `batches` batches spread over the file, in an order shuffled by `seed`.

    The file is sorted by class, so neighbours would teach the model one class at a time.
    """
    path = archive.ensure()
    texts = _column(archive.read(path, "movieReviewSnippets_GroundTruth.txt"), 2)
    lists = _column(archive.read(path, "movieReviewSnippets_anonDataRatings.txt"), 3)
    if len(texts) != len(lists):
        raise DataError(f"{path}: {len(texts)} sentences but {len(lists)} lists of ratings.")
    tasks: list[tuple[str, Floats, Ints]] = []
    for index in np.linspace(0, len(texts) // BATCH - 1, batches).round().astype(int):
        rows = slice(index * BATCH, (index + 1) * BATCH)
        batch = np.array([ast.literal_eval(cell) for cell in lists[rows]], dtype=float)
        places = chain(batch)
        tasks.extend((text, row, places) for text, row in zip(texts[rows], batch, strict=True))
    order = np.random.default_rng(seed).permutation(len(tasks))
    return Ratings(tuple(tasks[i][0] for i in order), tuple(tasks[i][1] for i in order),
                   np.array([tasks[i][2] for i in order]))


def _column(table: str, index: int) -> list[str]:
    return [line.split("\t")[index].strip() for line in table.splitlines() if line.strip()]
