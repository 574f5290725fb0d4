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
    """A model predicts it. Today: `Choices` that allow one answer."""
    kind: str = ""
    """Shape of its answers, one of `KINDS`; empty: it passes through untouched."""
    shows: str | None = None
    """Tag of the object it is about, e.g. `Text`, `Audio`, `Image`."""
    linked: bool = False
    """The tag says that the field holds the address of the content (`valueType="url"`), not the content."""
    scale: tuple[float, float] | None = None
    """Least and largest value of a rating or number, where the config sets them."""


KINDS = ("choice", "rating", "number", "multi", "taxonomy", "text", "spans", "segments", "boxes", "polygons",
         "distribution")
"""Shapes of answers that quality covers. No tag is a `distribution`: it is a `choice` that the rules declare to have
no single truth; a `choice` declared `ordered` is treated as a `rating` whose levels are its labels in order."""


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """What a label config asks, and of which fields."""

    controls: tuple[Control, ...]
    variables: frozenset[str]
    """Fields of the task's data that the config needs."""

    @property
    def modelled(self) -> tuple[Control, ...]:
        """The controls that a model predicts, in the config's order."""
        return tuple(control for control in self.controls if control.modelled)

    @property
    def routed(self) -> tuple[Control, ...]:
        """The controls that rules speak of: the modelled ones; where there is none, all that get a consensus."""
        return self.modelled or self.judged

    @property
    def judged(self) -> tuple[Control, ...]:
        """The controls that get a consensus, in the config's order."""
        return tuple(control for control in self.controls if control.kind)
