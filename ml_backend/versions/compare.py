"""Two versions on one control: who is right more often, where they are confused, and which tasks change their label.

What is judged is judged on tasks that people answered blind and neither version was trained on. Which labels change is
told of every task of which both say something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store.schema import consensus, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.calibration import Floats, Ints
from ml_backend.elsewhere import side_by_side
from ml_backend.elsewhere.evidence import Truth
from ml_backend.elsewhere.side_by_side import Pair
from ml_backend.judging import labels
from ml_backend.judging.judges import looked_up
from ml_backend.judging.reliability import curve
from ml_backend.versions.sayings import Saying

Sayings = Mapping[int, Saying]


@dataclass(frozen=True, slots=True)
class Changed:
    """A task of which two versions say different labels."""

    task: int
    """Key in the store."""
    id: int
    """Of the task in Label Studio."""
    control: str
    one: str
    one_score: float
    other: str
    other_score: float
    people: str | None
    """The consensus of people; None: nobody answered."""
    people_probability: float | None


def report(control: Control, truths: Mapping[int, Truth], one: Sayings, other: Sayings) -> dict[str, Any]:
    """Everything that tells two versions apart on a single choice, as JSON: `side_by_side.report`, and of each version
    macro-F1, confusion, labels and reliability; then which labels change."""
    pair = paired(control, truths, one, other)
    told = side_by_side.report(pair)
    if told["tasks"]:
        told["models"] = [about | _more(said, pair.truth, control.labels)
                          for about, said in zip(told["models"], (pair.one, pair.other), strict=True)]
    return told | {"changed": _changes(one, other, truths)}


def paired(control: Control, truths: Mapping[int, Truth], one: Sayings, other: Sayings) -> Pair:
    """Both on the tasks that people answered blind and that neither was trained on."""
    known = [task for task, truth in truths.items() if truth.label in control.labels and all(
        task in by and by[task].fresh and by[task].probabilities is not None for by in (one, other))]
    place = {label: at for at, label in enumerate(control.labels)}
    truth = np.array([place[truths[task].label] for task in known], np.int64)
    return Pair(control, truth, *(looked_up([by[task].probabilities or {} for task in known], control.labels)
                                  for by in (one, other)))


def changed(conn: sa.Connection, control: Control, one: Sayings, other: Sayings) -> list[Changed]:
    """The tasks that change their label, by key, with what people said of them where anybody did."""
    keys = [task for task in _both(one, other) if one[task].label != other[task].label]
    found = []
    for some in chunks(keys):
        rows = conn.execute(
            sa.select(tasks.c.key, tasks.c.id, consensus.c.label, consensus.c.probability, consensus.c.answers)
            .outerjoin(consensus, sa.and_(consensus.c.task == tasks.c.key, consensus.c.control == control.name))
            .where(tasks.c.key.in_(some)).order_by(tasks.c.key))
        for row in rows:
            said = bool(row.answers) and bool(row.label)
            a, b = one[row.key], other[row.key]
            found.append(Changed(row.key, row.id, control.name, a.label, a.score, b.label, b.score,
                                 row.label if said else None, row.probability if said else None))
    return found


def _changes(one: Sayings, other: Sayings, truths: Mapping[int, Truth]) -> dict[str, Any]:
    """How many tasks change their label, by pair of labels, the most frequent first; of the tasks of a pair that
    people answered blind and neither was trained on, how often each version is right."""
    both = _both(one, other)
    pairs: dict[tuple[str, str], list[int]] = {}
    for task in both:
        if one[task].label != other[task].label:
            pairs.setdefault((one[task].label, other[task].label), []).append(task)
    told = []
    for (before, after), some in sorted(pairs.items(), key=lambda item: (-len(item[1]), item[0])):
        judged = [truths[task].label for task in some if task in truths and one[task].fresh and other[task].fresh]
        told.append({"one": before, "other": after, "tasks": len(some), "judged": len(judged),
                     "right": [judged.count(before), judged.count(after)]})
    return {"of": len(both), "tasks": sum(len(some) for some in pairs.values()), "pairs": told}


def _both(one: Sayings, other: Sayings) -> Sequence[int]:
    return sorted(one.keys() & other.keys())


def _more(probabilities: Floats, truth: Ints, names: tuple[str, ...]) -> dict[str, Any]:
    counts = labels.confusion(probabilities.argmax(axis=1), truth, len(names))
    macro = labels.macro_f1(counts)
    return {
        "macro_f1": None if macro is None else round(macro, 6),
        "confusion": {name: {names[k]: int(n) for k, n in enumerate(row) if n}
                      for name, row in zip(names, counts, strict=True) if row.any()},
        "labels": [labels.as_dict(one) for one in labels.figures(counts, names)],
        "reliability": [asdict(one) for one in curve(probabilities, truth)]}
