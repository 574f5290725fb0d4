"""Why a model says what it says: its score, its lead over the next label, and the words that made the difference.

The weights are exact where the kind is linear: of each text those of all its words, and of what speaks before any word
is read, sum to the log of the ratio of the two probabilities. People are shown the heaviest ones. They are parts of a
customer's text: an explanation goes where the text goes and never into a log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from cueloop.types import Control
from ml_backend.answering.alternatives import Said, Second
from ml_backend.bundle import Head
from ml_backend.calibration import Floats, Ints
from ml_backend.models.reading import Reading

SHOWN = 5
"""Words shown for the label, and against it, at most."""
LEAST = 0.1
"""Nats of log-odds under which a word is not worth showing."""
LONGEST = 40
"""Characters of a word that are shown."""
ALTERNATIVES = 3
"""Other labels told at most."""

Words = dict[str, list[list[Any]]]
"""{"for": [[word, nats]], "against": [[word, nats]]}, heaviest first; nats for the label against the next one."""


def judge(head: Head, control: Control, texts: Sequence[str], *, explained: bool = True) -> list[Said]:
    """Of each text what the head says, about those of its labels that the control has: at least one.

    Words are told where the kind of model can tell them and where there is another label to compare with. Without
    `explained` nothing is told but labels and scores.
    """
    found: list[Said] = []
    for _, probabilities, reading in head.read(texts):
        ranked = rank(head, control.labels, probabilities, 1 + ALTERNATIVES if explained else 2)
        if not explained:
            found += _unexplained(head, control, ranked, probabilities)
            continue
        told = zip(_ranked(head, ranked, probabilities), spoken(head, reading, ranked), strict=True)
        found += [Said(control, label, score, second, why if words is None else why | words)
                  for (label, score, second, why), words in told]
    return found


def _ranked(head: Head, ranked: Ints, probabilities: Floats) -> Iterator[tuple[str, float, Second, dict[str, Any]]]:
    """Label, score, the next label with its score, and what is told of them."""
    scores = np.take_along_axis(probabilities, ranked, axis=1)
    margins = (scores[:, 0] - scores[:, 1:2].sum(axis=1)).round(4).tolist()
    names = [[head.labels[place] for place in column] for column in ranked.T.tolist()]
    rounded = scores.round(4).T.tolist()
    pairs = [map(list, zip(*pair, strict=True)) for pair in zip(names[1:], rounded[1:], strict=True)]
    others = map(list, zip(*pairs, strict=True)) if pairs else ([] for _ in margins)
    seconds = zip(names[1], scores[:, 1].tolist(), strict=True) if pairs else (None for _ in margins)
    for label, score, short, margin, second, other in zip(
            names[0], scores[:, 0].tolist(), rounded[0], margins, seconds, others, strict=True):
        yield label, score, second, {"label": label, "score": short, "margin": margin, "alternatives": other}


def _unexplained(head: Head, control: Control, ranked: Ints, probabilities: Floats) -> Iterator[Said]:
    """What is said of each text without a word why."""
    names, [best, *others] = head.labels, ranked.T.tolist()
    scores, *lower = np.take_along_axis(probabilities, ranked, axis=1).T.tolist()
    seconds = [(names[place], score) for place, score in zip(others[0], lower[0], strict=True)] if others else None
    for row, (place, score) in enumerate(zip(best, scores, strict=True)):
        yield Said(control, names[place], score, seconds[row] if seconds else None)


def rank(head: Head, labels: Collection[str], probabilities: Floats, most: int = 1 + ALTERNATIVES) -> Ints:
    """(n, `most` or fewer) places in `head.labels`, likeliest first; of equals the first."""
    left = probabilities.copy()
    unknown = _unknown(head.labels, tuple(labels))
    left[:, unknown] = -1.0
    rows, found = np.arange(len(left)), []
    for _ in range(min(most, len(head.labels) - len(unknown))):
        best = left.argmax(axis=1)
        left[rows, best] = -1.0
        found.append(best)
    return np.stack(found, axis=1)


@lru_cache(maxsize=256)
def _unknown(own: tuple[str, ...], labels: tuple[str, ...]) -> list[int]:
    """Places of a head's own labels that are not among these."""
    known = set(labels)
    return [place for place, label in enumerate(own) if label not in known]


def spoken(head: Head, reading: Reading | None, ranked: Ints) -> list[Words | None]:
    """Of each text the words that spoke for its first place in `ranked` and against it; None where nothing is told."""
    if reading is None or ranked.shape[1] < 2:
        return [None] * len(ranked)
    spoke = reading.spoke(ranked[:, 0], ranked[:, 1])
    cents = np.clip(np.rint(spoke.weight / head.temperature * 100), -1e6, 1e6).astype(np.int64)
    heavy = np.flatnonzero(np.abs(cents) >= round(LEAST * 100))
    heavy = heavy[np.argsort((spoke.text[heavy] << 24) - np.abs(cents[heavy]), kind="stable")]   # each text's heaviest
    words = [one if len(one) <= LONGEST else one[:LONGEST - 1] + "…" for one in spoke.words]
    text, word, cents = spoke.text[heavy], spoke.word[heavy], cents[heavy]
    sides = [_heaviest(text[side], word[side], cents[side], len(ranked), words)
             for side in (np.flatnonzero(cents > 0), np.flatnonzero(cents < 0))]
    return [{"for": one, "against": other} for one, other in zip(*sides, strict=True)]


def _heaviest(text: Ints, word: Ints, cents: Ints, texts: int, words: Sequence[str]) -> list[list[list[Any]]]:
    """[[word, nats]] of the first few of each text."""
    begin = np.searchsorted(text, np.arange(texts + 1))
    shown = np.flatnonzero(np.arange(len(text)) - begin[text] < SHOWN)
    pairs = [[words[one], weight] for one, weight in
             zip(word[shown].tolist(), (cents[shown] / 100).tolist(), strict=True)]
    ends = np.cumsum(np.minimum(np.diff(begin), SHOWN)).tolist()
    return [pairs[start:end] for start, end in zip([0, *ends], ends, strict=False)]
