"""Whether a challenger is worse on a label or a slice, without many of them making a refusal certain by chance.

Labels that the policy names share a chance of `NAMED` to be refused although they are as good, those of `*` share
`OTHERS`, and all slices together `SLICES` (Holm 1979): however many there are, an equal challenger is refused by each
family in no more cases than that. Naming a label spends more on it, so its fall is seen sooner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.judging.judges import LEAST_JUDGES
from ml_backend.judging.paired import chance_more_wrong, holm
from ml_backend.judging.sides import Sides
from ml_backend.judging.verdict import Refusal
from ml_backend.policy.policy import EVERY

NAMED, OTHERS, SLICES = 0.10, 0.05, 0.05
"""Chance at most of a refusal without cause: by the named labels, by those of `*`, by slices."""
VALUES = 50
"""Values of a field that are judged, the most frequent ones; more would leave each nothing."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Some of the tasks: those of one label or of one slice."""

    name: str
    margin: float
    tasks: int
    lost: int
    """Only the champion was right."""
    won: int
    right: int
    """The challenger was."""

    @property
    def chance(self) -> float:
        """How likely it looks so much worse by chance."""
        return chance_more_wrong(self.lost, self.won, self.tasks, self.margin)


def labels(sides: Sides, protected: Mapping[str, float]) -> tuple[list[Refusal], list[str]]:
    """Refusals for labels whose recall fell by more than they may, and notes on what could not be judged."""
    named = {label: margin for label, margin in protected.items() if label != EVERY}
    others = {label: protected[EVERY] for label in sides.labels if EVERY in protected and label not in named}
    refusals, notes = [], [f"{sides.control}: the protected label {label!r} is not in the label config"
                           for label in named if label not in sides.labels]
    for margins, level in ((named, NAMED), (others, OTHERS)):
        segments = [_segment(sides, label, margin, sides.truth == sides.labels.index(label))
                 for label, margin in margins.items() if label in sides.labels]
        found = _worse(segments, level)
        refusals += [Refusal(sides.control, "label", p.name, f"{sides.control}: {_fall(f'label {p.name!r}', p)}")
                     for p in found]
        notes += _unseen(sides.control, "label", segments, level)
    return refusals, notes


def slices(sides: Sides, fields: Sequence[str], margin: float) -> tuple[list[Refusal], list[str]]:
    """The same for the accuracy on slices: the tasks with one value of a field."""
    segments, notes = [], []
    for field in fields:
        counts = Counter(e.fields.get(field, "") for e in sides.examples)
        big = [value for value, count in counts.most_common(VALUES) if count >= LEAST_JUDGES]
        if len(big) < len(counts):
            notes.append(f"{sides.control}: {len(counts) - len(big)} of {len(counts)} slices by {field} are too small "
                         f"to judge (under {LEAST_JUDGES} tasks)")
        values = np.array([e.fields.get(field, "") for e in sides.examples], dtype=object)
        segments += [_segment(sides, f"{field}={value}", margin, values == value) for value in big]
    refusals = [Refusal(sides.control, "slice", p.name, f"{sides.control}: {_fall(f'slice {p.name}', p)}")
                for p in _worse(segments, SLICES)]
    return refusals, notes


def _segment(sides: Sides, name: str, margin: float, here: NDArray[np.bool_]) -> Segment:
    new, old = (right[here] for right in sides.right)
    return Segment(name, margin, len(new), int((old & ~new).sum()), int((new & ~old).sum()), int(new.sum()))


def _worse(segments: Sequence[Segment], level: float) -> list[Segment]:
    return [segment for segment, no in zip(segments, holm([p.chance for p in segments], level), strict=True) if no]


def _fall(what: str, segment: Segment) -> str:
    before = segment.right + segment.lost - segment.won
    return (f"{what} is worse: {segment.right} of {segment.tasks} right, the champion {before} ({segment.won} won, "
            f"{segment.lost} lost, p {segment.chance:.2g}; {100 * segment.margin:g} points allowed)")


def _unseen(control: str, what: str, segments: Sequence[Segment], level: float) -> list[str]:
    """Which segments have so few tasks that not even a fall to nothing would be shown."""
    blind = [p.name for p in segments if chance_more_wrong(p.tasks, 0, p.tasks, p.margin) > level / len(segments)]
    return [f"{control}: too few tasks to show any fall of {what} {', '.join(map(repr, blind[:5]))}"
            + (f" and {len(blind) - 5} more" if len(blind) > 5 else "")] if blind else []

