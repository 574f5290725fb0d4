"""What rules see of people, and of which part of their record; in the store alone, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop import audit
from cueloop.store import Store, annotators, assignments, notices, pauses, performance
from cueloop.store.columns import now
from cueloop.store.schema import annotations as notes
from cueloop.types import Control
from routing import context
from routing.checking import known_answers, records
from routing.checking import pauses as people
from routing.checking.intervals import Estimate, Rate
from routing.checking.known_answers import _credits
from routing.checking.reasons import reason
from routing.checking.records import Record
from routing.language import rules
from routing.language.conditions import compile_condition
from routing.language.scopes import ANNOTATOR
from routing.route import route
from sync import answers
from tests.routing.test_checks_in_store import ANN, BEN, EXPERT, answer, keys, project

__all__ = ["project"]

SENTIMENT = Control("sentiment", "text", "Choices", ("negative", "neutral", "positive"), "text", modelled=True,
                    kind="choice")
RULES = """
version: 1
rules:
  - {name: once, when: answers < 1, ask: {n: 1}}
  - {name: checked, pause: {when: "%s", after: %d}}
"""


def seen(store: Store, *people_: int, wanted: tuple[str, ...] = ("gold_accuracy", "agreement", "accuracy", "seconds"),
         since: dict[int, datetime] | None = None) -> list[Record]:
    """The records of people."""
    with store.read() as conn:
        return records.gather(conn, 1, SENTIMENT, people_, wanted, since or {}, imported=False)


def holds(row: Record, condition: str) -> bool:
    """Whether a condition is known to be true of somebody."""
    compiled, problems = compile_condition(condition, ANNOTATOR)
    assert compiled is not None, problems
    return bool(compiled.true(records.lookup([row]), 1)[0])


def apply(store: Store, when: str, after: int = 0) -> None:
    """Put a pause by this condition in force."""
    with store.write() as conn:
        context.put_in_force(conn, 1, rules.parse(RULES % (when, after)), "test")


def open_now(store: Store) -> dict[int, pauses.Paused]:
    """Who is paused."""
    with store.read() as conn:
        return pauses.open_of(conn, 1)


def test_gold_is_counted_from_single_answers_skips_and_seconds_too(project: Store) -> None:
    # Given an expert who says neutral, and Ann who is right on four of four, has no suggestion but one, and 100 apart
    for task in (130, 131, 132, 133):
        answer(project, ANN, task)
    answer(project, ANN, 100)
    answer(project, BEN, 100)
    with project.write() as conn:
        conn.execute(notes.update().where(notes.c.unique_id == "1-133").values(seen_suggestion=True))
        answers.rebuild(conn, [keys(project)[133]])
    ann, ben, expert = seen(project, ANN, BEN, EXPERT)
    assert (ann.answers, ann.gold_answers, ann.value("gold_accuracy")) == (5, 3, 1.0)
    assert ann.value("lower(gold_accuracy,0.95)") == pytest.approx(0.05 ** (1 / 3))
    assert ann.value("seconds") == 5.0
    assert (ben.gold_answers, ben.value("gold_accuracy"), ben.value("agreement")) == (0, None, 1.0)
    assert expert.gold_answers == 0             # nobody checks themself
    # what is unknown makes no condition true
    assert not holds(ben, "gold_accuracy < 0.9")
    assert not holds(ben, "accuracy < 0.9 or drifting or guessing")
    assert holds(ben, "gold_answers < 5")


def test_a_lift_begins_a_new_count_but_not_of_what_was_done(project: Store) -> None:
    for task in (130, 131):
        answer(project, ANN, task, ago=timedelta(hours=2))
    answer(project, ANN, 132)
    (row,) = seen(project, ANN, since={ANN: now() - timedelta(hours=1)})
    assert (row.gold_answers, row.fresh) == (3, {"gold_answers": 1, "answers": 1})
    assert row.rates["gold_accuracy"] == Rate(1, 1)


def test_what_only_a_report_knows_waits_after_a_lift_until_most_of_it_is_new(project: Store) -> None:
    drift = {"value": -0.2, "changed": True, "when": (now() - timedelta(minutes=30)).isoformat(),
             "before": {"value": 0.9}, "after": {"value": 0.7}}
    card = {"shown": True, "consistency": {"same": {"value": 0.5, "n": 8}}, "reliability": {"drift": drift},
            "flags": [{"kind": "guessing"}]}
    with project.write() as conn:
        performance.write(conn, 1, "sentiment", [{
            "annotator_id": ANN, "answers": 4, "skips": 0, "accuracy": 0.6, "low": 0.5, "high": 0.7, "labels": [],
            "confusion": [], "counts": [], "median_lead_time": 5.0, "details": {"card": card}}])
    for task in (100, 101):
        answer(project, ANN, task, ago=timedelta(hours=2))
    answer(project, ANN, 102)
    every = ("accuracy", "consistency", "drifting", "guessing")
    (row,) = seen(project, ANN, wanted=every)
    assert holds(row, "accuracy < 0.7 and consistency < 0.6 and drifting and guessing")
    said = reason(row, every)
    assert "accuracy is estimated at 60 % (50 % to 70 %)" in said[0].lower() + said[1:]
    assert "of 8 tasks that were asked twice, 4 were answered the same way (50 %)" in said
    assert "90 % were right before" in said
    (after,) = seen(project, ANN, wanted=every, since={ANN: now() - timedelta(hours=1)})
    assert holds(after, "drifting")             # it set in after the lift
    assert not holds(after, "known(accuracy) or known(consistency) or known(guessing)")
    for task in (103, 104):
        answer(project, ANN, task)
    (more,) = seen(project, ANN, wanted=every, since={ANN: now() - timedelta(hours=1)})
    assert holds(more, "accuracy < 0.7 and guessing")
    (later,) = seen(project, ANN, wanted=every, since={ANN: now()})
    assert not holds(later, "drifting")


def test_too_few_checks_pause_nobody_and_a_pause_is_one_transaction(project: Store,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    # Given Ben who gets every gold task wrong: the expert says neutral
    apply(project, "gold_accuracy < 0.5", after=3)
    route(project, 1)
    for number, task in enumerate((130, 131, 132)):
        assert open_now(project) == {}, number
        wrong(project, BEN, task)
        if number < 2:
            route(project, 1)
    # When the process dies at any of the writes of a pause, nothing of it stays
    for place in ("routing.checking.pauses.audit.record", "routing.checking.pauses.raise_once",
                  "routing.checking.pauses.assignments.end"):
        with monkeypatch.context() as patch:
            def dies(*_: Any, **__: Any) -> None:
                raise KeyboardInterrupt

            patch.setattr(place, dies)
            if place.endswith("end") and not open_of(project, BEN):
                continue
            with pytest.raises(KeyboardInterrupt):
                route(project, 1)
        assert open_now(project) == {}
        with project.read() as conn:
            assert notices.newest(conn, 10) == []
    # and the next round does it once
    route(project, 1)
    route(project, 1)
    assert set(open_now(project)) == {BEN}
    assert open_of(project, BEN) == []
    with project.read() as conn:
        assert sorted(n.recipient for n in notices.newest(conn, 10)) == ["admin", "p2@example.com"]
        assert audit.verify(conn) >= 2
    # Lifted by an admin it stays lifted for the same evidence, and three more wrong ones pause again
    with project.write() as conn:
        people.resume(conn, 1, "P2@example.com", "admin", now())
    for number, task in enumerate((133, 134, 135)):
        route(project, 1)
        assert open_now(project) == {}, number
        wrong(project, BEN, task)
    route(project, 1)
    assert set(open_now(project)) == {BEN}


def wrong(store: Store, person: int, task: int) -> None:
    """Somebody answers what the expert did not."""
    answer(store, person, task)
    result = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["negative"]}}]
    with store.write() as conn:
        conn.execute(notes.update().where(notes.c.unique_id == f"{person}-{task}").values(result=result, answer=result))
        answers.rebuild(conn, [keys(store)[task]])


def open_of(store: Store, person: int) -> list[int]:
    """Tasks that somebody is being asked."""
    with store.read() as conn:
        return [a.task for a in assignments.open_of(conn, 1) if a.annotator_id == person]


def test_the_last_who_may_be_asked_is_paused_aloud(project: Store) -> None:
    with project.write() as conn:
        annotators.mark_deleted(conn, {ANN, EXPERT}, now())
    text = RULES % ("answers >= 1", 0)
    with project.write() as conn:
        context.put_in_force(conn, 1, rules.parse(text.replace(
            "ask: {n: 1}", "ask: {n: 1, people: [p1@example.com]}")), "test")
    answer(project, ANN, 100)
    route(project, 1)
    with project.read() as conn:
        (said,) = [n.text for n in notices.newest(conn, 10) if n.recipient == "admin" and n.kind == "pause"]
    assert "ATTENTION: rule once has nobody else whom it may ask." in said


@given(hits=st.integers(0, 40), more=st.integers(0, 40), level=st.floats(0.5, 0.999))
@settings(max_examples=50, deadline=None)
def test_ends_of_intervals_lie_around_the_share_and_are_exact(hits: int, more: int, level: float) -> None:
    from scipy.stats import binom

    rate = Rate(hits, hits + more)
    low, high = rate.lower(level), rate.upper(level)
    if not rate.size:
        assert (low, high, rate.value) == (None, None, None)
        return
    assert low is not None
    assert high is not None
    assert rate.value is not None
    assert 0 <= low <= rate.value <= high <= 1
    if hits:        # if the truth were the lower end, so many hits would come with probability 1 - level
        assert binom.sf(hits - 1, rate.size, low) == pytest.approx(1 - level, abs=1e-9)


def test_ends_of_an_estimate_come_from_its_interval() -> None:
    estimate = Estimate(0.8, 0.7, 0.9)
    assert estimate.lower(0.975) == pytest.approx(0.7)
    assert estimate.upper(0.975) == pytest.approx(0.9)
    assert 0.7 < estimate.lower(0.95) < 0.8
    assert np.isfinite(Estimate(1.0, 0.9, 1.0).lower(0.95))


def test_structured_answers_are_marked_by_their_shape() -> None:
    def control(kind: str, **more: Any) -> Control:
        return Control("c", "text", "X", (), "text", kind=kind, **more)

    def mark(kind: str, own: Any, true: Any, **more: Any) -> float:
        return _credits(control(kind, **more), [("a", own, "b", true)])[0]

    here = {"start": 0, "end": 10, "label": "PERSON", "unit": 0}
    there = {"start": 20, "end": 30, "label": "DRUG", "unit": 0}
    assert mark("spans", [here], [here]) == 1.0
    assert mark("spans", [here, there], [here]) == pytest.approx(2 / 3)
    assert mark("spans", [], []) == 1.0
    assert mark("spans", [there], [here]) == 0.0
    assert mark("number", 4.2, 4.0) == 1.0
    assert mark("number", 5.0, 4.0) == 0.0
    assert mark("number", 5.0, 4.0, scale=(0.0, 100.0)) == 1.0
    assert mark("text", ["Hello  World"], ["hello world"]) == 1.0
    assert 0 < mark("text", ["hello"], ["hallo"]) < 1
    assert _credits(control("rating"), [("3", 3, "3", 3), ("3", 3, "4", 4)]) == [1.0, 0.0]
    assert known_answers.Marked(1, 1, 0.85, now()).right
