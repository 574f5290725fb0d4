"""Kinds of models compete: the one that says most of texts it did not learn from is taken, the cheaper of equals.

They are compared by the log loss of the same cross-validation. A dearer kind must be better by more than one standard
error of the paired difference (the rule of Breiman et al. 1984): it costs time with every text that it answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cueloop.errors import ModelError, NotFound
from ml_backend.calibration import SMALLEST, Floats
from ml_backend.dataset import Dataset
from ml_backend.models import KINDS, extras, weights
from ml_backend.policy.policy import AUTO
from ml_backend.training import Progress, Trained, part_of, train

ENCODER_CHARACTERS = 3_000_000
"""Characters of texts up to which `auto` tries a sentence encoder: two to three minutes of one processor."""
STATIC_TEXTS = 50_000
"""Texts up to which `auto` tries static embeddings: beyond, words have been seen often enough to be counted."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which kinds compete for some data, cheapest first, and why others do not."""

    kinds: tuple[str, ...]
    left_out: dict[str, str]


def train_best(
    data: Dataset, kinds: Sequence[str] = (AUTO,), *, seed: int = 0, progress: Progress = lambda done, total: None,
) -> Trained:
    """Train a head of each kind on the part of the data that is not held out; the best one, retrained on all of it.

    `auto` stands for those installed whose cost the data allow; a transformer is tried when it is named. The report
    has under `kinds` the score of each, why one was taken and why others were not tried. Raises ModelError when none
    can be trained or a named one is not installed, NotFound for an unknown one.
    """
    choice = competing(kinds, data)
    trained: list[Trained] = []
    failed: dict[str, str] = {}
    for number, kind in enumerate(choice.kinds):
        try:
            trained.append(train(data, kind=kind, seed=seed, progress=part_of(progress, number, len(choice.kinds))))
        except ModelError as error:
            failed[kind] = str(error)
    if not trained:
        raise ModelError(" ".join(dict.fromkeys(failed.values())))
    best, why = _best(trained)
    scores = {one.head.kind: one.report["out_of_fold"] for one in trained}
    return replace(best, report=best.report | {"kinds": {
        "taken": best.head.kind, "why": why, "scores": scores, "failed": failed, "left_out": choice.left_out}})


def competing(kinds: Sequence[str], data: Dataset) -> Choice:
    """The kinds that are trained. Raises NotFound for an unknown one, ModelError when a named one is not installed."""
    for name in kinds:
        if name != AUTO and name not in KINDS:
            raise NotFound(f"There is no model kind {name!r}. Kinds: {', '.join([AUTO, *KINDS])}.")
    named = [name for name in kinds if name != AUTO]
    for name in named:
        if told := missing(name):
            raise ModelError(f"Kind {name}: {told}")
    left_out = {name: why for name in KINDS if name not in named and (why := _why_not(name, data))} \
        if AUTO in kinds or not kinds else {name: "not named" for name in KINDS if name not in named}
    return Choice(tuple(name for name in KINDS if name not in left_out), left_out)


def missing(kind: str) -> str:
    """What training a kind lacks on this machine, and the command that installs it; empty: nothing."""
    if kind in extras.OF_KIND and not extras.OF_KIND[kind].here():
        return extras.OF_KIND[kind].missing()
    return weights.MISSING if kind in {"encoder-linear", "transformer"} and not weights.here() else ""


def _why_not(kind: str, data: Dataset) -> str:
    """Why `auto` does not try a kind; empty: it does."""
    if told := missing(kind):
        return told
    if kind == "transformer":
        return "It is tried when it is named: fine-tuning takes minutes to hours."
    texts = {example.text for example in data.examples}
    if kind == "static-linear" and len(texts) > STATIC_TEXTS:
        return f"{len(texts):,} texts are more than the {STATIC_TEXTS:,} where it pays; name it to try it."
    characters = sum(min(len(text), weights.MOST_CHARACTERS) for text in texts)
    if kind == "encoder-linear" and characters > ENCODER_CHARACTERS:
        return (f"{characters:,} characters are more than it reads in the time that is allowed "
                f"({ENCODER_CHARACTERS:,}); name it to try it.")
    return ""


def _best(trained: Sequence[Trained]) -> tuple[Trained, str]:
    """The best of some, cheapest first, and why."""
    best, why = trained[0], "It is the only one that was trained."
    for one in trained[1:]:
        gain = _losses(best) - _losses(one)
        error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else 0.0
        if gain.mean() > error:
            best, why = one, (f"Its log loss is lower than that of {best.head.kind} by {gain.mean():.3f} nats, "
                              f"more than the standard error of {error:.3f}.")
        else:
            way = "lower" if gain.mean() > 0 else "higher"
            why = (f"{one.head.kind} costs more, and its log loss is {way} by {abs(gain.mean()):.3f} nats; it would "
                   f"have to be lower by more than the standard error of {error:.3f}.")
    return best, why


def _losses(trained: Trained) -> Floats:
    """(n,) log loss of each example, by models that had not seen it."""
    told: Any = trained.out_of_fold[np.arange(len(trained.truth)), trained.truth]
    return np.asarray(-np.log(np.maximum(told, SMALLEST)), dtype=np.float64)
