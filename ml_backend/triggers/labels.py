"""Whether enough was labelled, for a first model or for the next one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_backend.policy.policy import Triggers
from ml_backend.triggers.look import FIRST, GROWTH, Look


def first(control: str, counts: Mapping[str, int], labels: Sequence[str], policy: Triggers) -> Look:
    """For a first model every class needs some; a rare one does not hold it up for ever. `counts`: tasks a label."""
    total = sum(counts.get(label, 0) for label in labels)
    enough = [label for label in labels if counts.get(label, 0) >= policy.first_per_class]
    patience = policy.first_patience * len(labels)
    figures = {"labelled": total, "classes_with_enough": len(enough), "classes": len(labels)}
    if (labels and len(enough) == len(labels)) or (len(enough) >= 2 and total >= patience):
        return Look(FIRST, True, f"{total} labelled tasks, enough for a first model", control, figures)
    return Look(FIRST, False, f"{total} labelled tasks, {len(enough)} of {len(labels)} classes have "
                              f"{policy.first_per_class}; a first model needs that of all, or of two and {patience} in "
                              "all", control, figures)


def growth(control: str, new: int, before: int, policy: Triggers, *, enough: bool = False) -> Look:
    """For the next model the labelled tasks must have grown by a share of those `before`, or shrunk by it.

    What a model learned from labels that were taken back since is to be forgotten; `enough` says that those which are
    left would do for a first model.
    """
    needed = max(policy.least_new, (policy.growth or 0.0) * before)
    figures = {"new": new, "before": before, "needed": needed}
    said = f"{new} newly labelled tasks since the last training"
    if new < 0:
        said = f"{-new} of the {before} labelled tasks of the last training are gone"
    if policy.growth is None:
        return Look(GROWTH, False, f"{said}; growth is no reason by the policy", control, figures)
    if new >= needed or (-new >= needed and enough):
        return Look(GROWTH, True, said, control, figures)
    wanted = "too few are left to train on" if -new >= needed else f"{needed:.0f} needed"
    return Look(GROWTH, False, f"{said}, {wanted}", control, figures)
