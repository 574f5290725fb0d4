"""What the rules can see of people: `vocabulary.ANNOTATOR_SIGNALS`, with the ends of their intervals.

Two kinds of measures. Those that are counted from single answers (ground truth, agreement, skips, seconds) count from
the moment when somebody's last pause was lifted. Those that the last full run made of somebody's whole record
(accuracy, consistency, guessing) are unknown after that, until more answers came since than before; a drift counts
when it set in since. So nobody is paused twice for the same. `answers` and `gold_answers` are never counted anew: they
say how much somebody has done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

import sqlalchemy as sa

from cueloop.store import performance as performance_rows
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import answers, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from routing.checking import known_answers
from routing.checking.intervals import Estimate, Rate
from routing.language import columns
from routing.language.columns import Column, Lookup
from routing.language.vocabulary import ANNOTATOR_SIGNALS

SAME = ("choice", "distribution", "rating", "multi", "taxonomy")
"""Kinds of answers of which two people can give exactly the same: of others agreement is not counted here."""

WHOLE = ("accuracy", "consistency", "guessing", "drifting")
"""Measures that the last full run made."""


@dataclass(frozen=True, slots=True)
class Record:
    """One person's signals on one control. What is absent is unknown."""

    annotator: int
    answers: int = 0
    gold_answers: int = 0
    fresh: Mapping[str, int] = field(default_factory=dict)
    """{"answers", "gold_answers"} since their last pause was lifted."""
    rates: Mapping[str, Rate | Estimate] = field(default_factory=dict)
    seconds: float | None = None
    drifting: bool | None = None
    guessing: bool | None = None
    drift: Mapping[str, Any] = field(default_factory=dict)
    """Accuracy before and after, where it fell."""

    def value(self, name: str) -> Any:
        """A signal, or `lower(SIGNAL,LEVEL)` and `upper(...)`."""
        if "(" not in name:
            return self.rates[name].value if name in self.rates else getattr(self, name, None)
        end, _, rest = name[:-1].partition("(")
        signal, _, level = rest.partition(",")
        if signal not in self.rates:
            return None
        return getattr(self.rates[signal], end)(float(level))


def lookup(rows: Sequence[Record]) -> Lookup:
    """Columns of these people, for a condition on them."""
    def column(name: str) -> Column:
        truth = ANNOTATOR_SIGNALS.get(name, ("number", ""))[0] == "truth"
        return columns.of([row.value(name) for row in rows], bool if truth else float)

    return column


def signals_in(names: Collection[str]) -> frozenset[str]:
    """The signals that these columns need."""
    return frozenset(name[name.index("(") + 1:].partition(",")[0] if "(" in name else name for name in names)


def gather(conn: sa.Connection, project_id: int, control: Control, people: Sequence[int], wanted: Collection[str],
           since: Mapping[int, datetime], *, imported: bool) -> list[Record]:
    """The records of these people, in their order, as far as the signals `wanted` go.

    `since`: {annotator: when their last pause was lifted}; absent: never. `imported` as in `known_answers.read`.
    """
    began = {person: since.get(person) for person in people}
    done = _done(conn, project_id, people, began)
    gold = known_answers.read(conn, project_id, control, people, imported=imported) \
        if {"gold_answers", "gold_accuracy"} & set(wanted) else []
    same = _same(conn, control, people, began) if "agreement" in wanted and control.kind in SAME else {}
    whole = _whole(conn, project_id, control, people) if set(WHOLE) & set(wanted) else {}
    seconds = _seconds(conn, project_id, people, began) if "seconds" in wanted else {}
    marked: dict[int, list[known_answers.Marked]] = {}
    for mark in gold:
        marked.setdefault(mark.annotator, []).append(mark)
    rows = []
    for person in people:
        own, start = done.get(person, _Done()), began[person]
        marks = marked.get(person, [])
        new = [mark for mark in marks if start is None or mark.at > start]
        found = whole.get(person)
        settled = found is not None and (start is None or own.fresh > own.answers - own.fresh)
        rates: dict[str, Rate | Estimate] = {
            "gold_accuracy": Rate(sum(mark.credit for mark in new), len(new)),
            "agreement": same.get(person, Rate(0, 0)), "skips": Rate(own.skips, own.fresh + own.skips)}
        if found is not None and settled:
            rates |= found.rates
        drift = found.drift if found is not None and (start is None or found.drifted_since(start)) else {}
        rows.append(Record(
            annotator=person, answers=own.answers, gold_answers=len(marks),
            fresh={"answers": own.fresh, "gold_answers": len(new)}, rates=rates,
            seconds=seconds.get(person),
            drifting=None if found is None or found.drifting is None else bool(drift),
            guessing=found.guessing if found is not None and settled else None, drift=drift))
    return rows


@dataclass(frozen=True, slots=True)
class _Done:
    """What somebody did: all `answers`, and since a moment `fresh` ones and `skips`."""

    answers: int = 0
    fresh: int = 0
    skips: int = 0


def _own(project_id: int, people: Collection[int]) -> tuple[sa.ColumnElement[bool], ...]:
    """SQL: annotations of these people that count, found by the index of people (`+ 0` keeps SQLite from another), and
    hidden copies, few, by theirs."""
    hidden = sa.select(tasks.c.key).where(tasks.c.copy_of > 0)
    return (notes.c.project_id + 0 == project_id, notes.c.annotator_id.in_(list(people)), notes.c.deleted_at.is_(None),
            notes.c.task.not_in(hidden))


def _done(conn: sa.Connection, project_id: int, people: Sequence[int],
          began: Mapping[int, datetime | None]) -> dict[int, _Done]:
    found: dict[int, _Done] = {}
    groups: dict[datetime | None, list[int]] = {}
    for person in people:
        groups.setdefault(began[person], []).append(person)
    for start, group in groups.items():
        new = sa.true() if start is None else notes.c.created_at > start
        for some in chunks(group):
            for row in conn.execute(sa.select(
                    notes.c.annotator_id, _number(~notes.c.was_cancelled).label("answers"),
                    _number(new & ~notes.c.was_cancelled).label("fresh"),
                    _number(new & notes.c.was_cancelled).label("skips")).where(
                    *_own(project_id, some)).group_by(notes.c.annotator_id)):
                found[row.annotator_id] = _Done(row.answers, row.fresh, row.skips)
    return found


def _number(condition: sa.ColumnElement[bool]) -> sa.Function[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _seconds(conn: sa.Connection, project_id: int, people: Sequence[int],
             began: Mapping[int, datetime | None]) -> dict[int, float]:
    """{annotator: median seconds of an answer}."""
    taken: dict[int, list[float]] = {}
    for some in chunks(list(people)):
        for row in conn.execute(sa.select(notes.c.annotator_id, notes.c.lead_time, notes.c.created_at).where(
                *_own(project_id, some), ~notes.c.was_cancelled, notes.c.lead_time.is_not(None))):
            start = began[row.annotator_id]
            if start is None or row.created_at > start:
                taken.setdefault(row.annotator_id, []).append(row.lead_time)
    return {person: median(seconds) for person, seconds in taken.items()}


def _same(conn: sa.Connection, control: Control, people: Sequence[int],
          began: Mapping[int, datetime | None]) -> dict[int, Rate]:
    """How often others gave the same answer; of each answer the share of the others counts as one."""
    own, other = answers.alias("own"), answers.alias("other")
    found: dict[int, Rate] = {}
    for some in chunks(list(people)):
        for row in conn.execute(
                sa.select(own.c.annotator_id, own.c.answered_at,
                          sa.func.avg(sa.case((other.c.label == own.c.label, 1.0), else_=0.0)).label("share"))
                .select_from(notes)
                .join(own, sa.and_(own.c.task == notes.c.task, own.c.control == control.name,
                                   own.c.unique_id == notes.c.unique_id, own.c.annotator_id == notes.c.annotator_id))
                .join(other, sa.and_(other.c.task == own.c.task, other.c.control == control.name,
                                     other.c.annotator_id != own.c.annotator_id))
                .where(notes.c.annotator_id.in_(some), ~own.c.review, ~other.c.review)
                .group_by(own.c.annotator_id, own.c.task, own.c.answered_at)):
            start, had = began[row.annotator_id], found.get(row.annotator_id, Rate(0, 0))
            if start is None or row.answered_at > start:
                found[row.annotator_id] = Rate(had.hits + float(row.share), had.size + 1)
    return found


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the last full run found of somebody."""

    rates: Mapping[str, Rate | Estimate]
    drifting: bool | None
    guessing: bool | None
    drift: Mapping[str, Any]

    def drifted_since(self, start: datetime) -> bool:
        """Whether the fall set in after a moment."""
        return bool(self.drift) and datetime.fromisoformat(str(self.drift["when"])) > start


def _whole(conn: sa.Connection, project_id: int, control: Control, people: Sequence[int]) -> dict[int, _Whole]:
    wanted, found = frozenset(people), {}
    for row in conn.execute(performance_rows.of_project(project_id, control.name)):
        if row.annotator_id not in wanted or not row.answers:
            continue
        card = (row.details or {}).get("card") or {}
        shown = bool(card.get("shown"))
        same = card["consistency"]["same"] if shown else {}
        rates: dict[str, Rate | Estimate] = {"accuracy": Estimate(row.accuracy, row.low, row.high)}
        if same.get("value") is not None:
            rates["consistency"] = Rate(same["value"] * same["n"], same["n"])
        drift = card["reliability"]["drift"] if shown else {}
        fell = bool(drift.get("changed")) and drift["value"] < 0
        found[row.annotator_id] = _Whole(
            rates, fell if shown else None,
            any(flag["kind"] == "guessing" for flag in card["flags"]) if shown else None, drift if fell else {})
    return found
