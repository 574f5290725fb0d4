"""Which declaration of checks a task is drawn for: the first whose condition holds for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from routing.checking.checks import Source
from routing.context import Context
from routing.signals import gather, lookup


def assigned(conn: sa.Connection, given: Context, found: Sequence[Source], tasks: Sequence[int]) -> dict[int, str]:
    """{task: the source that draws it}; absent where none does."""
    free: NDArray[np.bool_] = np.ones(len(tasks), bool)
    named: dict[int, str] = {}
    for source in found:
        here = free & _holds(conn, given, source, tasks)
        named |= {tasks[at]: source.name for at in np.flatnonzero(here)}
        free = free & ~here
    return named


def _holds(conn: sa.Connection, given: Context, source: Source, tasks: Sequence[int]) -> NDArray[np.bool_]:
    """(T,) tasks for which the condition of a source is known to be true."""
    if source.rule is None or not source.rule.when.names:
        always = source.rule is None or bool(source.rule.when.true(lookup([]), 1).all())
        return np.full(len(tasks), always)
    control = given.control(source.rule.control)
    rows = gather(conn, given.project.id, control, tasks, given.champion, given.project.guideline_version,
                  names=source.rule.when.names, now=given.now, costs=given.rules.declared.costs)
    return source.rule.when.true(lookup(rows, found=given.found), len(rows))
