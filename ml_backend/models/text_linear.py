"""Kind `text-linear`: tf-idf of words and of character n-grams, then logistic regression.

Trains in seconds on a laptop and needs no download. Its files are JSON and plain arrays: loading runs no code.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.calibration import Floats, Ints
from ml_backend.models import logistic
from ml_backend.models.counts import Counts, count
from ml_backend.models.grams import LONGEST_PAIR, LONGEST_PIECE, PIECES, SHORTEST_PIECE, WORDS
from ml_backend.models.learned import check_learned, check_taught
from ml_backend.models.linear import LinearReading
from ml_backend.models.reading import slices
from ml_backend.models.tfidf import TfIdf, View, fit, weigh

Weights = NDArray[np.float32]
"""Coefficients are kept as they are stored, so that a loaded model answers exactly as the trained one."""

VIEWS: dict[str, dict[str, Any]] = {
    WORDS: {"analyzer": "word", "ngram_range": (1, LONGEST_PAIR), "token_pattern": r"(?u)\b\w+\b"},
    PIECES: {"analyzer": "char_wb", "ngram_range": (SHORTEST_PIECE, LONGEST_PIECE)},
}
"""Two views of a text: its words and pairs of words; pieces of words, which forgive typing errors."""
LONGEST = 200_000
"""Characters of a text that are read, some 30,000 words."""
MAX_FEATURES = 100_000
"""N-grams kept in each view, the most frequent first."""
MAX_COEFFICIENTS = 6_000_000
"""N-grams times classes at most: time and memory of a training grow with them, and what is kept and served. With 77
classes 78,000 n-grams stay; half as many would cost a point of accuracy, twice as many gain a tenth of one."""
INVERSE_REGULARISATION = 10.0
"""C of the logistic regression. From 1 to 30 the calibrated scores of real sets of 100 to 800 texts hardly differ."""
MAX_ITERATIONS = 1_000
"""Steps after which training counts as not converged."""


class TextLinear:
    """A trained text classifier."""

    def __init__(self, views: Mapping[str, View], coefficients: Weights, intercept: Floats) -> None:
        """Put together from fitted views, coefficients (classes, features) and intercept (classes,)."""
        self._tfidf = TfIdf(views)
        if coefficients.shape != (len(intercept), self._tfidf.columns):
            raise ValueError(f"{coefficients.shape} coefficients for {self._tfidf.columns} features")
        self._coefficients = np.ascontiguousarray(coefficients.T, dtype=np.float64)     # as it is multiplied
        self.intercept = intercept

    @property
    def views(self) -> Mapping[str, View]:
        """Its n-grams by view, in the order of the features."""
        return self._tfidf.views

    @property
    def coefficients(self) -> Weights:
        """(classes, features)."""
        return self._coefficients.T.astype(np.float32)

    @classmethod
    def fit(cls, texts: Sequence[str], truth: Ints, weights: Floats, *, classes: int, seed: int) -> Self:
        """See `Classifier.fit`."""
        each = np.zeros((len(texts), classes), dtype=np.float32)
        each[np.arange(len(texts)), truth] = weights
        return cls.fit_prepared(cls.prepare(texts), np.arange(len(texts)), each, seed=seed)

    @classmethod
    def prepare(cls, texts: Sequence[str]) -> Counts:
        """See `Preparing.prepare`."""
        counts = count([text[:LONGEST] for text in texts])
        if not any(counts.grams.values()):
            raise ModelError("The training texts are all empty: check which field of the data holds the text.")
        return counts

    @classmethod
    def fit_prepared(
        cls, prepared: Counts, rows: Ints, weights: Weights, *, seed: int, starts: Sequence[Self] = (),
    ) -> Self:
        """See `Preparing.fit_prepared`. Nothing is drawn: the seed changes nothing."""
        from threadpoolctl import threadpool_limits

        check_taught(weights)
        classes = weights.shape[1]
        columns, idf = fit(prepared, rows, min(MAX_FEATURES, MAX_COEFFICIENTS // classes // 2))
        if not len(columns):
            raise ModelError("The training texts have no words in common: nothing can be learned from them.")
        with threadpool_limits(1, user_api="blas"):     # one thread: it is as fast, and people work here meanwhile
            found = logistic.fit(
                weigh(prepared, rows, columns, idf), weights, most=MAX_ITERATIONS,
                inverse_regularisation=INVERSE_REGULARISATION / (2 if classes == 2 else 1),
                start=_start(prepared, columns, starts))
        check_learned(found.logits, weights)
        return cls(_views(prepared, columns, idf), found.coefficients[:-1].T, found.coefficients[-1].astype(np.float64))

    def logits_prepared(self, prepared: Counts, rows: Ints) -> Floats:
        """See `Preparing.logits_prepared`."""
        idf = np.concatenate([view.idf for view in self.views.values()])
        features = weigh(prepared, rows, _columns(prepared, self.views), idf)
        return np.asarray((features @ self._coefficients.astype(np.float32)) + self.intercept, dtype=np.float64)

    def logits(self, texts: Sequence[str]) -> Floats:
        """See `Classifier.logits`."""
        return np.concatenate([np.empty((0, len(self.intercept))),
                               *(self.read(texts[part]).logits for part in slices(texts))])

    def read(self, texts: Sequence[str]) -> LinearReading:
        """See `Explaining.read`."""
        return LinearReading(self._tfidf.read([text[:LONGEST] for text in texts]), self._coefficients, self.intercept)

    def to_files(self) -> dict[str, bytes]:
        """`vocabulary.json` (n-grams in the order of their columns) and `arrays.npz`."""
        arrays: dict[str, Any] = {f"idf_{name}": view.idf for name, view in self.views.items()}
        packed = io.BytesIO()
        np.savez_compressed(packed, coefficients=self.coefficients, intercept=self.intercept, **arrays)
        return {"vocabulary.json": json.dumps({name: view.grams for name, view in self.views.items()}).encode(),
                "arrays.npz": packed.getvalue()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Classifier.from_files`. Raises ModelError when they do not belong together."""
        try:
            vocabulary = json.loads(files["vocabulary.json"])
            arrays = np.load(io.BytesIO(files["arrays.npz"]), allow_pickle=False)
            views = {name: View(tuple(vocabulary[name]), arrays[f"idf_{name}"]) for name in VIEWS if name in vocabulary}
            return cls(views, arrays["coefficients"], arrays["intercept"])
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ModelError(f"The files of this text-linear model do not fit together: {error}. "
                             "Train it anew or roll back.") from None


def _views(prepared: Counts, columns: Ints, idf: Floats) -> dict[str, View]:
    """Those columns of what was counted, as views; none where a view has none (emoji have no words)."""
    views, border = {}, int(np.searchsorted(columns, prepared.border))
    for name, part, first in ((WORDS, slice(None, border), 0), (PIECES, slice(border, None), prepared.border)):
        if len(columns[part]):
            grams = prepared.grams[name]
            views[name] = View(tuple(grams[at - first] for at in columns[part].tolist()), idf[part])
    return views


def _columns(prepared: Counts, views: Mapping[str, View]) -> Ints:
    """Where the grams of a model trained on some of these texts stand among all that were counted."""
    found: list[int] = []
    for name, first in ((WORDS, 0), (PIECES, prepared.border)):
        if name in views:
            place = {gram: at for at, gram in enumerate(prepared.grams[name], start=first)}
            found += [place[gram] for gram in views[name].grams]
    return np.array(found, dtype=np.int64)


def _start(prepared: Counts, columns: Ints, starts: Sequence[TextLinear]) -> Weights | None:
    """The mean of some models, where a solver may begin; a gram that one of them does not know counts 0 there."""
    if not starts:
        return None
    total = np.zeros((prepared.matrix.shape[1] + 1, len(starts[0].intercept)), dtype=np.float32)
    for model in starts:
        total[_columns(prepared, model.views)] += model._coefficients
        total[-1] += model.intercept
    total /= len(starts)
    mean: Weights = total[np.append(columns, -1)]
    return mean
