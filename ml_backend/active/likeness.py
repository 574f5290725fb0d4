"""Where texts stand to each other: points of which near ones say much the same.

The n-grams of the default model, weighted by how rare they are among these very texts, pressed into few dimensions
(latent semantic analysis: Deerwester et al. 1990). No label is needed, so it works before there is any model.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml_backend.models.text_linear import VIEWS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Points = NDArray[np.float32]

DIMENSIONS = 128
"""Of the points: enough to tell topics and phrases apart, few enough to compare thousands with thousands."""
LONGEST = 2_000
"""Characters of a text that are read: what a text is about shows early."""
MOST_GRAMS = 50_000
"""N-grams kept in each view, the most frequent first."""
FEW = 10
"""Up to so many texts, n-grams that stand in only one of them count."""
BLOCK = 2_000
"""Texts compared with all others at a time, so that memory stays bounded."""


def points(texts: Sequence[str], dimensions: int = DIMENSIONS) -> Points:
    """(n, d) unit rows, or zero where a text has no features; d is `dimensions` or less for few or uniform texts."""
    return unit(pressed(texts, (), dimensions)[0])


def pressed(
    texts: Sequence[str], others: Sequence[str] = (), dimensions: int = DIMENSIONS,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(n, d) of `texts`, as long as what d dimensions keep of them, and (m, d) of `others`, read in the same way.

    Only `texts` say which n-grams there are, how rare they are, and which go together.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    features, other = _grams(texts, others)
    size = min(dimensions, min(features.shape) - 1)
    if size < 1 or not features.nnz:
        return np.zeros((len(texts), 1), dtype=np.float32), np.zeros((len(others), 1), dtype=np.float32)
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)     # fewer distinct texts than dimensions: zeros, as they are
        _, _, axes = randomized_svd(features, size, n_iter=2, random_state=0)
        axes = axes.astype(np.float32).T
        return np.asarray(features @ axes), np.asarray(other @ axes)


def _grams(texts: Sequence[str], others: Sequence[str]) -> tuple[csr_matrix, csr_matrix]:
    """Tf-idf of words and of pieces of words, each view of length 1; a text of neither (an emoji) is a row of nothing.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    cut, cut_others = [text[:LONGEST] for text in texts], [text[:LONGEST] for text in others]
    found, also = [], []
    for options in VIEWS.values():
        view = TfidfVectorizer(**options, sublinear_tf=True, max_features=MOST_GRAMS, dtype=np.float32,
                               min_df=2 if len(cut) > FEW else 1)
        try:
            found.append(view.fit_transform(cut))
        except ValueError:      # scikit-learn's "empty vocabulary", or nothing that occurs twice
            continue
        also.append(view.transform(cut_others) if others else csr_matrix((0, found[-1].shape[1]), dtype=np.float32))
    if not found:
        return csr_matrix((len(texts), 1), dtype=np.float32), csr_matrix((len(others), 1), dtype=np.float32)
    return csr_matrix(hstack(found)), csr_matrix(hstack(also))


def unit(rows: NDArray[np.float32]) -> Points:
    """Rows of length 1; a row of (next to) nothing becomes zero: it is like no other."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-6), dtype=np.float32)


def nearest(some: Points, others: Points) -> NDArray[np.float64]:
    """(n,) largest cosine of each of `some` to any of `others`, 0 to 1; 0 where there are none."""
    if not len(others):
        return np.zeros(len(some))
    found = [(some[start:start + BLOCK] @ others.T).max(axis=1) for start in range(0, len(some), BLOCK)]
    return np.asarray(np.clip(np.concatenate([np.empty(0), *found]), 0.0, 1.0), dtype=np.float64)
