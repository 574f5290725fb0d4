"""Tf-idf of texts, view by view: the numbers of scikit-learn's TfidfVectorizer with `sublinear_tf`, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml_backend.calibration import Floats
from ml_backend.models.grams import PIECES, WORDS, Counted, Grams

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True)
class View:
    """One view of a text, as it was fitted."""

    grams: tuple[str, ...]
    """In the order of their columns."""
    idf: Floats
    """(grams,) inverse document frequency."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The n-grams of some texts with their tf-idf."""

    counted: Counted
    values: Floats
    """(m,) of each distinct gram of a text."""
    columns: int

    def matrix(self) -> csr_matrix:
        """(texts, columns)."""
        from scipy.sparse import csr_matrix

        counted = self.counted
        begin = np.searchsorted(counted.row, np.arange(counted.texts + 1))
        return csr_matrix((self.values, counted.column, begin), shape=(counted.texts, self.columns))


class TfIdf:
    """Reads texts. Used by several threads at once."""

    def __init__(self, views: Mapping[str, View]) -> None:
        """Of fitted views. Raises ValueError when a view's parts differ in length."""
        self.views = {name: views[name] for name in (WORDS, PIECES) if name in views}
        if any(len(view.grams) != len(view.idf) for view in self.views.values()):
            raise ValueError("n-grams and their frequencies differ in number")
        self.columns = sum(len(view.grams) for view in self.views.values())
        self._grams = Grams({name: view.grams for name, view in self.views.items()})
        self._idf = np.concatenate([np.asarray(view.idf, dtype=np.float64) for view in self.views.values()])
        self._border = len(self.views[WORDS].grams) if WORDS in self.views else 0

    def read(self, texts: Sequence[str]) -> Weighed:
        """All of them at once: see `reading.slices`."""
        counted = self._grams.count(texts)
        values = (np.log(counted.count.astype(np.float64)) + 1.0) * self._idf[counted.column]
        part = 2 * counted.row + (counted.column >= self._border)       # each view has length 1 of its own
        length = np.sqrt(np.bincount(part, values * values, minlength=2 * counted.texts))
        return Weighed(counted, values / length[part], self.columns)
