"""Tf-idf of texts, view by view: the numbers of scikit-learn's TfidfVectorizer with `sublinear_tf`, to the last bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml_backend.calibration import Floats, Ints
from ml_backend.models.counts import Counts
from ml_backend.models.factored import Factored, Singles
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


def fit(counts: Counts, rows: Ints, most: int) -> tuple[Ints, Floats]:
    """Which columns of the counts to learn from the texts `rows`, in order, and their inverse document frequencies.

    Of each view those in enough of these texts, at most `most`, the most frequent first.
    """
    matrix, border, least = counts.matrix[rows], counts.border, counts.least
    texts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    often = np.bincount(matrix.indices, weights=matrix.data, minlength=matrix.shape[1])
    views = (np.arange(border), np.arange(border, matrix.shape[1]))
    found = [view[texts[view] >= max(least, 1)] for view in views]
    columns = np.concatenate([np.sort(view[np.argsort(-often[view], kind="stable")[:most]]) for view in found])
    return columns, np.log((1 + matrix.shape[0]) / (1 + texts[columns])) + 1.0


def weigh(counts: Counts, rows: Ints, columns: Ints, idf: Floats) -> Factored:
    """Tf-idf of the texts `rows`, in single precision: what `TfIdf.read` gives, for many texts to learn from.

    `idf` is that of the `columns` of the counts. A piece that stands c times in a text weighs 1 + log c: c comes from
    the words, the difference is 0 for most.
    """
    matrix, said, cut = counts.matrix[rows][:, columns], counts.said[rows], counts.cut
    border = int(np.searchsorted(columns, counts.border))
    cut = cut[:, columns[border:] - counts.border]
    idf = idf.astype(np.float32)
    second = matrix.indices >= border
    heavy, weights = np.log(matrix.data) + 1, idf[matrix.indices]
    scale = _scale(matrix, heavy * weights, border)
    weights *= np.where(second, *(np.repeat(scale[:, at], np.diff(matrix.indptr)) for at in (1, 0)))
    matrix.data = np.where(second, heavy - matrix.data, heavy) * weights
    matrix.eliminate_zeros()
    said.data *= np.repeat(scale[:, 1], np.diff(said.indptr))
    cut.data *= idf[border:][cut.indices]
    return Factored(matrix, said, cut)


def _scale(matrix: csr_matrix, values: Floats | Singles, border: int) -> Singles:
    """(texts, 2): what makes each text's length 1 in each of the two views; 0 where it has nothing."""
    from scipy.sparse import csr_matrix as csr

    view = np.zeros((matrix.shape[1], 2), dtype=np.float32)
    view[:border, 0], view[border:, 1] = 1, 1
    lengths = np.sqrt(csr((values * values, matrix.indices, matrix.indptr), shape=matrix.shape) @ view)
    return np.asarray(np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0), dtype=np.float32)


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
