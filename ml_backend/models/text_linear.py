"""Kind `text-linear`: tf-idf of words and of character n-grams, then logistic regression.

Trains in seconds on a laptop and needs no download. Its files are JSON and plain arrays: loading runs no code.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.calibration import Floats, Ints
from ml_backend.models.grams import LONGEST_PAIR, LONGEST_PIECE, PIECES, SHORTEST_PIECE, WORDS
from ml_backend.models.linear import LinearReading
from ml_backend.models.reading import slices
from ml_backend.models.tfidf import TfIdf, View

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

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
RARE_FROM = 2_000
"""From this many texts on, n-grams that occur in one text only are left out."""
INVERSE_REGULARISATION = 10.0
"""C of the logistic regression. From 1 to 30 the calibrated scores of real sets of 100 to 800 texts hardly differ."""
MAX_ITERATIONS = 1_000
"""Steps after which training counts as not converged."""
OFTEN = 0.05
"""Share of the examples from which a class that is never answered means that training failed."""


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
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        counts = np.bincount(truth, minlength=classes)
        if classes < 2 or (counts == 0).any():
            raise ModelError(f"Training needs examples of at least two classes and of each one; got {counts.tolist()}.")
        texts = [text[:LONGEST] for text in texts]
        views = _fit_views(texts)
        features = _features(TfIdf(views), texts)
        regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=MAX_ITERATIONS, random_state=seed)
        with warnings.catch_warnings(record=True) as told, threadpool_limits(1, user_api="blas"):
            warnings.simplefilter("always")  # one thread: it is as fast, and people work on this machine meanwhile
            regression.fit(features, truth, sample_weight=weights)
        if told or regression.n_iter_.max() >= MAX_ITERATIONS:
            why = "; ".join(str(w.message).split("\n", 1)[0] for w in told) or f"{MAX_ITERATIONS} steps"
            raise ModelError(f"Training did not converge ({why}). The model is not used. "
                             "Look for texts that carry contradicting labels.")
        coefficients, intercept = regression.coef_, regression.intercept_
        if classes == 2:  # scikit-learn keeps one row for two classes
            coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
            intercept = np.array([0.0, float(intercept[0])])
        model = cls(views, coefficients.astype(np.float32), intercept)
        model._check_learned(texts, counts)
        return model

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

    def _check_learned(self, texts: Sequence[str], counts: Ints) -> None:
        """A model that never answers a class it has often seen was not trained, whatever the solver says."""
        answered = np.bincount(self.logits(texts).argmax(axis=1), minlength=len(counts))
        often = counts >= max(5, OFTEN * counts.sum())
        if np.count_nonzero(answered) < 2 or (often & (answered == 0)).any():
            raise ModelError(f"The trained model answers its classes {answered.tolist()} times where the examples "
                             f"have them {counts.tolist()} times: it learned nothing of some. It is not used. "
                             "Look for texts that carry contradicting labels.")


def _fit_views(texts: Sequence[str]) -> dict[str, View]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    views = {}
    for name, options in VIEWS.items():
        view = TfidfVectorizer(**options, sublinear_tf=True, max_features=MAX_FEATURES,
                               min_df=2 if len(texts) >= RARE_FROM else 1)
        try:
            view.fit(texts)
        except ValueError:  # scikit-learn's "empty vocabulary": e.g. emoji have no words
            continue
        views[name] = View(tuple(sorted(view.vocabulary_, key=view.vocabulary_.__getitem__)), view.idf_)
    if not views:
        raise ModelError("The training texts are all empty: check which field of the data holds the text.")
    return views


def _features(tfidf: TfIdf, texts: Sequence[str]) -> csr_matrix:
    from scipy.sparse import vstack

    return vstack([tfidf.read(texts[part]).matrix() for part in slices(texts)], format="csr")
