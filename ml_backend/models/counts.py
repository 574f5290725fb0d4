"""Counts the n-grams of many texts at once, to learn which there are: a matrix that any part of the texts is cut from.

What a text holds follows from its words between blanks, and language repeats itself: a hundred thousand short texts
have some ten thousand words. Each is cut into tokens and pieces once; products of sparse matrices do the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml_backend.calibration import Ints
from ml_backend.models.grams import PIECES, TOKEN, WORDS, pieces

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RARE_FROM = 2_000
"""From this many texts on, n-grams that occur in one text only are left out."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The n-grams of some texts."""

    matrix: csr_matrix
    """(texts, grams) how often each stands in each text, float32: the columns of the views one after the other."""
    grams: dict[str, tuple[str, ...]]
    """By view, in the order of the columns, which is that of the alphabet."""
    said: csr_matrix
    """(texts, words between blanks) how often each stands in each text."""
    cut: csr_matrix
    """(words, grams of the second view): how often each is in each word; `said @ cut` are that view's counts."""
    least: int
    """Texts that a gram must occur in to be learned."""

    @property
    def border(self) -> int:
        """The first column of the second view."""
        return len(self.grams[WORDS])


def count(texts: Sequence[str]) -> Counts:
    """Count the n-grams of texts; those that occur in too few of them are left out."""
    from scipy.sparse import hstack

    least = 2 if len(texts) >= RARE_FROM else 1
    spoken, words = _words(texts)
    tokens, token_of = _parts([TOKEN.findall(word) for word in words])
    parts, piece_of = _parts([pieces(word) for word in words])
    said = _matrix(*spoken, len(words))
    single = said @ _matrix(*tokens, len(token_of))
    pairs, pair_of = _pairs(spoken, tokens)
    some, many = _common(single, least), _common(pairs, least)
    names = [token_of[at] for at in some.tolist()]
    names += [f"{token_of[one]} {token_of[other]}" for one, other in
              zip(pair_of[0][many].tolist(), pair_of[1][many].tolist(), strict=True)]
    spelt, order = _alphabetic(names)
    first = hstack([single[:, some], pairs[:, many]], format="csr")[:, order]
    del single, pairs
    cut = _matrix(*parts, len(piece_of))
    second = said @ cut
    some = _common(second, least)
    cuts, order = _alphabetic([piece_of[at] for at in some.tolist()])
    second, cut = second[:, some[order]], cut[:, some[order]]
    return Counts(hstack([first, second], format="csr"), {WORDS: spelt, PIECES: cuts}, said, cut, least)


Flat = tuple[Ints, NDArray[np.int32]]
"""Lists of numbers one after the other: (where each begins and the last one ends, the numbers)."""


def _words(texts: Sequence[str]) -> tuple[Flat, list[str]]:
    """The words between blanks of each text, as numbers, and the distinct words."""
    words: dict[str, int] = {}
    ends, flat = np.zeros(len(texts) + 1, dtype=np.int64), []
    for at, text in enumerate(texts, start=1):
        split = text.lower().split()
        ends[at] = ends[at - 1] + len(split)
        flat.append(np.array([words.setdefault(word, len(words)) for word in split], dtype=np.int32))
    return (ends, np.concatenate([np.empty(0, dtype=np.int32), *flat])), list(words)


def _parts(lists: Sequence[Sequence[str]]) -> tuple[Flat, list[str]]:
    """Lists of strings as lists of numbers, and the distinct strings."""
    number: dict[str, int] = {}
    ends = np.cumsum([0, *(len(one) for one in lists)], dtype=np.int64)
    flat = np.array([number.setdefault(part, len(number)) for one in lists for part in one], dtype=np.int32)
    return (ends, flat), list(number)


def _pairs(said: Flat, tokens: Flat) -> tuple[csr_matrix, tuple[Ints, Ints]]:
    """Counts of the pairs of neighbouring tokens in each text, and the tokens of each pair."""
    (ends, words), (begins, numbers) = said, tokens
    sizes = np.diff(begins)[words]
    stops = np.cumsum(sizes)
    token = numbers[np.arange(sizes.sum()) + np.repeat(begins[words] - stops + sizes, sizes)].astype(np.int64)
    upto = np.concatenate([[0], stops])[ends]              # tokens before each text
    first: Ints = np.arange(max(len(token) - 1, 0))
    inner = np.ones(len(first), dtype=np.bool_)
    across = upto[1:-1] - 1                                # the last token of a text has no neighbour
    inner[across[(across >= 0) & (across < len(first))]] = False
    first = first[inner]
    most = int(numbers.max(initial=0)) + 1
    codes, number = np.unique(token[first] * most + token[first + 1], return_inverse=True)
    return _matrix(np.searchsorted(first, upto), number.astype(np.int32), len(codes)), (codes // most, codes % most)


def _matrix(ends: Ints, numbers: NDArray[np.int32], columns: int) -> csr_matrix:
    """How often each number stands in each list."""
    from scipy.sparse import csr_matrix

    found = csr_matrix((np.ones(len(numbers), dtype=np.float32), numbers, ends), shape=(len(ends) - 1, columns),
                       copy=True)
    found.sum_duplicates()
    return found


def _common(matrix: csr_matrix, least: int) -> Ints:
    """Columns that stand in enough rows."""
    return np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) >= least)


def _alphabetic(names: list[str]) -> tuple[tuple[str, ...], Ints]:
    """Names in the order of the alphabet, and the place that each had."""
    order = sorted(range(len(names)), key=names.__getitem__)
    return tuple(names[at] for at in order), np.array(order, dtype=np.int64)
