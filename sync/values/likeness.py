"""How like two free texts are, from 0 to 1.

Texts are compared as people read them: case, width of letters (NFKC) and runs of white space do not matter. Up to
`WORDWISE` characters it is the normalised Levenshtein similarity of characters; if one of the two is longer, of words,
of which the first `MOST_WORDS` count. So a page costs little more than a line. Several texts of one answer are joined
by line breaks, which are characters like others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from sync.arrays import FloatArray, IntArray

WORDWISE = 400
"""Characters from which on texts are compared word by word."""

MOST_WORDS = 2000
"""Words of a text that count."""

MOST_CHARACTERS = 40_000
"""Characters of a text that are read at all."""

_BLOCK = 50_000


def normal_form(texts: Sequence[str]) -> str:
    """The texts of one answer in the form in which they are compared."""
    parts = (" ".join(unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).casefold().split()) for text in texts)
    return "\n".join(part for part in parts if part)[:MOST_CHARACTERS]


class Texts:
    """Distinct texts in normal form, whose similarities can be asked for in bulk."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._long = np.fromiter((len(text) > WORDWISE for text in texts), bool, len(texts))
        self._number: dict[str, int] = {}
        self._words: dict[int, list[int]] = {}

    def similarity(self, left: IntArray, right: IntArray) -> FloatArray:
        """Similarities of pairs of texts (indices): (n,)."""
        found = np.ones(len(left))
        differ = left != right
        wordwise = differ & (self._long[left] | self._long[right])
        for places, compare in ((np.flatnonzero(differ & ~wordwise), self._by_characters),
                                (np.flatnonzero(wordwise), self._by_words)):
            for start in range(0, len(places), _BLOCK):
                some = places[start:start + _BLOCK]
                found[some] = compare(left[some].tolist(), right[some].tolist())
        return found

    def _by_characters(self, left: list[int], right: list[int]) -> Any:
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cpdist

        one, other = [self._texts[at] for at in left], [self._texts[at] for at in right]
        return cpdist(one, other, scorer=Levenshtein.normalized_similarity, dtype=np.float64)

    def _by_words(self, left: list[int], right: list[int]) -> Any:
        from rapidfuzz.distance import Levenshtein

        return [Levenshtein.normalized_similarity(self._words_of(one), self._words_of(other))
                for one, other in zip(left, right, strict=True)]

    def _words_of(self, at: int) -> list[int]:
        """Words as numbers; kept for the texts of last use, as most pairs come in runs."""
        if at not in self._words:
            if len(self._words) > 1000:
                self._words.clear()
            words = self._texts[at].split()[:MOST_WORDS]
            self._words[at] = [self._number.setdefault(word, len(self._number)) for word in words]
        return self._words[at]
