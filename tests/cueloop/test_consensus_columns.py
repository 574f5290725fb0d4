"""A whole project's consensus as columns: what rows would say, and the same in the database."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sqlalchemy as sa

from cueloop.store import Store, consensus, schema
from cueloop.store.columns import JsonRows
from cueloop.store.consensus import Consensus, ConsensusColumns
from tests.sync import quality_store as given

LABELS = ("góod 'x'", '100 % "bad"')

ROWS = [Consensus(1, "mood", LABELS[1], 0.75, {LABELS[0]: 0.25, LABELS[1]: 0.75}, 3, "hierarchical",
                  people={LABELS[0]: 0.5, LABELS[1]: 0.5}, effective=2.123, wrong=0.25),
        Consensus(2, "mood", LABELS[0], 0.900001, {LABELS[0]: 0.900001, LABELS[1]: 0.099999}, 2, "hierarchical",
                  effective=1.5, wrong=0.099999),
        Consensus(3, "mood", LABELS[0], 1.0, {LABELS[0]: 1.0, LABELS[1]: 0.0}, 1, "ground-truth",
                  effective=0.0, wrong=0.0)]


@pytest.fixture
def columns() -> ConsensusColumns:
    """The same three tasks: a model spoke of the first, the last one's label is known."""
    return ConsensusColumns(
        "mood", LABELS, np.array([1, 2, 3], object), np.array([1, 0, 0]),
        np.array([[0.25, 0.75], [0.9000011, 0.0999989], [1, 0]]), np.array([[0.5, 0.5], [0.9, 0.1], [1, 0]]),
        np.array([True, False, False]), np.array([3, 2, 1]), np.array([2.12345, 1.5, 0]),
        np.array(["hierarchical", "hierarchical", "ground-truth"], object), np.array([False, False, True]))


def test_columns_are_a_sequence_of_rows(columns: ConsensusColumns) -> None:
    assert list(columns) == ROWS
    assert (columns[1], columns[-1], len(columns)) == (ROWS[1], ROWS[2], 3)
    assert list(columns[1:]) == ROWS[1:]
    assert list(consensus.kept(columns, np.array([True, False, True]))) == [ROWS[0], ROWS[2]]
    assert consensus.kept(ROWS, np.array([True, False, True])) == [ROWS[0], ROWS[2]]
    assert list(columns[:0]) == []
    with pytest.raises(IndexError):
        columns[3]


def test_columns_are_written_as_rows_are(any_store: Store, columns: ConsensusColumns) -> None:
    # given three tasks
    keys = given.project(any_store, tasks=3)
    assert keys == [1, 2, 3]
    for rows in (ROWS, columns):
        # when their consensus is written, as rows or as columns
        with any_store.write() as conn:
            consensus.remove(conn, keys, "mood")
            consensus.write(conn, 1, rows)
        # then it is read as the same rows, and nobody's word without a model is NULL
        with any_store.read() as conn:
            assert list(consensus.of_project(conn, 1, "mood").values()) == ROWS
            absent = sa.select(sa.func.count()).where(schema.consensus.c.people.is_(None))
            assert conn.scalar(absent) == 2


def test_json_of_many_rows_is_the_text_that_json_would_be() -> None:
    numbers = np.array([[0.1, 1e-6], [1.0, 0.0], [0.333333, 12345678.9]])
    rows = JsonRows(LABELS, numbers, np.array([True, False, True]))
    assert rows.texts() == [None if row is None else json.dumps(row, ensure_ascii=True) for row in rows]
    assert list(rows[1:]) == [None, {LABELS[0]: 0.333333, LABELS[1]: 12345678.9}]
    assert JsonRows((), np.zeros((2, 0))).texts() == ["{}", "{}"]
