"""A span over several paragraphs of a dialogue, as one piece a paragraph.

Label Studio stores the first and the last paragraph with an offset in each, and the marked text; how long the
first paragraph is, it does not say. The text has one line a paragraph: so each piece's length is known. Where
the text was not stored or has another number of lines, the first paragraph's piece gets what length remains (one
character at least), and paragraphs in between, of which nothing is known, are left out. Equal spans give equal
pieces either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters `start` to `end` of one paragraph."""

    paragraph: int
    start: int
    end: int


def pieces(first: int, last: int, start: int, end: int, text: Any) -> list[Piece]:
    """One piece a paragraph of the span from `start` in `first` to `end` in `last`; none when it runs backwards."""
    if last < first:
        return []
    if first == last:
        return [Piece(first, start, end)]
    lines = [line for line in text.splitlines() if line] if isinstance(text, str) else []
    if len(lines) == last - first + 1:
        middle = [Piece(first + n, 0, len(line)) for n, line in enumerate(lines[1:-1], 1)]
        return [Piece(first, start, start + len(lines[0])), *middle, Piece(last, 0, end)]
    rest = max(len(text) - end, 1) if isinstance(text, str) else 1
    return [Piece(first, start, start + rest), Piece(last, 0, end)]
