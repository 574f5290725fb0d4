"""Near-duplicates: which texts are so alike that a model taught with one of them knows the others.

Texts that agree in a band of their sketches are looked at (locality-sensitive hashing, Indyk & Motwani 1998); those
whose pieces are then found alike, exactly, belong together, and so does what is like either. 100,000 short texts take
seconds: it is done anew whenever it is needed, and nothing has to be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ml_backend.data.pieces import NUMBERS, Sketch, jaccard, normal, pieces, sketches
from ml_backend.data.unions import Unions

Places = NDArray[np.int64]

MISSED = 1e-3
"""Chance that two texts, exactly as alike as asked for, agree in no band and are not looked at."""
NEAR = 8
"""Neighbours of a text that are looked at in a band that very many texts agree in."""
SLACK = 0.15
"""By how much the likeness that sketches tell may be too low; four times its standard error."""
EXACT = 5
"""Comparisons a text, on average, that are made exactly; after those the sketches decide: nobody waits for hours where
very many texts are almost alike enough."""
PAIRS = 20_000
"""Pairs whose sketches are compared at a time."""


def near_duplicates(texts: Sequence[str], least: float | None) -> Places:
    """(n,) for each text the place of the first one of its cluster; clusters of near-duplicates are chains of them.

    `least`: Jaccard likeness of their pieces, above 0 and at most 1, from which two texts are near-duplicates; None:
    none are.
    """
    if least is None:
        return np.arange(len(texts))
    if not 0 < least <= 1:
        raise ValueError(f"likeness {least} is not above 0 and at most 1")
    first: dict[str, int] = {}
    same = np.array([first.setdefault(normal(text), at) for at, text in enumerate(texts)], dtype=np.int64)
    distinct = list(first)
    if len(distinct) < 2:
        return same
    places = np.fromiter(first.values(), dtype=np.int64, count=len(first))
    found = places[_Alike(distinct, least).roots()]
    return np.asarray(found[np.searchsorted(places, same)])


def rows(least: float) -> int:
    """Numbers of a sketch in a band: as many as leave no more than `MISSED` undetected."""
    return max(size for size in range(1, 9)
               if size == 1 or (1 - least ** size) ** (NUMBERS // size) <= MISSED)


class _Alike:
    """Looks for alike texts among distinct normal ones."""

    def __init__(self, texts: Sequence[str], least: float) -> None:
        self._least, self._sketch, self._unions = least, sketches(texts), Unions(len(texts))
        self._pieces = lru_cache(maxsize=4096)(lambda at: pieces(texts[at]))
        self._left, self._unlike = EXACT * len(texts), set[int]()

    def roots(self) -> Places:
        """(n,) the first text of each one's cluster."""
        size = rows(self._least)
        keys = [_keys(self._sketch[:, start:start + size]) for start in range(0, NUMBERS - size + 1, size)]
        for band, following in zip(keys, [*keys[1:], keys[0]], strict=True):
            self._look(band, np.lexsort((following, band)))
        return self._unions.roots()

    def _look(self, keys: NDArray[np.uint64], order: Places) -> None:
        """Compare texts that have the same key with their next neighbours in that order."""
        ordered = keys[order]
        for step in range(1, min(NEAR, len(keys) - 1) + 1):
            at = np.flatnonzero(ordered[step:] == ordered[:-step])
            if not at.size:
                return
            one, other = np.sort([order[at], order[at + step]], axis=0)
            roots = self._unions.roots()
            new = roots[one] != roots[other]
            for start in range(0, int(new.sum()), PAIRS):
                self._compare(one[new][start:start + PAIRS], other[new][start:start + PAIRS])

    def _compare(self, one: Places, other: Places) -> None:
        told = (self._sketch[one] == self._sketch[other]).mean(axis=1)
        likely = told >= (self._least - SLACK if self._left else self._least)
        for a, b, likeness in zip(one[likely].tolist(), other[likely].tolist(), told[likely].tolist(), strict=True):
            pair = a * len(self._sketch) + b
            if pair in self._unlike or self._unions.root(a) == self._unions.root(b):
                continue
            if self._left:
                self._left -= 1
                alike = jaccard(self._pieces(a), self._pieces(b)) >= self._least
            else:
                alike = likeness >= self._least
            if alike:
                self._unions.join(a, b)
            elif self._left:
                self._unlike.add(pair)


def _keys(band: Sketch) -> NDArray[np.uint64]:
    """(n,) one number for each row: equal rows have equal ones."""
    keys = np.zeros(len(band), dtype=np.uint64)
    for column in band.T:
        keys = (keys ^ column) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys
