"""What every kind of model can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol, Self, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

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


@runtime_checkable
class Preparing(Protocol):
    """A kind that reads texts once for many trainings: cross-validation asks for several on parts of the same texts.

    What it offers besides `Classifier`; `fit(texts, ...)` is `fit_prepared(prepare(texts), all rows, ...)`.
    """

    @classmethod
    def prepare(cls, texts: Sequence[str]) -> Any:
        """What is needed of the texts, each by itself and without labels: counts, embeddings. Never changed later.

        What depends on the other texts (document frequencies, means) belongs into `fit_prepared`: rows that are not
        trained on must not be felt, or cross-validation would flatter. Raises ModelError when no text says anything.
        """
        ...

    @classmethod
    def fit_prepared(
        cls, prepared: Any, rows: Ints, weights: NDArray[np.float32], *, seed: int, starts: Sequence[Self] = (),
    ) -> Self:
        """Train on the texts `rows` (m,) of those prepared. Every class has weight somewhere.

        `weights` (m, classes) has the weight of each label in each text: all on one label, or on several in their
        shares (`prepared.one_label_each` makes rows with one label of it). `starts`: models of parts of these rows,
        where a solver may begin; it may ignore them. Errors as for `Classifier.fit`.
        """
        ...

    def logits_prepared(self, prepared: Any, rows: Ints) -> Floats:
        """(m, classes) `logits` of the texts `rows`."""
        ...


def prepares(kind: type[Classifier]) -> TypeGuard[type[Preparing]]:
    """Whether a kind reads texts once for many trainings."""
    return issubclass(kind, Preparing)


def explains(classifier: Classifier) -> TypeGuard[Explaining]:
    """Whether it is one that can explain itself. Asked of its class and once: Python's own way compares all members."""
    return _explains(type(classifier))


@cache
def _explains(kind: type[Any]) -> bool:
    return issubclass(kind, Explaining)
