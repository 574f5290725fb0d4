"""What a model learns from: texts with labels that people stand behind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

HELD_OUT = 0.2
"""Share of tasks, and of labelled tasks, that is at most kept from training."""
TRAIN, HOLDOUT, APART = "train", "holdout", "apart"
"""What an example is for: learned from; judging, never learned from; neither, because it is like examples of both."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text."""

    key: int
    """The task's key in the store, or the row number of a CSV file."""
    identity: str
    """What names the example for good; in a file it decides whether it is held out."""
    text: str
    label: str
    weight: float
    """Probability that the label is right; 1 where `shares` say how sure it is."""
    blind: bool = True
    """Nobody who answered saw a suggestion."""
    shares: tuple[float, ...] | None = None
    """Share of each of the dataset's labels, where there is no single truth or the whole posterior is learned:
    `label` is then only the largest."""
    draw: float | None = None
    """Place in [0, 1) that decides whether it is held out where `part` is None; None: a hash of `identity`."""
    part: str | None = None
    """`TRAIN`, `HOLDOUT` or `APART`, settled once and for all; None: never settled, its draw decides."""
    cluster: str = ""
    """Names the examples that are near-duplicates of each other or of one source; empty: unknown."""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Values of the fields by which models are judged apart and which name the source, those that it has."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The examples of one control."""

    control: str
    to_name: str
    field: str
    labels: tuple[str, ...]
    """Labels of the control, in its order; also those without examples."""
    examples: tuple[Example, ...]
    source: str
    """`consensus` or the CSV file's name."""
    cursor: datetime | None = None
    """Newest consensus in it; None: from a file."""
    guideline_version: int | None = None
    """Guideline in force when it was read; None: unknown."""
    limit: float = HELD_OUT
    """Examples whose part was never settled are held out when they are drawn below this."""

    def held_out(self) -> NDArray[np.bool_]:
        """(n,): which examples are kept for judging models."""
        return np.array([self.part_of(e) == HOLDOUT for e in self.examples], dtype=np.bool_)

    def taught(self) -> NDArray[np.bool_]:
        """(n,): which examples are learned from: neither held out nor apart."""
        return np.array([self.part_of(e) == TRAIN for e in self.examples], dtype=np.bool_)

    def part_of(self, example: Example) -> str:
        """What an example is for."""
        if example.part is not None:
            return example.part
        draw = drawn(example.identity) if example.draw is None else example.draw
        return HOLDOUT if draw < self.limit else TRAIN

    def sha256(self) -> str:
        """Hash of everything that is learned from or judged by, whatever the order of the examples."""
        rows = sorted(f"{e.identity}\0{e.text}\0{e.label}\0{e.weight:.6f}"
                      + _told(e.shares) + (f"\0{e.part}" if e.part else "") for e in self.examples)
        head = [self.control, self.field, *self.labels]
        return hashlib.sha256("\1".join(head + rows).encode(errors="surrogatepass")).hexdigest()


def _told(shares: tuple[float, ...] | None) -> str:
    return "" if shares is None else "\0" + ",".join(f"{share:.6f}" for share in shares)


def text_sha256(text: str) -> str:
    """Hash of a text, by which it is known where the text itself must not stand."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def drawn(identity: str) -> float:
    """Place of an example of a file in [0, 1): the same always and everywhere."""
    digest = hashlib.sha256(b"held-out\0" + identity.encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def limit_of(draws: Sequence[float], share: float = HELD_OUT) -> float:
    """Below which draw examples are held out: a share of all tasks, and never more than that of those labelled.

    Rules have people look at the audit sample, the lowest draws, and leave other tasks to the machine: then the low
    draws are many among the labelled tasks.
    """
    most = int(len(draws) * share)
    return min(share, sorted(draws)[most]) if draws else share


def text_of(value: object) -> str | None:
    """The text in a field of a task's data; None where it holds no text. Never read as a path or an address."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None
