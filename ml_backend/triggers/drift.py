"""Whether the tasks that arrived since the last training are like those that were there. Pure.

Inputs are compared in three ways: how long texts are, how many of their words no other text from before has (a new
topic, language or product), and how sure the model is of them (what it has not learned, it is unsure of). The mix of
labels is the one that the model finds in all tasks, old and new: labels that people gave would tell which tasks the
rules asked them, not which arrive; a shift of the true mix shows in the predicted one (Lipton, Wang and Smola 2018).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ml_backend.policy.policy import Triggers
from ml_backend.triggers.look import INPUTS, LABELS, Look
from ml_backend.triggers.stability import Shift, binned, shift

ARRIVED = 100
"""Tasks that must have arrived, and have been there before."""
WORD = re.compile(r"\w+")
WHAT = {"length": "how long the texts are", "words": "their words", "score": "how sure the model is of them"}


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of the tasks, old or new, as one control sees them."""

    count: int
    """How many there are in all."""
    seen: int
    """How many of them are looked at here."""
    texts: Sequence[str]
    """Empty where the texts lie elsewhere."""
    labels: Sequence[str]
    """What the champion says of them, where it has."""
    scores: Sequence[float]


def inputs(control: str, old: Sample, new: Sample, policy: Triggers, patience: int = 1) -> Look:
    """Whether texts or scores have moved. `patience`: times as many tasks are needed."""
    if policy.input_drift is None:
        return Look(INPUTS, False, "drift of the inputs is no reason by the policy", control)
    if waits := _few(INPUTS, control, old, new, patience):
        return waits
    shifts = [binned("score", old.scores, new.scores)]
    if old.texts and new.texts:
        before, after = [WORD.findall(t.lower()) for t in old.texts], [WORD.findall(t.lower()) for t in new.texts]
        shifts += [binned("length", [len(w) for w in before], [len(w) for w in after]), _words(before, after)]
    worst = max(shifts, key=lambda one: (one.beyond(policy.input_drift or 0.0), one.index))
    said = (f"{new.count} tasks that arrived since the last training differ from those before in {WHAT[worst.feature]} "
            f"(population stability index {worst.index:.2f}, limit {policy.input_drift:g})")
    due = worst.beyond(policy.input_drift)
    if not due:
        chance = f", by chance up to {worst.by_chance:.2f}" if worst.index > policy.input_drift else ""
        said = (f"{new.count} tasks that arrived since the last training are like those before (population stability "
                f"index at most {worst.index:.2f}, limit {policy.input_drift:g}{chance})")
    return Look(INPUTS, due, said, control, {
        "arrived": new.count, "limit": policy.input_drift,
        **{one.feature: {"index": one.index, "by_chance": one.by_chance} for one in shifts}})


def labels(control: str, old: Sample, new: Sample, policy: Triggers, patience: int = 1) -> Look:
    """Whether the mix of labels has moved."""
    if policy.label_drift is None:
        return Look(LABELS, False, "drift of the labels is no reason by the policy", control)
    if waits := _few(LABELS, control, old, new, patience):
        return waits
    found = shift("labels", old.labels, new.labels)
    figures = {"arrived": new.count, "limit": policy.label_drift, "index": found.index, "by_chance": found.by_chance,
               "old": found.old, "new": found.new}
    if not found.beyond(policy.label_drift):
        return Look(LABELS, False, f"the mix of labels in {new.count} tasks that arrived since the last training is as "
                                   f"before (index {found.index:.2f}, limit {policy.label_drift:g})", control, figures)
    most = max(found.new, key=lambda name: abs(found.new[name] - found.old[name]))
    return Look(LABELS, True, f"{new.count} tasks that arrived since the last training have another mix of labels: "
                              f"{most!r} {found.new[most]:.0%} instead of {found.old[most]:.0%} (population stability "
                              f"index {found.index:.2f}, limit {policy.label_drift:g})", control, figures)


def _few(trigger: str, control: str, old: Sample, new: Sample, patience: int) -> Look | None:
    needed = ARRIVED * patience
    if new.count >= needed and old.count >= ARRIVED and 2 * len(new.scores) >= new.seen:
        return None
    said = f"{new.count} tasks arrived since the last training, {needed} needed"
    if old.count < ARRIVED:
        said = f"{old.count} tasks were there at the last training, {ARRIVED} needed to compare with"
    elif new.count >= needed:
        said = f"most of the {new.count} tasks that arrived wait for a prediction"
    return Look(trigger, False, said, control, {"arrived": new.count, "needed": needed})


def _words(old: Sequence[Sequence[str]], new: Sequence[Sequence[str]]) -> Shift:
    """Share of each text's words that no other text from before has."""
    known = Counter(word for words in old for word in set(words))
    strange_old = [_share([known[word] < 2 for word in words]) for words in old]    # one of them is this text itself
    strange_new = [_share([known[word] < 1 for word in words]) for words in new]
    return binned("words", strange_old, strange_new)


def _share(strange: Sequence[bool]) -> float:
    return sum(strange) / len(strange) if strange else 0.0
