"""Published tables of answers, as counts and as answers of each annotator."""

from __future__ import annotations

import numpy as np

from sync.agreement.table import Table, tabulate

KRIPPENDORFF_2011 = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .",
                     "1 2 3 3 2 4 4 1 2 5 1 .")
"""Part C of "Computing Krippendorff's Alpha-Reliability": a line for each of four observers, twelve units."""

GWET_2014 = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . .", ". 3 3 3 2 3 4 2 2 5 1 3",
             "1 2 3 3 2 4 4 1 2 5 1 .")
"""Gwet's "Handbook of Inter-Rater Reliability", 4th edition, four raters, twelve subjects (irrCAC: cac.raw4raters)."""

FLEISS_1971 = np.array([
    [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0], [2, 0, 4, 0, 0],
    [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6], [1, 0, 0, 5, 0], [1, 1, 0, 4, 0],
    [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1]], float)
"""The first fifteen patients of Fleiss (1971): six psychiatrists, five diagnoses (irrCAC: distrib.6raters)."""

TEN_BY_FOURTEEN = np.array([
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]], float)
"""The usual textbook example of Fleiss' kappa: ten subjects, fourteen raters, five categories."""

COHEN_1960 = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
"""Cohen (1960), Table 2: two judges, 200 patients."""

ABSTRACTORS = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
"""Two abstractors, 100 pregnancies (irrCAC: cont3x3abstractors)."""


def answers(lines: tuple[str, ...]) -> np.ndarray:
    """Answers of annotators (lines) to tasks: (A, T), NaN where there is none."""
    return np.array([[np.nan if one == "." else float(one) for one in line.split()] for line in lines])


def table(said: np.ndarray) -> Table:
    """Table of answers (A, T); labels are the numbers in use."""
    position, label = np.unique(said[~np.isnan(said)], return_inverse=True)
    return tabulate(np.nonzero(~np.isnan(said))[1], label, said.shape[1], position)


def judged(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels that two annotators gave, from how often they gave each pair of labels (K, K)."""
    first, second = np.indices(confusion.shape)
    times = confusion.ravel()
    return np.repeat(first.ravel(), times), np.repeat(second.ravel(), times)


def crowd(rng: np.random.Generator, tasks: int, people: int = 3, labels: int = 3, right: float = 0.75) -> np.ndarray:
    """Answers (A, T): right with a probability, else any other label."""
    truth = rng.integers(0, labels, tasks)
    wrong = (truth + rng.integers(1, labels, (people, tasks))) % labels
    return np.where(rng.random((people, tasks)) < right, truth, wrong).astype(float)
