"""Plain Dawid-Skene against the posteriors that crowd-kit 1.4.2 gives after the same number of iterations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.arrays import FloatArray
from sync.dawid_skene import dawid_skene

ANSWERS = np.array([
    (0, 0, 0), (0, 1, 0), (0, 2, 1), (1, 0, 1), (1, 1, 1), (1, 3, 2), (2, 1, 2), (2, 2, 2), (2, 3, 0), (3, 0, 2),
    (3, 2, 1), (3, 3, 2), (4, 0, 0), (4, 1, 1), (4, 3, 0), (5, 2, 1), (5, 3, 1), (5, 0, 0), (6, 1, 2), (6, 2, 0),
    (7, 3, 1), (7, 0, 1), (7, 2, 2)])
"""Task, annotator, label."""

AFTER_TWO = [
    [0.7174121095, 0.2825878905, 0], [0, 0.8154929721, 0.1845070279], [0.236103567, 0, 0.763896433],
    [0, 0.2754040094, 0.7245959906], [0.9262186046, 0.0737813954, 0], [0.5564562595, 0.4435437405, 0],
    [0.2246261173, 0, 0.7753738827], [0, 0.7754377044, 0.2245622956]]
"""crowd-kit's `DawidSkene(n_iter=2, tol=-1e9)`; its zeros are 1e-10."""

AFTER_FIVE = [
    [0.9996511981, 0.0003488019, 0], [0, 0.9995804324, 0.0004195676], [0.0007938402, 0, 0.9992061598],
    [0, 0.0357381905, 0.9642618095], [0.9996980134, 0.0003019866, 0], [0.9921667012, 0.0078332988, 0],
    [0.0005192502, 0, 0.9994807498], [0, 0.9992886099, 0.0007113901]]


def run(iterations: int, rows: np.ndarray[tuple[int, int], np.dtype[np.int64]] = ANSWERS, *, tolerance: float = 0,
        compiled: bool = False) -> FloatArray:
    if compiled:
        pytest.importorskip("numba")
    return dawid_skene(*rows.T, tasks=8, annotators=4, labels=3, iterations=iterations, tolerance=tolerance,
                       compiled=compiled)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("iterations", "expected"), [(2, AFTER_TWO), (5, AFTER_FIVE)])
def test_posteriors_are_crowd_kit_s_at_equal_iterations(
        iterations: int, expected: list[list[float]], compiled: bool) -> None:
    assert np.abs(run(iterations, compiled=compiled) - expected).max() < 1e-9


def test_it_stops_when_no_posterior_moves() -> None:
    assert np.array_equal(run(1, tolerance=0.99), run(50, tolerance=0.99))
    assert np.abs(run(200, tolerance=1e-6) - run(200)).max() < 1e-4


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(ANSWERS))))
def test_the_order_of_answers_does_not_matter(order: list[int]) -> None:
    assert np.abs(run(6, ANSWERS[order]) - run(6)).max() < 1e-12


def test_a_task_without_answers_gets_the_class_shares_and_no_tasks_give_no_rows() -> None:
    found = run(3, ANSWERS[ANSWERS[:, 0] != 7])

    assert np.isfinite(found).all()
    assert found[7].sum() == pytest.approx(1)
    assert found[7].max() < 1
    nothing = np.zeros(0, int)
    assert dawid_skene(nothing, nothing, nothing, tasks=0, annotators=0, labels=2).shape == (0, 2)
