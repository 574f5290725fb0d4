"""What every kind of model can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol, Self, TypeGuard, runtime_checkable

from ml_backend.calibration import Floats, Ints
from ml_backend.models.reading import Reading


class Classifier(Protocol):
    """Maps texts to logits over `classes` labels. It knows numbers of classes, never their names."""

    @classmethod
    def fit(cls, texts: Sequence[str], truth: Ints, weights: Floats, *, classes: int, seed: int) -> Self:
        """Train on texts with class numbers `truth` (n,). Every class occurs. Same seed, same model.

        Raises ModelError when training does not converge or the data cannot carry a model.
        """
        ...

    def logits(self, texts: Sequence[str]) -> Floats:
        """(n, classes), uncalibrated."""
        ...

    def to_files(self) -> dict[str, bytes]:
        """The whole model as named files that hold no code."""
        ...

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The model that `to_files` wrote."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A classifier that can also tell which words made it say what it says; others tell scores only."""

    def read(self, texts: Sequence[str]) -> Reading:
        """The texts as this model reads them: the logits of `logits`, and what each word did to them."""
        ...


def explains(classifier: Classifier) -> TypeGuard[Explaining]:
    """Whether it is one that can explain itself. Asked of its class and once: Python's own way compares all members."""
    return _explains(type(classifier))


@cache
def _explains(kind: type[Any]) -> bool:
    return issubclass(kind, Explaining)
