"""Counts the n-grams of texts as scikit-learn's analyzers do, several times faster.

Words and pairs of words, and the pieces of each word between blanks (`char_wb`): no piece goes over a blank, so what a
word contributes is worked out once and remembered. Language repeats itself: of the words of a new text nearly all have
been met before. The numbers are scikit-learn's own, to the last bit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.calibration import Ints

WORDS, PIECES = "word", "char"
"""Names of the two views of a text."""
LONGEST_PAIR = 2
"""Words in a row that make a gram of the first view at most."""
SHORTEST_PIECE, LONGEST_PIECE = 3, 5
"""Characters of a piece, the blanks around the word included."""
REMEMBERED = 50_000
"""Words that are remembered at most; then it starts anew."""
LONGEST_REMEMBERED = 64
"""Characters of a word that is remembered: longer ones hardly come twice."""

TOKEN = re.compile(r"\w+")
"""What counts as a word of the first view; never more than a word between blanks."""
_AROUND = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class Counted:
    """The n-grams of some texts, as the rows of a sparse matrix; where each of them stood."""

    texts: int
    row: Ints
    """(m,) text of each distinct gram of a text, ascending."""
    column: Ints
    """(m,) its column, ascending in each text."""
    count: Ints
    """(m,) how often it stands there."""
    gram: Ints
    """(g,) of each single occurrence: which of the m it belongs to, ascending."""
    place: Ints
    """(g,) of each single occurrence: where it stands, as an index of `first` and `second`."""
    first: Ints
    """(p,) the word of each place, as an index of `words`; the first word of a pair."""
    second: Ints
    """(p,) the same, or the second word of a pair."""
    where: Ints
    """(p,) text of each place."""
    words: tuple[str, ...]
    """Distinct words between blanks as people are shown them: in small letters, without punctuation around them."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word between blanks holds: `can't!` is two tokens and many pieces."""

    shown: str

    tokens: Ints
    """Numbers of its tokens, -1 for an unknown one."""
    columns: Ints
    """Columns of its tokens and pieces that the model knows, each as often as it occurs."""


class Grams:
    """Counts what a model knows. Used by several threads at once: what is remembered is a pure function of a word."""

    def __init__(self, views: Mapping[str, Sequence[str]]) -> None:
        """`views` are the grams of each view in the order of their columns; the words' columns come first."""
        words = views.get(WORDS, ())
        self._columns = sum(map(len, views.values()))
        self._pieces = {piece: column for column, piece in enumerate(views.get(PIECES, ()), start=len(words))}
        self._single = {word: column for column, word in enumerate(words) if " " not in word}
        columns = np.array([column for column, gram in enumerate(words) if " " in gram], dtype=np.int64)
        pairs = [words[column].split(" ") for column in columns.tolist()]
        self._token = {token: n for n, token in enumerate(sorted({token for pair in pairs for token in pair}))}
        codes = np.array([self._token[one] * len(self._token) + self._token[other] for one, other in pairs],
                         dtype=np.int64)
        order = np.argsort(codes)
        self._pair, self._pair_column = codes[order], columns[order]
        self._known: dict[str, _Word] = {}

    def count(self, texts: Sequence[str]) -> Counted:
        """The grams of each text."""
        split = [text.lower().split() for text in texts]
        distinct: dict[str, int] = {}
        number = np.array([distinct.setdefault(word, len(distinct)) for words in split for word in words],
                          dtype=np.int64)
        known = self._words(distinct)
        shown: dict[str, int] = {}
        named = np.array([shown.setdefault(word.shown, len(shown)) for word in known], dtype=np.int64)[number]
        where = np.repeat(np.arange(len(split)), np.array([len(one) for one in split], dtype=np.int64))
        place, column = _gather([one.columns for one in known], number)
        token_place, token = _gather([one.tokens for one in known], number)
        pair_at, pair_column = self._pairs(where[token_place], token)
        first = np.concatenate([named, named[token_place[pair_at]]])
        second = np.concatenate([named, named[token_place[pair_at + 1]]])
        place = np.concatenate([place, np.arange(len(number), len(first))])
        where = np.concatenate([where, where[token_place[pair_at]]])
        return self._sorted(len(texts), np.concatenate([column, pair_column]), place, first, second, where,
                            tuple(shown))

    def _sorted(self, texts: int, column: Ints, place: Ints, first: Ints, second: Ints, where: Ints,
                words: tuple[str, ...]) -> Counted:
        """Grams in the order of texts and columns: one sort of one number each, which holds all three."""
        low, middle = len(first).bit_length(), self._columns.bit_length()
        packed = np.sort(((where[place] << middle) + column << low) + place)
        cell, place = packed >> low, packed & (1 << low) - 1
        new = np.flatnonzero(begins(cell))
        count = np.diff(new, append=len(cell))
        row, column = cell[new] >> middle, cell[new] & (1 << middle) - 1
        return Counted(texts, row, column, count, np.repeat(np.arange(len(new)), count), place, first, second, where,
                       words)

    def _words(self, words: Iterable[str]) -> list[_Word]:
        known, found = self._known, []
        for word in words:
            one = known.get(word)
            if one is None:
                one = self._read(word)
                if len(word) <= LONGEST_REMEMBERED:
                    if len(known) >= REMEMBERED:
                        known = self._known = {}
                    known[word] = one
            found.append(one)
        return found

    def _read(self, word: str) -> _Word:
        tokens = TOKEN.findall(word)
        columns = [self._single[token] for token in tokens if token in self._single]
        if self._pieces:
            columns += [self._pieces[piece] for piece in pieces(word) if piece in self._pieces]
        return _Word(_AROUND.sub("", word) or word,
                     np.array([self._token.get(token, -1) for token in tokens], dtype=np.int64),
                     np.array(columns, dtype=np.int64))

    def _pairs(self, where: Ints, token: Ints) -> tuple[Ints, Ints]:
        """Which tokens begin a pair that the model knows, and the pairs' columns."""
        if not len(self._pair) or len(token) < 2:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        one, other = token[:-1], token[1:]
        at = np.flatnonzero((where[:-1] == where[1:]) & (one >= 0) & (other >= 0))
        code = one[at] * len(self._token) + other[at]
        found = np.searchsorted(self._pair, code)
        found[found == len(self._pair)] = 0
        right = self._pair[found] == code
        return at[right], self._pair_column[found[right]]


def pieces(word: str) -> list[str]:
    """Pieces of a word with a blank on both sides; one that is shorter than a piece counts once, as it is."""
    padded = f" {word} "
    found = []
    for size in range(SHORTEST_PIECE, LONGEST_PIECE + 1):
        if len(padded) <= size:
            found.append(padded)
            break
        found += [padded[at:at + size] for at in range(len(padded) - size + 1)]
    return found


def begins(ordered: Ints) -> NDArray[np.bool_]:
    """Where another number begins than stood before. `np.diff` takes several times as long for a single text."""
    found = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found


def _gather(arrays: Sequence[Ints], number: Ints) -> tuple[Ints, Ints]:
    """Of each occurrence its array's elements, one after the other: (index of the occurrence, element)."""
    sizes = np.array([len(one) for one in arrays], dtype=np.int64)
    flat = np.concatenate([*arrays, np.empty(0, dtype=np.int64)])
    starts, lengths = (np.cumsum(sizes) - sizes)[number], sizes[number]
    ends = np.cumsum(lengths)
    owner = np.repeat(np.arange(len(number)), lengths)
    return owner, flat[np.arange(len(owner)) + (starts - ends + lengths)[owner]]
