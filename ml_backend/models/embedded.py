"""Logistic regression on vectors of texts: what `static-linear` and `encoder-linear` have in common."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.calibration import Floats, Ints
from ml_backend.models import logistic
from ml_backend.models.embedder import Embedder, Vectors, adopted, shared
from ml_backend.models.learned import check_learned, check_taught

INVERSE_REGULARISATION = 30.0
"""C of the logistic regression on vectors of length 1. From 30 to 100 accuracy on real sets hardly differs."""
MAX_ITERATIONS = 1_000
"""Steps after which training counts as not converged."""
LINEAR, EMBEDDER = "linear.npz", "embedder/"
"""File of the regression; folder of the embedder's files, which are the same in every version."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Texts as vectors, made once for all folds."""

    embedder: Embedder
    vectors: Vectors


class EmbeddedLinear:
    """A trained text classifier. See `Classifier` and `Preparing`."""

    embedder_kind: ClassVar[type[Embedder]]

    def __init__(self, embedder: Embedder, coefficients: NDArray[np.float32], intercept: NDArray[np.float32]) -> None:
        """Of coefficients (size, classes) and intercept (classes,). Raises ValueError when they do not fit."""
        if coefficients.shape != (embedder.size, len(intercept)):
            raise ValueError(f"{coefficients.shape} coefficients for vectors of {embedder.size} numbers")
        self.embedder, self.coefficients, self.intercept = embedder, coefficients, intercept

    @classmethod
    def fit(cls, texts: Sequence[str], truth: Ints, weights: Floats, *, classes: int, seed: int) -> Self:
        """See `Classifier.fit`."""
        each = np.zeros((len(texts), classes), dtype=np.float32)
        each[np.arange(len(texts)), truth] = weights
        check_taught(each)
        return cls.fit_prepared(cls.prepare(texts), np.arange(len(texts)), each, seed=seed)

    @classmethod
    def prepare(cls, texts: Sequence[str]) -> Embedded:
        """See `Preparing.prepare`. A text that is there several times is embedded once."""
        distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        embedder = adopted(cls.embedder_kind.installed())
        found = embedder.embed(list(distinct))
        if not found.any():
            raise ModelError("The training texts are all empty: check which field of the data holds the text.")
        vectors = found if len(distinct) == len(texts) else found[[distinct[text] for text in texts]]
        return Embedded(embedder, vectors)

    @classmethod
    def fit_prepared(
        cls, prepared: Embedded, rows: Ints, weights: NDArray[np.float32], *, seed: int, starts: Sequence[Self] = (),
    ) -> Self:
        """See `Preparing.fit_prepared`. Nothing is drawn: the seed changes nothing."""
        from threadpoolctl import threadpool_limits

        check_taught(weights)
        start = np.mean([np.vstack([one.coefficients, one.intercept]) for one in starts], axis=0) if starts else None
        with threadpool_limits(1, user_api="blas"):     # people work on this machine meanwhile
            found = logistic.fit(prepared.vectors[rows], weights, inverse_regularisation=INVERSE_REGULARISATION,
                                 most=MAX_ITERATIONS, start=start)
        check_learned(found.logits, weights)
        return cls(prepared.embedder, found.coefficients[:-1].copy(), found.coefficients[-1].copy())

    def logits_prepared(self, prepared: Embedded, rows: Ints) -> Floats:
        """See `Preparing.logits_prepared`."""
        return self._of(prepared.vectors[rows])

    def logits(self, texts: Sequence[str]) -> Floats:
        """See `Classifier.logits`."""
        return self._of(self.embedder.embed(texts))

    def _of(self, vectors: Vectors) -> Floats:
        return np.asarray(vectors @ self.coefficients + self.intercept, dtype=np.float64)

    def to_files(self) -> dict[str, bytes]:
        """`linear.npz`, and the embedder's own files: the model needs nothing else of the machine it was trained on."""
        packed = io.BytesIO()
        np.savez(packed, coefficients=self.coefficients, intercept=self.intercept)
        return {LINEAR: packed.getvalue()} | {
            f"{EMBEDDER}{name}": data for name, data in self.embedder.to_files().items()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Classifier.from_files`. Raises ModelError when they do not belong together, or a package is missing."""
        own = {name.removeprefix(EMBEDDER): data for name, data in files.items() if name.startswith(EMBEDDER)}
        embedder = shared(cls.embedder_kind, own)
        try:
            arrays: Any = np.load(io.BytesIO(files[LINEAR]), allow_pickle=False)
            return cls(embedder, arrays["coefficients"], arrays["intercept"])
        except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
            raise ModelError(f"The files of this model do not fit together: {error}. "
                             "Train it anew or roll back.") from None
