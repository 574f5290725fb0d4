"""The two passes of EM: against sums written out by hand, and both implementations against each other."""

from __future__ import annotations

import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from sync import passes as module
from sync.arrays import FloatArray, IntArray, softmaxed
from sync.passes import Passes, by_task, passes

SIZES = [(40, 12, 3, 2), (300, 25, 9, 3), (500, 60, 7, 8), (400, 30, 5, 11), (50, 10, 4, 1)]


def crowd(answers: int, tasks: int, annotators: int, labels: int, seed: int = 0) -> tuple[IntArray, IntArray, IntArray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, tasks, answers), rng.integers(0, annotators, answers), rng.integers(0, labels, answers)


def both(answers: int, tasks: int, annotators: int, labels: int, seed: int = 0) -> tuple[Passes, Passes]:
    pytest.importorskip("numba")
    drawn = crowd(answers, tasks, annotators, labels, seed)
    plain, compiled = (passes(*drawn, tasks=tasks, annotators=annotators, labels=labels, compiled=compiled)
                       for compiled in (False, True))
    return plain, compiled


def beliefs(tasks: int, annotators: int, labels: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(9)
    return (rng.dirichlet(np.ones(labels), tasks), rng.dirichlet(np.ones(labels), (annotators, labels)),
            rng.dirichlet(np.ones(labels)))


@pytest.mark.parametrize(("answers", "tasks", "annotators", "labels"), SIZES)
def test_passes_are_the_sums_and_products_of_the_definition(
        answers: int, tasks: int, annotators: int, labels: int) -> None:
    task, annotator, label = crowd(answers, tasks, annotators, labels)
    posterior, confusion, prior = beliefs(tasks, annotators, labels)
    run = passes(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels, compiled=False)

    counts = np.zeros((annotators, labels, labels))
    chances = np.tile(prior, (tasks, 1))
    for t, w, given in zip(task, annotator, label, strict=True):
        counts[w, :, given] += posterior[t]
        chances[t] *= confusion[w, :, given]

    assert np.allclose(run.counts(posterior), counts, rtol=0, atol=1e-12)
    assert np.allclose(run.expect(confusion, prior), chances / chances.sum(1, keepdims=True), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("answers", "tasks", "annotators", "labels"), SIZES)
def test_compiled_passes_equal_the_others(answers: int, tasks: int, annotators: int, labels: int) -> None:
    plain, compiled = both(answers, tasks, annotators, labels)
    posterior, confusion, prior = beliefs(tasks, annotators, labels)
    known = np.where(np.arange(tasks) % 3 == 0, np.arange(tasks) % labels, -1)

    assert np.abs(plain.counts(posterior) - compiled.counts(posterior)).max() < 1e-12
    assert np.abs(plain.expect(confusion, prior) - compiled.expect(confusion, prior)).max() < 1e-12
    for pinned in (None, known):
        pairs = zip(plain.turn(confusion, prior, pinned), compiled.turn(confusion, prior, pinned), strict=True)
        for one, other in pairs:
            assert np.abs(one - other).max() < 1e-12


@pytest.mark.parametrize("compiled", [False, True])
def test_a_turn_is_both_passes_with_what_is_known(compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba")
    run = passes(*crowd(200, 20, 5, 3), tasks=20, annotators=5, labels=3, compiled=compiled)
    _, confusion, prior = beliefs(20, 5, 3)
    known = np.full(20, -1)
    known[[4, 7]] = 2, 0

    posterior, counts = run.turn(confusion, prior, known)

    free = known < 0
    assert np.allclose(posterior[free], run.expect(confusion, prior)[free], rtol=0, atol=1e-14)
    assert posterior[[4, 7]].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert np.allclose(counts, run.counts(posterior), rtol=0, atol=1e-12)


@pytest.mark.parametrize("compiled", [False, True])
def test_tasks_without_answers_get_the_prior_and_impossible_answers_no_infinity(compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba")
    prior = np.array([0.7, 0.3])
    never = np.array([[[1.0, 0.0], [1.0, 0.0]]])  # the annotator never says 1, and says it
    run = passes(np.array([1]), np.array([0]), np.array([1]), tasks=3, annotators=1, labels=2, compiled=compiled)

    found = run.expect(never, prior)

    assert np.allclose(found, [[0.7, 0.3]] * 3)
    assert passes(*[np.zeros(0, int)] * 3, tasks=0, annotators=0, labels=2,
                  compiled=compiled).expect(np.zeros((0, 2, 2)), prior).shape == (0, 2)
    assert passes(*[np.zeros(0, int)] * 3, tasks=2, annotators=1, labels=1,
                  compiled=compiled).counts(np.ones((2, 1))).tolist() == [[[0.0]]]


@pytest.mark.parametrize(("name", "at"), [("task", 0), ("annotator", 1), ("label", 2)])
@pytest.mark.parametrize("wrong", [-1, 2])
def test_an_index_out_of_range_is_named(name: str, at: int, wrong: int) -> None:
    columns = [np.array([0, 1]) for _ in range(3)]
    columns[at] = np.array([0, wrong])
    with pytest.raises(ValueError, match=f"{name} indices run from"):
        passes(*columns, tasks=2, annotators=2, labels=2)


def test_answers_are_sorted_by_task_and_otherwise_stay_in_order() -> None:
    column, first = by_task(np.array([2, 0, 2, 0]), np.array([1, 0, 0, 1]), np.array([1, 0, 1, 1]),
                            tasks=3, annotators=2, labels=2)

    assert column.tolist() == [0, 3, 3, 1]
    assert first.tolist() == [0, 2, 2, 4]
    assert column.dtype == first.dtype == np.int32


def test_the_compiled_passes_are_taken_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    drawn, sizes = crowd(60, 10, 3, 2), {"tasks": 10, "annotators": 3, "labels": 2}
    assert isinstance(passes(*drawn, **sizes), module.SparsePasses)

    monkeypatch.setattr(module, "WORTH_COMPILING", 60)
    assert not isinstance(passes(*drawn, **sizes), module.SparsePasses)

    monkeypatch.setattr(module, "compilable", lambda: False)
    assert isinstance(passes(*drawn, **sizes), module.SparsePasses)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(rows=st.lists(st.lists(st.floats(-800, 800), min_size=3, max_size=3), max_size=6))
def test_softmax_column_by_column_is_softmax(rows: list[list[float]]) -> None:
    given_rows = np.array(rows, np.float64).reshape(-1, 3)
    found = softmaxed(given_rows.copy())

    for row, got in itertools.zip_longest(given_rows.tolist(), found.tolist()):
        weights = [np.exp(x - max(row)) for x in row]
        assert np.allclose(got, np.array(weights) / sum(weights), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("labels", [3, 11])
def test_very_many_answers_to_a_task_lose_no_posterior(labels: int) -> None:
    # given a task whose thousand answers are so unlikely, whatever its truth, that a product of chances is zero
    pytest.importorskip("numba")
    task, annotator = np.repeat([0, 1], [1000, 2]), np.concatenate([np.arange(1000), [0, 1]])
    label = np.arange(1002) % labels
    confusion = np.random.default_rng(3).dirichlet(np.full(labels, 0.4), (1000, labels))
    confusion[:20] = 1e-30
    prior = np.full(labels, 1 / labels)
    plain, compiled = (passes(task, annotator, label, tasks=2, annotators=1000, labels=labels, compiled=one)
                       for one in (False, True))
    # when both implementations expect, then they agree
    expected = plain.expect(confusion, prior)
    assert np.abs(compiled.expect(confusion, prior) - expected).max() < 1e-9
    assert np.abs(compiled.turn(confusion, prior)[1] - plain.turn(confusion, prior)[1]).max() < 1e-9
    assert np.allclose(expected.sum(1), 1)
