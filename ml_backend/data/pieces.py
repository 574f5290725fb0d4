"""The pieces of a text, and a short sketch of them from which the likeness of two texts can be told roughly.

The sketch is MinHash (Broder 1997): two texts agree in each of its numbers with a probability that is the Jaccard
likeness of their sets of pieces.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 5
"""Characters of a piece. Texts of scripts without blanks have pieces, too."""
NUMBERS = 128
"""Numbers of a sketch."""
CHUNK = 1_000_000
"""Characters that are worked on at a time: memory stays bounded."""
LONGEST = 200_000
"""Characters of a text that are looked at."""
BLANKS = str.maketrans(dict.fromkeys(string.punctuation, " "))

Sketch = NDArray[np.uint32]


def normal(text: str) -> str:
    """The text in small letters, without punctuation, with one blank between words and one at each end.

    One that is nothing but punctuation stays as it is.
    """
    text = text[:LONGEST]
    words = text.casefold().translate(BLANKS).split() or text.split()
    return f" {' '.join(words)} ".ljust(SIZE)


def pieces(text: str) -> frozenset[str]:
    """All pieces of a normal text."""
    return frozenset(text[at:at + SIZE] for at in range(len(text) - SIZE + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of the pieces of either that both have. Neither is empty."""
    both = len(one & other)
    return both / (len(one) + len(other) - both)


def sketches(texts: Sequence[str]) -> Sketch:
    """(n, NUMBERS) sketches of normal texts, the same always and everywhere."""
    found = np.empty((len(texts), NUMBERS), dtype=np.uint32)
    masks, factors = _constants(NUMBERS), _constants(NUMBERS, since=NUMBERS) | np.uint32(1)
    for part in _parts(texts):
        hashes, starts = _hashed(texts[part])
        for number in range(NUMBERS):
            found[part, number] = np.minimum.reduceat((hashes ^ masks[number]) * factors[number], starts)
    return found


def _parts(texts: Sequence[str]) -> Iterator[slice]:
    """Slices of about `CHUNK` characters."""
    start = size = 0
    for at, text in enumerate(texts):
        size += len(text)
        if size >= CHUNK or at + 1 == len(texts):
            yield slice(start, at + 1)
            start, size = at + 1, 0


def _hashed(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hashes of all pieces of the texts, one text after the other, and where each one's begin."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    rolling: NDArray[Any] = np.zeros(len(points) - SIZE + 1, dtype=np.uint64)
    for at in range(SIZE):
        rolling = rolling * np.uint64(0x100000001B3) + points[at:at + len(rolling)]
    lengths = np.array([len(text) for text in texts])
    counts = lengths - SIZE + 1
    starts = np.cumsum(counts) - counts
    inside = np.arange(counts.sum()) + np.repeat(np.cumsum(lengths) - lengths - starts, counts)
    return (_mixed(rolling[inside]) >> np.uint64(32)).astype(np.uint32), starts


def _constants(count: int, since: int = 0) -> Sketch:
    """Numbers that look random and are always the same."""
    steps = np.arange(since + 1, since + count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (_mixed(steps) >> np.uint64(32)).astype(np.uint32)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the result depends on every bit of the value (SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
