"""What is wrong with a file that people write, and where. All mistakes are told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cueloop.errors import FileError


@dataclass(frozen=True, order=True, slots=True)
class Mistake:
    """One mistake, at a line and column that count from 1."""

    line: int
    column: int
    message: str


class FileRefused(FileError):
    """Raised when a file has mistakes: its message lists each as `file:line:col: message`."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        """`mistakes` in any order."""
        self.file = file
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(f"{file}:{m.line}:{m.column}: {m.message}" for m in self.mistakes))
