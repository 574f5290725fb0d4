"""The gate: whether a challenger may take the champion's place.

It must make sense by itself (`sense`), and be no worse than the champion on the same tasks: overall, on protected
labels and on slices (`against`). Whatever is refused says which label or slice, with figures and counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cueloop.store import Store
from cueloop.store import predictions as stored
from ml_backend.calibration import Floats
from ml_backend.dataset import Dataset
from ml_backend.judging import against, judges, sense
from ml_backend.judging.comparison import Comparison, against_frequencies, undecided
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
        seen, heard = taught.get(on.control, {}), judges.heard(one.head, on)
        broken = sense.converged(one, heard)
        if broken:
            refusals += broken
            continue
        sides = _sides(store, one, on, champion, seen, heard)
        if sides is None:
            comparisons.append(against_frequencies(one.out_of_fold, one.truth, on.control))
        else:
            versus = against.champion(sides, policy.gate)
            comparisons.append(_with_way_out(versus.comparison, len(sides.truth)))
            refusals += versus.refusals
            notes += versus.notes
        for no, note in _sense(one, on, heard, sides, champion, seen, policy):
            refusals += no
            notes += note
    passed = SHADOW if champion is not None and policy.gate.shadow is not None else PROMOTED
    return verdict(comparisons, refusals, notes, passed)


def _sides(
    store: Store, trained: Trained, data: Dataset, champion: Loaded | None, taught: Mapping[int, Floats],
    heard: Mapping[int, Floats],
) -> Sides | None:
    """Challenger and champion on the same tasks; None where no champion says anything of this control."""
    if champion is None:
        return None
    if champion.other is not None:      # nothing to ask: what it said is in the store
        with store.read() as conn:
            told = stored.out_of_fold(conn, champion.version.name, champion.version.version, data.control,
                                      [e.key for e in data.examples])
        return of_answers(trained, told, data, heard) if told else None
    rival = champion.bundle.head(data.control)
    return of_heads(trained, rival, data, taught, heard) if rival is not None else None


def _with_way_out(found: Comparison, tasks: int) -> Comparison:
    """Where too few tasks are labelled to compare anything, the reason says how many are missing."""
    missing = LEAST_JUDGES - tasks
    return found if missing <= 0 else undecided(found.control, "the champion", tasks, (
        f"{found.control}: {tasks} labelled tasks cannot compare it with the champion, {LEAST_JUDGES} are needed; the "
        f"next training is judged again, when {missing} more are labelled"))


def _sense(
    trained: Trained, data: Dataset, heard: Mapping[int, Floats], sides: Sides | None, champion: Loaded | None,
    taught: Mapping[int, Floats], policy: Policy,
) -> list[tuple[list[Refusal], list[str]]]:
    """Whether it makes sense by itself: what each check refuses and what it notes."""
    head = champion.bundle.head(data.control) if champion is not None else None
    before = np.array(list(taught.values())) if taught and head is not None else None
    return [(sense.beats_majority(trained), []), (sense.discerns(data, heard), []),
            sense.answers_all(trained, data, heard, sides, before, head.labels if head is not None else ()),
            sense.calibrated(trained, data, heard, policy.gate.ece)]
