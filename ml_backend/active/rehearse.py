"""Plays a project again whose labels are known: which labels would have been asked for, and how good a model was then.

Only labels that were asked for are seen. The model of the rehearsal is `learner`, on the features it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cueloop.sampling import uniform
from ml_backend.active.choose import RANDOM, Tasks, rank
from ml_backend.active.learner import Features, Learned, learn
from ml_backend.active.likeness import BLOCK, DIMENSIONS, Points, nearest, pressed, unit
from ml_backend.active.quality import Quality, judge
from ml_backend.calibration import Floats, Ints
from ml_backend.policy.policy import Learning

LEARNING = "learning"
POLICIES = (LEARNING, RANDOM)
FEATURES = 512
"""Dimensions of the features of the model that rehearses."""
FIRST, STEP, LEAST_STEP = 20, 0.1, 5
"""Labels of the first batch, and how much each next one adds: a share of those there are."""

DEFAULT = Learning()


@dataclass(frozen=True, slots=True)
class Material:
    """n texts that may be asked and m that judge, of K labels."""

    features: Features
    """(n, d) what the model learns from."""
    points: Points
    """(n, p) where the texts stand to each other."""
    label: Ints
    """(n,) the answer that asking gives."""
    judge_features: Features
    judge_label: Ints
    """(m, d), (m,) never asked, never learned from."""
    labels: int

    def __len__(self) -> int:
        """Texts that may be asked."""
        return len(self.label)


def material(texts: Sequence[str], label: Ints, judge_texts: Sequence[str], judge_label: Ints, labels: int) -> Material:
    """Of texts with label numbers (n,) and (m,). Those that judge have no part in how texts are read.

    Features are the default model's n-grams in `FEATURES` dimensions, with which a regression is as good as
    `text-linear` and learns in milliseconds.
    """
    features, judges = pressed(texts, judge_texts, FEATURES)
    return Material(features, unit(features[:, :DIMENSIONS]), label, judges, judge_label, labels)


@dataclass(frozen=True, slots=True)
class Curve:
    """What one policy with one seed did."""

    policy: str
    seed: int
    place: Ints
    """Texts in the order asked."""
    why: list[str]
    quality: list[Quality]
    """After each batch."""


def sizes(most: int, first: int = FIRST, step: float = STEP) -> list[int]:
    """Numbers of labels after which a model is trained, up to `most`."""
    found = [min(first, most)]
    while found[-1] < most:
        found.append(min(most, found[-1] + max(LEAST_STEP, int(step * found[-1]))))
    return found


def rehearse(
    material: Material, policy: str, steps: Sequence[int], *, seed: int = 0, how: Learning = DEFAULT,
    until: float | None = None, progress: Callable[[int], None] = lambda labels: None,
) -> Curve:
    """Ask for labels as `policy` (learning, random) would, and judge a model at each of `steps`, ascending.

    The same seed, the same order; fewer steps are the beginning of more. It ends before the last step when the accuracy
    was `until` or better at two in a row. Raises ModelError when a model does not converge.
    """
    draw = np.array([uniform(place, f"{policy}:{seed}") for place in range(len(material))])
    known = _Known.of(material, draw)
    model: Learned | None = None
    found = []
    for size in steps:
        known.ask(policy, size - len(known.asked), model, how)
        model = _fit(material, known.asked, model)
        probabilities = model.probabilities(material.judge_features)
        found.append(judge(size, probabilities, material.judge_label))
        progress(size)
        if until is not None and len(found) > 1 and min(one.accuracy for one in found[-2:]) >= until:
            break
    return Curve(policy, seed, np.array(known.asked, dtype=np.int64), known.why, found)


def whole(material: Material) -> Quality:
    """How good the model is with all labels."""
    everything = list(range(len(material)))
    return judge(len(material), _fit(material, everything, None).probabilities(material.judge_features),
                 material.judge_label)


def _fit(material: Material, asked: Sequence[int], before: Learned | None) -> Learned:
    place = np.array(asked, dtype=np.int64)
    lessons = np.zeros((len(place), material.labels))
    lessons[np.arange(len(place)), material.label[place]] = 1.0
    return learn(material.features[place], lessons, before)


@dataclass(slots=True)
class _Known:
    """What has been asked so far."""

    material: Material
    draw: Floats
    near: Floats
    asked: list[int]
    why: list[str]

    @classmethod
    def of(cls, material: Material, draw: Floats) -> _Known:
        return cls(material, draw, np.zeros(len(material)), [], [])

    def ask(self, policy: str, many: int, model: Learned | None, how: Learning) -> None:
        """Ask for `many` more."""
        left = np.setdiff1d(np.arange(len(self.material)), self.asked)
        if policy == RANDOM:
            new, why = left[np.argsort(self.draw[left], kind="stable")[:many]], [RANDOM] * many
        else:
            ranked = rank(self._tasks(left, model), how, many)
            new, why = left[ranked.place], ranked.why
        self.asked += new.tolist()
        self.why += why
        points = self.material.points
        for start in range(0, len(new), BLOCK):
            np.maximum(self.near, nearest(points, points[new[start:start + BLOCK]]), out=self.near)

    def _tasks(self, left: Ints, model: Learned | None) -> Tasks:
        material = self.material
        counts = np.bincount(material.label[self.asked], minlength=material.labels).astype(np.float64)
        belief = model.probabilities(material.features[left]) if model is not None else None
        return Tasks(belief, np.zeros(len(left), dtype=np.bool_), material.points[left],
                     self.near[left], self.draw[left], counts)
