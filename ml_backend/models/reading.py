"""What a model that can explain itself made of some texts: logits, and the words that spoke for or against a label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ml_backend.calibration import Floats, Ints

AT_ONCE = 250_000
"""Characters of the texts that are read together: what is noted about each of them has to fit in memory."""
TEXTS_AT_ONCE = 1_000
"""Texts that are read together."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """How much each word of each text spoke for one label against another, in nats before calibration.

    Of each text the words' weights and `rest` sum to the difference of the two labels' logits.
    """

    text: Ints
    """(s,) which text, ascending; a word comes once in a text."""
    word: Ints
    """(s,) index in `words`."""
    weight: Floats
    """(s,) positive: for."""
    words: Sequence[str]
    """As people are shown them: in small letters, without punctuation around them."""
    rest: Floats
    """(n,) what speaks before any word is read."""


class Reading(Protocol):
    """Some texts that a model has read."""

    @property
    def logits(self) -> Floats:
        """(n, classes), uncalibrated."""
        ...

    def spoke(self, best: Ints, second: Ints) -> Spoke:
        """What spoke for class `best` (n,) of each text against class `second` (n,)."""
        ...


def slices(texts: Sequence[str]) -> Iterator[slice]:
    """Parts of the texts to read one after the other, so that memory stays bounded whatever is asked."""
    start, characters = 0, 0
    for place, text in enumerate(texts):
        if place > start and (characters + len(text) > AT_ONCE or place - start == TEXTS_AT_ONCE):
            yield slice(start, place)
            start, characters = place, 0
        characters += len(text)
    if start < len(texts):
        yield slice(start, len(texts))
