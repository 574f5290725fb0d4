"""Whatever comes in: a defined result or a clear error, and never a number that is none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cueloop.types import Control
from sync import assess as limits
from sync.assess import assess
from sync.choice import judge
from sync.consensus import fit
from sync.methods import METHODS
from sync.observations import observe
from sync.outcome import Outcome

CONTROL = Control("mood", "text", "Choices", ("a", "b"), "text")

ODD = {
    "nothing at all": (([], [], []), {}),
    "everybody skipped": (([], [], []), {"labels": ("a", "b")}),
    "one answer": ((["1"], ["x"], ["a"]), {"labels": ("a", "b")}),
    "one annotator": ((["1", "2", "3"], ["x"] * 3, ["a", "b", "a"]), {}),
    "one label": ((["1", "1", "2"], ["x", "y", "x"], ["a", "a", "a"]), {}),
    "one label of which another is never used": ((["1", "1", "2"], ["x", "y", "x"], ["a", "a", "a"]),
                                                 {"labels": ("z", "a")}),
    "one task": ((["1"] * 3, ["x", "y", "z"], ["a", "b", "a"]), {}),
    "somebody who always says a": ((["1", "2", "3"] * 3, ["x"] * 3 + ["y"] * 3 + ["z"] * 3, list("aaaabbabb")), {}),
    "only ground truth": ((["1", "2"], ["x", "x"], ["a", "b"]), {"truth": [True, True]}),
    "only reviews": ((["1", "2"], ["x", "x"], ["a", "b"]), {"review": [True, True]}),
    "every answer another label": (([str(i) for i in range(9)], ["x", "y", "z"] * 3, list("abcdefghi")), {}),
}


def complete(found: Outcome) -> None:
    """All numbers are numbers, and chances are chances."""
    told = [[row.probability, row.probabilities, row.effective, row.wrong, row.people] for row in found.consensus]
    json.dumps([told, [[one.accuracy, one.low, one.high, one.confusion, one.counts] for one in found.annotators],
                found.agreement, found.warnings, found.voice], allow_nan=False)
    for row in found.consensus:
        assert row.label in row.probabilities
        assert 0 <= row.probability <= 1
        assert row.wrong is not None
        assert abs(row.wrong + row.probability - 1) < 1e-5
        assert sum(row.probabilities.values()) < 1 + 1e-4
    for one in found.annotators:
        assert 0 <= one.low <= one.accuracy <= one.high <= 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ODD)
def test_odd_answers_give_a_defined_result(name: str, method: str) -> None:
    columns, options = ODD[name]
    found = judge(CONTROL, observe(*columns, **options), method=method)  # type: ignore[arg-type]
    complete(found)
    assert len(found.consensus) == len(set(columns[0]))


def test_who_is_never_judged_is_believed_no_more_than_anybody_new() -> None:
    # given one annotator alone, with many answers
    found = judge(CONTROL, observe([str(i) for i in range(200)], ["x"] * 200, ["a", "b"] * 100))
    # then they do not vouch for themself: four answers of five are taken for right, and a warning says so
    assert found.warnings == ("no task has two answers and none a known label, so nobody can be judged: that 4 answers "
                              "of 5 are right is assumed",)
    assert all(0.75 < row.probability < 0.9 for row in found.consensus)
    assert [row.label for row in found.consensus] == ["a", "b"] * 100
    assert found.annotators[0].high - found.annotators[0].low > 0.8


def test_a_pair_that_occurs_twice_is_refused_by_name() -> None:
    both = np.array([0, 0])
    for method in METHODS.values():
        with pytest.raises(ValueError, match="annotator 0 has two answers to task 0; keep one of each pair"):
            method(both, both, np.array([0, 1]), tasks=1, annotators=1, labels=2)


def test_labels_that_nobody_gave_change_nothing_but_a_little_smoothing() -> None:
    rng = np.random.default_rng(0)
    task, annotator = np.repeat(np.arange(100), 3), np.tile(np.arange(3), 100)
    label = np.where(rng.random(300) < 0.85, task % 2, 1 - task % 2)
    two = fit(task, annotator, label, tasks=100, annotators=3, labels=2)
    five = fit(task, annotator, label, tasks=100, annotators=3, labels=5)
    assert (two.posterior.argmax(1) == five.posterior.argmax(1)).all()
    assert five.probability[:, 2:].max() < 0.05


def test_too_many_labels_are_refused_before_anything_is_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST", 300)
    seen = observe([str(i // 2) for i in range(40)], ["x", "y"] * 20, [f"text {i // 3}" for i in range(40)])
    with pytest.raises(ValueError, match=r"14 labels of 2 annotators and 20 tasks are too many.*text control"):
        assess(seen)


def test_a_million_labels_of_free_text_are_judged_by_one_accuracy_each(monkeypatch: pytest.MonkeyPatch) -> None:
    # given an annotator who types what another types, and a third who types something else; too many for confusions
    monkeypatch.setattr(limits, "LARGEST", 10_000)
    size = 120
    task = [f"t{i}" for i in range(size) for _ in range(3)]
    annotator = ["x", "y", "z"] * size
    label = [text for i in range(size) for text in (f"text {i}", f"text {i}", f"odd {i}")]
    seen = observe(task, annotator, label, truth=[False] * (3 * size - 1) + [True])
    # when they are judged
    found = judge(CONTROL, seen)
    # then the two agree, the third is found out, the declared one holds, and a warning says how
    complete(found)
    assert found.consensus[0].label == "text 0"
    assert set(found.consensus[0].probabilities) == {"text 0", "odd 0"}
    assert (found.consensus[-1].label, found.consensus[-1].method) == (f"odd {size - 1}", "ground-truth")
    accuracy = {one.annotator: one.accuracy for one in found.annotators}
    assert accuracy["x"] > 0.9 > 0.1 > accuracy["z"]
    assert found.warnings[0].startswith("240 different labels are too many for confusions")
    # and alpha is that of its definition: a third of all pairs is equal, hardly any by chance
    assert found.agreement["value"] == pytest.approx(1 / 3, abs=0.01)


def test_many_declared_labels_of_which_few_are_used_are_judged_as_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST", 1_000)
    found = judge(CONTROL, observe(["1", "1", "2", "2"], ["x", "y"] * 2, ["a", "a", "b", "b"],
                                   labels=["a", *(f"unused {i}" for i in range(100)), "b"]))
    assert found.run is not None
    assert found.run.labels == ("a", "b")
    assert not found.warnings
    complete(found)
