"""The promise: a threshold is chosen by looking, once or all the time, and is still rarely unsafe. By simulation."""

from __future__ import annotations

import numpy as np
import pytest

from routing.thresholds import betting, binomial
from routing.thresholds.grid import Grid, make
from routing.thresholds.search import Counts, count, lowest, passed

SETS, AUDITED, LOOKS, ERROR = 1_000, 1_200, 15, 0.05
NOISE = 2 * (0.05 * 0.95 / SETS) ** 0.5
"""Two standard errors of a share of 5 % among so many sets."""

SHAPES = {
    "says what is true": lambda score: 1 - score,
    "never safe": lambda score: np.full_like(score, 1.02 * ERROR),
    "wrong where it is surest": lambda score: np.where(score > 0.97, 0.2, 0.02),
    "safe above a cliff": lambda score: np.where(score > 0.8, 0.02, 0.12)}


def many(shape: str, label: str) -> tuple[np.ndarray, np.ndarray, Grid, np.ndarray, np.ndarray]:
    """(seen, wrong) of SETS sets at LOOKS looks above J thresholds; the grid; true error and share above each."""
    rng = np.random.default_rng(len(shape))
    error = SHAPES[shape]
    whole = rng.random(200_000) / 2 + 0.5
    grid = make(whole)
    levels = np.array(grid.levels)
    above = whole[:, None] >= levels
    risk, share = (above * error(whole)[:, None]).sum(0) / above.sum(0), above.mean(0)
    tables = np.zeros((2, SETS, LOOKS, len(levels) + 1))
    size = AUDITED if not label else AUDITED // 3       # one class of three: a third of the audited tasks
    for at in range(SETS):
        score = rng.random(size) / 2 + 0.5
        wrong = rng.random(size) < error(score)
        look, place = np.arange(size) * LOOKS // size, np.searchsorted(-levels, -score)
        np.add.at(tables[0, at], (look, place), 1)
        np.add.at(tables[1, at], (look[wrong], place[wrong]), 1)
    seen, wrong = tables[..., :-1].cumsum(2).cumsum(3)
    return seen, wrong, grid, risk, share


def unsafe(found: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Whether the lowest threshold that passed is not safe."""
    lowest = np.where(found.any(-1), found.shape[-1] - 1 - found[..., ::-1].argmax(-1), -1)
    return (lowest >= 0) & (risk[lowest] >= ERROR)


@pytest.mark.parametrize("label", ["", "one class"])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_unsafe_threshold_is_found_in_at_most_one_of_twenty_sets(shape: str, label: str) -> None:
    seen, wrong, grid, risk, share = many(shape, label)
    # When the data are looked at once
    once = passed(grid, Counts(seen[:, -1], wrong[:, -1], 0 * seen[:, -1]), ERROR, 0.95, binomial.below)
    assert unsafe(once, risk).mean() <= 0.05 + NOISE
    # When they are looked at while they arrive, an unsafe threshold must not be in use at any look
    ever = passed(grid, Counts(seen, wrong, 0 * seen), ERROR, 0.95, betting.below)
    assert unsafe(ever, risk).any(1).mean() <= 0.05 + NOISE
    # And the naive threshold, which believes what it sees, breaks the promise far more often where it can
    naive = (seen[:, -1] > 0) & (wrong[:, -1] < ERROR * seen[:, -1])
    if shape != "wrong where it is surest":
        assert unsafe(naive, risk).mean() > 0.2
    # Yet work goes to the machine where it may
    if shape == "safe above a cliff" and not label:
        oracle = share[risk < ERROR].max()
        for found, least in ((once, 0.75), (ever, 0.4)):
            best = (found[:, -1] if found.ndim == 3 else found)
            taken = np.where(best, share, 0).max(-1).mean()
            assert least * oracle < taken < oracle


@pytest.mark.parametrize("again", [False, True], ids=["one look", "disputes are looked at again"])
def test_people_who_are_wrong_themselves_make_no_threshold_unsafe(again: bool) -> None:
    # Given people who are wrong about 3 % of the tasks, whatever the model says, and then say what it says every other
    # time; and a model whose error is just not safe at half of the thresholds
    rng = np.random.default_rng(11)
    people, bad, taken = 0.03, 0, 0.0
    whole = rng.random(200_000) / 2 + 0.5
    grid = make(whole)
    above = whole[:, None] >= np.array(grid.levels)
    error = np.where(whole > 0.75, 0.03, 0.075)
    risk, share = (above * error[:, None]).sum(0) / above.sum(0), above.mean(0)
    for _ in range(400):
        score = rng.random(1_500) / 2 + 0.5
        wrong = rng.random(1_500) < np.where(score > 0.75, 0.03, 0.075)
        slip, same = rng.random(1_500) < people, rng.random(1_500) < 0.5
        differs = np.where(wrong, ~(slip & same), slip)
        if again:       # of two who disagree a third decides, as often wrong
            differs &= ~((rng.random(1_500) < people) & wrong)
            differs &= wrong | (rng.random(1_500) < people)
        counts = count(grid.levels, score, differs, np.full(1_500, people))
        found = lowest(grid, counts, ERROR, 0.95, binomial.below)
        bad += found is not None and risk[found] >= ERROR
        taken += share[found] / 400 if found is not None else 0.0
    # Then the promise is kept
    assert bad / 400 <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5
    # and it costs the machine work, which a second look at what is disputed gives back
    assert bool(taken > 0.2) is again
