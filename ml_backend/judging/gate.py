"""The gate: whether a challenger may take the champion's place.

It must make sense by itself (`sense`), be no worse than the champion on the same tasks, overall (`comparison`) and on
protected labels and slices (`parts`). Whatever is refused says which label or slice, with figures and counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cueloop.store import Store
from cueloop.store import predictions as stored
from ml_backend.calibration import Floats
from ml_backend.dataset import Dataset
from ml_backend.judging import parts, sense
from ml_backend.judging.comparison import Comparison, against_frequencies, compare, undecided
from ml_backend.judging.judges import LEAST_JUDGES
from ml_backend.judging.sides import Sides, of_answers, of_heads
from ml_backend.judging.verdict import PROMOTED, SHADOW, Refusal, Verdict, verdict
from ml_backend.policy.policy import Policy
from ml_backend.predictions import Seen
from ml_backend.registry import Loaded
from ml_backend.training import Trained


def judge(
    store: Store, trained: Sequence[Trained], data: Sequence[Dataset], champion: Loaded | None, policy: Policy,
    taught: Seen,
) -> Verdict:
    """What becomes of freshly trained heads: promoted, refused, or first into shadow mode.

    data: the datasets they were trained on, their held-out part included. taught: {control: {task: out-of-fold
    probabilities}} of what the champion was trained on.
    """
    by_control = {d.control: d for d in data}
    comparisons: list[Comparison] = []
    refusals: list[Refusal] = []
    notes: list[str] = []
    for one in trained:
        on = by_control[one.head.control]
        broken = sense.converged(one)
        if broken:
            refusals += broken
            continue
        seen = taught.get(on.control, {})
        sides = _sides(store, one, on, champion, seen)
        comparisons.append(_overall(one, sides, policy))
        for no, note in _checks(one, on, sides, champion, seen, policy):
            refusals += no
            notes += note
    passed = SHADOW if champion is not None and policy.gate.shadow is not None else PROMOTED
    return verdict(comparisons, refusals, notes, passed)


def _sides(
    store: Store, trained: Trained, data: Dataset, champion: Loaded | None, taught: Mapping[int, Floats],
) -> Sides | None:
    """Challenger and champion on the same tasks; None where no champion says anything of this control."""
    if champion is None:
        return None
    if champion.other is not None:      # nothing to ask: what it said is in the store
        with store.read() as conn:
            told = stored.out_of_fold(conn, champion.version.name, champion.version.version, data.control,
                                      [e.key for e in data.examples])
        return of_answers(trained, told, data) if told else None
    rival = champion.bundle.head(data.control)
    return of_heads(trained, rival, data, taught) if rival is not None else None


def _overall(trained: Trained, sides: Sides | None, policy: Policy) -> Comparison:
    control = trained.head.control
    if sides is None:
        return against_frequencies(trained.out_of_fold, trained.truth, control)
    if len(sides.truth) < LEAST_JUDGES:
        return undecided(control, "the champion", len(sides.truth), (
            f"{control}: {len(sides.truth)} labelled tasks cannot compare it with the champion, {LEAST_JUDGES} are "
            f"needed; it is judged again with the next training, when {LEAST_JUDGES - len(sides.truth)} more are "
            "labelled"))
    return compare(control, "the champion", sides.new, sides.old, sides.truth, policy.gate.margin, sides.basis)


def _checks(
    trained: Trained, data: Dataset, sides: Sides | None, champion: Loaded | None, taught: Mapping[int, Floats],
    policy: Policy,
) -> list[tuple[list[Refusal], list[str]]]:
    """Every further check: what it refuses and what it notes."""
    head = champion.bundle.head(data.control) if champion is not None else None
    before = np.array(list(taught.values())) if taught and head is not None else None
    found = [(sense.beats_majority(trained), list[str]()),
             sense.answers_all(trained, data, sides, before, head.labels if head is not None else ()),
             sense.calibrated(trained, data, policy.gate.ece)]
    if sides is not None and len(sides.truth) >= LEAST_JUDGES:
        found += [parts.labels(sides, policy.gate.protected),
                  parts.slices(sides, policy.gate.slices, policy.gate.slice_margin)]
    return found
