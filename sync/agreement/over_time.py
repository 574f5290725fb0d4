"""Agreement over time: weeks, months, or windows of equally many tasks, so that each has enough of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sync.agreement.by_group import compared
from sync.agreement.table import Table, only, paired
from sync.agreement.units import Units
from sync.arrays import FloatArray, IntArray
from sync.told import moment

ENOUGH = 30
"""Every period must have so many tasks with two answers or more."""

MOST = 26
"""Of more weeks than this months are told, of more months windows."""

WINDOWS = 12
"""At most so many windows."""

_DAY = 86_400.0
_YEAR_9999 = 253_370_764_800.0


def over_time(units: Units, level: str, *, replicates: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """One record a period, oldest first. A task belongs to the time of its last answer; unknown times are left out.

    `from` is in the period and `to` is not, but for the last window, which ends with its last task. Periods without
    a task are left out.
    """
    table = paired(units.table())
    at = last_answers(units, table)
    known = ~np.isnan(at)
    table, at = only(table, known), at[known]
    if not len(at):
        return []
    unit, period, bounds = periods(at)
    tables = [only(table, period == number) for number in range(len(bounds))]
    return [{"from": moment(start), "to": moment(end), "unit": unit, **record}
            for (start, end), record in zip(bounds, compared(tables, level, replicates=replicates, seed=seed),
                                            strict=True)]


def last_answers(units: Units, table: Table) -> FloatArray:
    """When the last answer to each task of the table came (POSIX seconds); NaN unknown, or no date at all."""
    latest = np.full(units.tasks, -np.inf)
    known = np.isfinite(units.at) & (np.abs(units.at) < _YEAR_9999) & (units.at > -_YEAR_9999 / 5)
    np.maximum.at(latest, units.task[known], units.at[known])
    latest[np.isinf(latest)] = np.nan
    return np.asarray(latest[table.rows])


def periods(at: FloatArray) -> tuple[str, IntArray, list[tuple[float, float]]]:
    """The unit, the period of each time (T,), and start and end of each period: the finest with enough tasks each."""
    weeks = np.floor((at / _DAY + 3) / 7)  # 1 January 1970 was a Thursday
    for unit, numbers in (("week", weeks), ("month", _month(at))):
        used, period, tasks = np.unique(numbers, return_inverse=True, return_counts=True)
        if 2 <= len(used) <= MOST and tasks.min() >= ENOUGH:
            return unit, period, [_calendar(unit, number) for number in used]
    windows = max(1, min(WINDOWS, len(at) // ENOUGH))
    ordered = np.sort(at)
    edges = np.unique(ordered[np.arange(1, windows) * len(at) // windows])  # equal times stay together
    period = np.searchsorted(edges, at, side="right")
    used, period = np.unique(period, return_inverse=True)
    starts = [float(at[period == number].min()) for number in range(len(used))]
    return "window", period, list(zip(starts, [*starts[1:], float(ordered[-1])], strict=True))


def _month(at: FloatArray) -> FloatArray:
    return np.floor(at).astype("datetime64[s]").astype("datetime64[M]").astype(np.float64)


def _calendar(unit: str, number: float) -> tuple[float, float]:
    if unit == "week":
        return (number * 7 - 3) * _DAY, (number * 7 + 4) * _DAY
    start, end = (np.datetime64(int(number) + more, "M").astype("datetime64[s]").astype(float) for more in (0, 1))
    return float(start), float(end)
