"""Records that cross from room to room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """One control tag of a label config: a question that annotators answer."""

    name: str
    to_name: str
    type: str
    """Tag name as Label Studio writes it, e.g. `Choices`."""
    labels: tuple[str, ...]
    """Answers to choose from, in the config's order; empty where the tag has none (e.g. `TextArea`)."""
    value: str | None
    """Field of the task's data that the object tag shows: `text` for `$text`."""
    choice: str = "single"
    modelled: bool = False
    """Cueloop builds a consensus for it. Today: `Choices` that allow one answer. The rest passes through."""


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """What a label config asks, and of which fields."""

    controls: tuple[Control, ...]
    variables: frozenset[str]
    """Fields of the task's data that the config needs."""

    @property
    def modelled(self) -> tuple[Control, ...]:
        """The controls that Cueloop models, in the config's order."""
        return tuple(control for control in self.controls if control.modelled)
