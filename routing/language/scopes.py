"""Which names an expression may use: about a task, about one region of it, about an annotator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.language import vocabulary
from routing.language.literals import SHARE


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of one kind of expression."""

    signals: Mapping[str, tuple[str, str]]
    functions: Mapping[str, tuple[str, str, str]]
    measures: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Signals that are one of a few words."""
    labels: frozenset[str] = frozenset()
    """Signals whose texts are labels."""
    fields: bool = True
    """Whether `task.FIELD` may be read."""
    properties: bool = False
    """Whether any other name is a property."""
    about: str = "a task"

    @property
    def known(self) -> list[str]:
        """Names to suggest for one that is misspelt."""
        return [*self.signals, *(["task.FIELD"] if self.fields else [])]


TASK = Scope(signals=vocabulary.SIGNALS | {"regions": ("list", "")}, functions=vocabulary.FUNCTIONS,
             measures=vocabulary.MEASURES, words={"state": vocabulary.STATES},
             labels=frozenset({"predicted", "label", "labels"}))
REGION = Scope(signals=vocabulary.REGION_SIGNALS, functions={"known": vocabulary.FUNCTIONS["known"]},
               measures={"score": SHARE}, labels=frozenset({"label"}), properties=True, about="a region")
ANNOTATOR = Scope(signals=vocabulary.ANNOTATOR_SIGNALS, functions=vocabulary.ANNOTATOR_FUNCTIONS,
                  measures=vocabulary.ANNOTATOR_MEASURES, fields=False, about="a person")
