"""What one look at one reason for training has shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FIRST, GROWTH, SCORE, INPUTS, LABELS, GUIDELINE, SCHEDULE = (
    "first", "growth", "score", "input drift", "label drift", "guideline", "schedule")


@dataclass(frozen=True, slots=True)
class Look:
    """A trigger with its figures, whether it asks for a training or not."""

    trigger: str
    due: bool
    said: str
    """One sentence: why it is due, or what it waits for."""
    control: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def told(self) -> str:
        """The sentence, with the control it is about."""
        return f"{self.control}: {self.said}" if self.control else self.said
