"""Cuts of agreement: by label, pair, guideline version, time, blind or not: each finds what was put there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from sync.agreement.pairs import overlaps
from sync.agreement.report import agreement_report
from sync.agreement.units import units
from sync.observations import Observations, observe
from tests.sync.agreement import examples

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY = 86_400.0


def asked(said: np.ndarray, **columns: Any) -> Observations:
    """Observations of answers (A, T), task after task; `columns` are functions of task and annotator."""
    rows = [(task, person) for task in range(said.shape[1]) for person in range(said.shape[0])]
    made = {name: [column(*row) for row in rows] for name, column in columns.items()}
    return observe([f"t{task}" for task, _ in rows], [f"p{person}" for _, person in rows],
                   ["abcdefgh"[int(said[person, task])] for task, person in rows], **made)


def test_the_label_that_nobody_agrees_on_is_found() -> None:
    # given a third of the tasks plain "a", and two thirds where "b" or "c" is a coin toss for each
    rng = np.random.default_rng(0)
    said = np.where(np.arange(150) % 3 == 0, 0, rng.integers(1, 3, (3, 150)))
    report = agreement_report(asked(said), replicates=200)
    found = {record["label"]: record for record in report["by_label"]}
    assert found["a"]["value"] == 1.0
    assert found["a"]["tasks"] == 50
    assert found["b"]["high"] < 0.6
    assert found["c"]["low"] <= found["c"]["value"] <= found["c"]["high"]
    # and told, with those agreed on least first
    assert any(sentence.startswith("Annotators agree least on: ") and "a (" not in sentence
               for sentence in report["warnings"])


def test_alpha_of_one_label_is_that_of_two_labels() -> None:
    # given three labels, of which two are then told apart no more
    said = examples.crowd(np.random.default_rng(1), 80)
    whole = agreement_report(asked(said), replicates=400)
    merged = agreement_report(asked(np.minimum(said, 1)), replicates=400)
    first = whole["by_label"][0]
    assert first["value"] == merged["value"]
    assert (first["low"], first["high"]) == pytest.approx((merged["low"], merged["high"]), abs=0.02)


def test_a_declared_label_that_nobody_gave_says_so() -> None:
    seen = observe([1, 1, 2, 2], ["x", "y"] * 2, ["a", "a", "b", "b"], labels=("a", "b", "never"))
    record = agreement_report(seen)["by_label"][-1]
    assert (record["label"], record["value"], record["tasks"]) == ("never", None, 0)
    assert "nobody gave" in record["reason"]


def test_the_annotator_who_disagrees_shows_in_every_pair_with_them() -> None:
    # given four who copy the truth with few errors and one, p4, who tosses coins
    rng = np.random.default_rng(2)
    said = examples.crowd(rng, 120, people=5, right=0.95)
    said[4] = rng.integers(0, 3, 120)
    pairs = agreement_report(asked(said), replicates=200)["by_pair"]
    assert len(pairs) == 10
    for record in pairs:
        assert record["tasks"] == 120
        assert record["percent"] >= record["value"]
        assert (record["high"] < 0.4) == ("p4" in record["annotators"])


def test_pairs_with_few_tasks_in_common_are_left_out() -> None:
    # given p0 with everyone on ten tasks, but p1 and p2 together on four only
    rows = [(task, "p0") for task in range(10)] + [(task, "p1") for task in range(7)]
    rows += [(task, "p2") for task in range(3, 10)]
    seen = observe([task for task, _ in rows], [person for _, person in rows], ["ab"[task % 2] for task, _ in rows])
    found = agreement_report(seen)["by_pair"]
    assert [record["annotators"] for record in found] == [["p0", "p1"], ["p0", "p2"]]


def test_only_the_pairs_with_most_in_common_are_told_and_that_is_said() -> None:
    said = examples.crowd(np.random.default_rng(3), 12, people=16)
    report = agreement_report(asked(said), replicates=20)
    assert len(report["by_pair"]) == 100
    assert any("Of 120 pairs of annotators the 100 with most" in sentence for sentence in report["warnings"])


def test_overlaps_are_counted_alike_by_full_and_by_sparse_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    # given nine people, each on about half of 80 tasks
    rng = np.random.default_rng(12)
    said = np.where(rng.random((9, 80)) < 0.5, 0.0, np.nan)
    at_work = ~np.isnan(said)
    seen = observe([f"t{task}" for task in np.nonzero(at_work.T)[0]], list(np.nonzero(at_work.T)[1]),
                   ["a"] * int(at_work.sum()))
    monkeypatch.setattr("sync.agreement.pairs._GEMM", 1e9)
    full = overlaps(units(seen), 20)
    monkeypatch.setattr("sync.agreement.pairs._PEOPLE", 0)
    sparse = overlaps(units(seen), 20)
    assert np.array_equal(full.pairs, sparse.pairs)
    assert np.array_equal(full.shared, sparse.shared)
    assert (len(full.pairs), full.enough(1)) == (20, 36)
    # and they are what comparing each two says
    for (first, second), shared in zip(full.pairs, full.shared, strict=True):
        one, other = (int(units(seen).annotators[who]) for who in (first, second))
        assert shared == (at_work[one] & at_work[other]).sum()


def test_a_guideline_that_made_things_worse_is_told() -> None:
    # given unknown versions at first, then version 1 and a much worse version 2
    rng = np.random.default_rng(4)
    said = np.concatenate((examples.crowd(rng, 100, right=0.9), examples.crowd(rng, 150, right=0.95),
                           examples.crowd(rng, 150, right=0.6)), axis=1)
    report = agreement_report(asked(said, guideline=lambda task, _: None if task < 100 else 1 + (task >= 250)),
                              replicates=300)
    unknown, first, second = report["by_guideline"]
    assert [unknown["guideline"], first["guideline"], second["guideline"]] == [None, 1, 2]
    assert unknown["difference"] is None
    assert first["difference"] is None
    assert second["difference"]["value"] == pytest.approx(second["value"] - first["value"], abs=2e-4)
    assert second["difference"]["high"] < -0.3
    assert any("fell with guideline version 2" in sentence for sentence in report["warnings"])


def test_two_versions_on_the_same_tasks_are_compared_on_them() -> None:
    # given 60 tasks answered by two people under version 1 and, in the same way, by two others under version 2
    rng = np.random.default_rng(5)
    half = examples.crowd(rng, 60, people=2)
    report = agreement_report(asked(np.concatenate((half, half)), guideline=lambda _, person: 1 + (person > 1)),
                              replicates=200)
    # then tasks are resampled together, so the difference is certain to be none
    assert [report["by_guideline"][1]["difference"][name] for name in ("value", "low", "high")] == [0, 0, 0]


def test_nothing_is_told_of_guidelines_where_no_version_is_known() -> None:
    assert agreement_report(asked(examples.crowd(np.random.default_rng(6), 10)))["by_guideline"] == []


@pytest.mark.parametrize(("days", "unit", "first", "count"), [
    (21, "week", "2025-12-29T00:00:00+00:00", 4), (300, "month", "2026-01-01T00:00:00+00:00", 10),
    (3, "window", "2026-01-01T00:00:00+00:00", 12), (2000, "window", "2026-01-01T00:00:00+00:00", 12),
])
def test_periods_are_the_finest_with_enough_tasks(days: int, unit: str, first: str, count: int) -> None:
    # given 800 tasks spread evenly over some days from Thursday, 1 January 2026, the second annotator a bit later
    said = examples.crowd(np.random.default_rng(7), 800, people=2)
    seen = asked(said, at=lambda task, person: NEW_YEAR + task * days * DAY / 800 + person * 5)
    found = agreement_report(seen, replicates=50)["over_time"]
    assert {record["unit"] for record in found} == {unit}
    assert len(found) == count
    assert found[0]["from"][:11] == first[:11]
    assert sum(record["tasks"] for record in found) == 800
    assert all(record["tasks"] >= 30 for record in found)
    # and one period ends where the next begins
    assert [record["to"] for record in found[:-1]] == [record["from"] for record in found[1:]]


def test_a_task_belongs_to_the_time_of_its_last_answer_and_unknown_times_to_none() -> None:
    # given 120 tasks answered in January and again in March, 40 of unknown time, and three more of absurd ones
    said = examples.crowd(np.random.default_rng(8), 163, people=2)

    def when(task: int, person: int) -> float | None:
        if task >= 120:
            return None if task < 160 else 1e300
        return NEW_YEAR + (60 * DAY if person else 0) + task * 60

    report = agreement_report(asked(said, at=when), replicates=50)
    assert {record["from"][:7] for record in report["over_time"]} == {"2026-03"}
    assert sum(record["tasks"] for record in report["over_time"]) == 120
    assert any("unknown" in sentence for sentence in report["warnings"])


def test_a_fall_over_time_is_told_and_noise_is_not() -> None:
    rng = np.random.default_rng(9)
    steady, sinking = examples.crowd(rng, 400, right=0.9), examples.crowd(rng, 400, right=0.9)
    sinking[:, 300:] = rng.integers(0, 3, (3, 100))
    reports = [agreement_report(asked(said, at=lambda task, _: NEW_YEAR + task * DAY / 10), replicates=300)
               for said in (steady, sinking)]
    told = [[sentence for sentence in report["warnings"] if "fell in the period" in sentence] for report in reports]
    assert [len(sentences) for sentences in told] == [0, 1]


def test_suggestions_inflate_agreement_and_blind_answers_show_it() -> None:
    # given tasks with a suggestion that nearly all take over, and blind ones
    rng = np.random.default_rng(10)
    said = np.concatenate((examples.crowd(rng, 150, right=0.98), examples.crowd(rng, 150, right=0.7)), axis=1)
    report = agreement_report(asked(said, seen=lambda task, _: task < 150), replicates=300)
    blind = report["blind"]
    assert blind["value"] < report["value"] < blind["suggested"]["value"]
    assert blind["difference"]["low"] > 0.2
    assert blind["tasks"] == 150
    assert any("50% of the answers were given with a suggestion" in sentence for sentence in report["warnings"])


def test_without_blind_answers_that_is_the_reason() -> None:
    report = agreement_report(asked(examples.crowd(np.random.default_rng(11), 10)))
    assert report["blind"]["reason"] == "no answer is known to be blind"
