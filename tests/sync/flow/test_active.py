"""How long people worked, from lead times that also count open tabs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.flow.active import counted, sessions
from sync.flow.day import Submissions, summarise, total


def test_a_lead_time_counts_up_to_ten_medians():
    # given somebody who usually takes 30 s, who had lunch over one task, and one whose pace nobody knows
    found = counted(np.array([30.0, 3600.0, 7200.0]), np.array([1, 1, 2]), {1: 30.0})
    assert found.tolist() == [30.0, 300.0, 1800.0]


def test_a_quick_annotator_still_gets_a_minute():
    assert counted(np.array([45.0, 400.0]), np.array([1, 1]), {1: 2.0}).tolist() == [45.0, 60.0]


def test_what_is_unknown_stays_unknown():
    assert np.isnan(counted(np.array([np.nan, -5.0]), np.array([1, 1]), {1: 30.0})).all()


def test_a_long_gap_ends_a_session():
    # given answers at minutes 0, 5, 10, and after an hour's break at 70 and 72; the first of each took 60 s
    moments = np.array([0, 5, 10, 70, 72]) * 60.0
    spent, number = sessions(moments, np.full(5, 60.0))
    # then there are two sittings: 1 + 10 minutes and 1 + 2 minutes
    assert (spent, number) == (14 * 60.0, 2)


def test_nobody_there_is_no_session():
    assert sessions(np.array([]), np.array([])) == (0.0, 0)


def test_one_answer_without_a_time_is_a_session_of_no_length():
    assert sessions(np.array([5.0]), np.array([np.nan])) == (0.0, 1)


rows = st.lists(st.tuples(st.integers(1, 3), st.floats(0, 86_399), st.one_of(st.none(), st.floats(0, 5_000)),
                          st.booleans(), st.booleans()), max_size=30)


def _day(seen):
    def column(at, kind):
        return np.array([row[at] for row in seen], kind)

    nothing = np.zeros(len(seen), int)
    return summarise("1970-01-01", Submissions(column(0, int), nothing, column(1, float), column(2, float),
                                               column(3, bool), column(4, bool), nothing > 0, nothing, nothing), {})


@settings(max_examples=40, deadline=None)
@given(rows, st.randoms())
def test_the_order_of_rows_changes_nothing(seen, chance):
    mixed = list(seen)
    chance.shuffle(mixed)
    one, other = _day(seen), _day(mixed)
    assert one["hours"] == other["hours"]
    assert one["people"].keys() == other["people"].keys()
    for who, row in one["people"].items():
        assert np.allclose(row, other["people"][who], atol=0.01)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_every_submission_is_counted_once(seen):
    work = total(_day(seen)["people"].values())
    assert work.answers + work.skips + work.copies == len(seen)
    assert work.timed + work.copies_timed == sum(row[2] is not None for row in seen)
    assert work.coverage is None or 0 <= work.coverage <= 1
