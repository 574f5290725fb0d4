"""Who meets what a rule demands of people, and why somebody does not. Pure.

* All demands hold at once. Names of people, teams, skills and languages are compared without regard to case.
* `task.FIELD` is read from the task's data; a list there is several values. Where the field is absent or empty the
  demand is unknown, and nobody meets it. Only `never` excludes nobody then: it names nobody.
* What `team.yaml` does not say of somebody is unknown: they do not meet a demand for it.
* `qualified` is met by the measured share of right answers on the labels in question: see `routing.people.measured`.
* `never` is a veto: it holds also for those whom `if_nobody` lets in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from routing.language import columns
from routing.language.audience import Audience, Mix
from routing.language.columns import BoolArray, Column, Lookup
from routing.people.team import Person, Team

FIELD = "task."
POSITIVE = ("people", "teams", "skills", "languages")
"""Demands that are lists of names and may be read from the task's data."""

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Demand:
    """An audience whose `task.FIELD`s were read."""

    who: Audience
    absent: tuple[str, ...] = ()
    """Fields that the task does not have although something is demanded of them: nobody meets it."""


def resolve(who: Audience, data: Data) -> Demand:
    """Read what an audience demands of this task."""
    if not _refers(who):
        return Demand(who)
    absent: list[str] = []
    read: dict[str, Any] = {name: _values(getattr(who, name), data, absent) for name in POSITIVE}
    read["never"] = _values(who.never, data, [])
    read["seniority"] = next(iter(_values((who.seniority,) if who.seniority else (), data, absent)), "")
    mixed = []
    for mix in who.mix:
        values = _values((mix.value,), data, absent)
        mixed += [replace(mix, value=value) for value in values]
    return Demand(replace(who, mix=tuple(mixed), **read), tuple(dict.fromkeys(absent)))


def refusal(demand: Demand, person: Person, team: Team, right: float | None = None) -> str | None:
    """Why somebody does not meet what is demanded of each one alone; None when they do.

    `right` is their accuracy on the labels in question, for `qualified`; None: it is not looked at.
    """
    who = demand.who
    if demand.absent:
        return f"the task has no {', '.join(demand.absent)}, so nobody is known to meet what is asked for"
    return _veto(who, person) or _named(who, person) or _senior(who, person, team) or _accurate(who, right)


def meets(who: Audience, data: Data, person: Person, team: Team, *, right: float | None = None,
          involved: Sequence[Person] = (), seats: int = 1) -> bool:
    """Whether somebody may be asked about a task: alone, beside those who are asked or answered, and by their `never`.

    `seats` are the people still to be asked, this one among them.
    """
    demand = resolve(who, data)
    return (refusal(demand, person, team, right) is None and clash(demand.who, person, involved, seats) is None
            and not spared(person, data))


def stays(who: Audience, data: Data, person: Person, team: Team, *, since: str | None, now: datetime) -> bool:
    """Whether somebody who is being asked may still be: they meet what is demanded of each one alone, or were let in
    when nobody was found. How good they are was looked at when they were chosen, and wobbles."""
    if spared(person, data):
        return False
    demand = resolve(who, data)
    return refusal(demand, person, team) is None or (
        overdue(who, since, now) and (admitted(demand.who, person) or deciding(demand.who, person)))


def clash(who: Audience, person: Person, involved: Sequence[Person], seats: int) -> str | None:
    """Why somebody does not fit beside those `involved` (asked or answered); None when they do.

    With `not_same` all differ in an attribute. For `mix`, the seats that are left must suffice for what is missing.
    """
    for attribute in who.not_same:
        mine = person.values(attribute)
        if not mine:
            return f"no {attribute} is known of them, and all who are asked must differ in it"
        same = next((other.email for other in involved if mine & other.values(attribute)), None)
        if same:
            return f"same {attribute} as {same}"
    missing = [(mix, mix.at_least - sum(_has(other, mix) for other in involved)) for mix in who.mix]
    missing = [(mix, least) for mix, least in missing if least > 0]
    useful = [mix for mix, _ in missing if _has(person, mix)]
    for mix, least in missing:
        if mix not in useful and (least > seats - 1 or (sum(n for _, n in missing) >= seats and not useful)):
            return f"the seats that are left are for people with {mix.attribute} {mix.value}"
    return None


def spared(person: Person, data: Data) -> bool:
    """Whether `never` in `team.yaml` keeps a task from somebody."""
    return person.never is not None and bool(person.never.true(fields([data]), 1)[0])


def admitted(who: Audience, person: Person) -> bool:
    """Whether `if_nobody` lets somebody in, once its time has come."""
    words = {word.casefold() for word in who.if_nobody.widen} if who.if_nobody else set()
    return bool(words & (person.values("team") | person.values("skill"))) and _veto(who, person) is None


def deciding(who: Audience, person: Person) -> bool:
    """Whether somebody is one of those to whom `if_nobody` escalates."""
    words = {word.casefold() for word in who.if_nobody.escalate} if who.if_nobody else set()
    return bool(words & (person.values("team") | {person.email})) and _veto(who, person) is None


def overdue(who: Audience, since: str | None, now: datetime) -> bool:
    """Whether a seat has been empty so long that `if_nobody` comes into effect; `since` is when the plan began."""
    if who.if_nobody is None or since is None:
        return False
    return now - datetime.fromisoformat(since) >= timedelta(seconds=who.if_nobody.after)


def allowed(demand: Demand, crowd: Sequence[Person], team: Team, right: Sequence[float | None], *,
            late: bool = False) -> BoolArray:
    """(W,) who meets what is demanded of each one alone, or is let in because it is `late` and nobody was found.

    `right` (W,) are their accuracies on the labels in question.
    """
    fits = np.array([refusal(demand, person, team, right[at]) is None for at, person in enumerate(crowd)], dtype=bool)
    if late:
        fits |= np.array([admitted(demand.who, person) for person in crowd], dtype=bool)
        if not fits.any():
            fits = np.array([deciding(demand.who, person) for person in crowd], dtype=bool)
    return fits


def reasons(demand: Demand, crowd: Sequence[Person], team: Team, right: Sequence[float | None], *,
            involved: Sequence[Person] = (), seats: int = 1, data: Data | None = None,
            late: bool = False) -> dict[str, str]:
    """{e-mail address: why they may not be asked}; who is absent may be."""
    fits = allowed(demand, crowd, team, right, late=late)
    found = {}
    for at, person in enumerate(crowd):
        why = None if fits[at] else refusal(demand, person, team, right[at])
        if why is None and refusal(demand, person, team, right[at]) is None:
            why = clash(demand.who, person, involved, seats)
        if why is None and data is not None and spared(person, data):
            why = f"never gets tasks where {' '.join(str(person.never.source).split())}" if person.never else None
        if why:
            found[person.email] = why
    return found


def group(who: Audience, data: Data, labels: Sequence[str] = (), control: str = "") -> str:
    """What tasks have in common whose people are the same, as a text; empty when anybody may be asked.

    `labels` are those in question; more than two are not told apart, or there would be as many groups as tasks. What
    depends on who is involved, or names single people not to ask, is left out.
    """
    demand = resolve(who, data)
    part = replace(demand.who, never=(), not_same=(), mix=())
    found: dict[str, Any] = {"who": part.to_json()} if part != Audience() else {}
    if who.qualified is not None:
        found |= {"labels": sorted(labels) if len(labels) <= 2 else [], "control": control}
    if demand.absent:
        found["absent"] = list(demand.absent)
    return json.dumps(found, sort_keys=True, ensure_ascii=False) if found else ""


@lru_cache(maxsize=1024)
def members(text: str) -> tuple[Demand, tuple[str, ...], str]:
    """What a text of `group` says: the demand, the labels in question and their control."""
    found = json.loads(text) if text else {}
    return (Demand(Audience.from_json(found.get("who") or {}), tuple(found.get("absent") or ())),
            tuple(found.get("labels") or ()), str(found.get("control") or ""))


def fields(rows: Sequence[Data]) -> Lookup:
    """Columns of the tasks' fields, for conditions that read nothing else."""
    def column(name: str) -> Column:
        return columns.of([row.get(name.removeprefix(FIELD)) for row in rows], object)

    return column


def _veto(who: Audience, person: Person) -> str | None:
    return "is never asked about this task" if person.email in {name.strip().lower() for name in who.never} else None


def _named(who: Audience, person: Person) -> str | None:
    if who.people and person.email not in {name.strip().lower() for name in who.people}:
        return "only others are named"
    if who.teams and not person.values("team") & {name.casefold() for name in who.teams}:
        return f"not in team {' or '.join(who.teams)}"
    for attribute, names, verb in (("skill", who.skills, "lacks skill"), ("language", who.languages, "speaks no")):
        missing = [name for name in names if name.casefold() not in person.values(attribute)]
        if missing:
            return f"{verb} {' and '.join(missing)}"
    return None


def _senior(who: Audience, person: Person, team: Team) -> str | None:
    if not who.seniority:
        return None
    least, mine = team.rank(who.seniority), team.rank(person.seniority)
    if least is None:
        return f"{who.seniority} is asked for, which is not in the order of seniority"
    if mine is None:
        return f"no seniority is known of them, {who.seniority} is asked for"
    return None if mine >= least else f"{person.seniority}, {who.seniority} is asked for"


def _accurate(who: Audience, right: float | None) -> str | None:
    if who.qualified is None or right is None or right >= who.qualified:
        return None
    return f"accuracy on the labels in question is {right:.0%}, {who.qualified:.0%} is asked for"


def _has(person: Person, mix: Mix) -> bool:
    return mix.value.casefold() in person.values(mix.attribute)


@lru_cache(maxsize=1024)
def _refers(who: Audience) -> bool:
    texts = [*(text for name in (*POSITIVE, "never") for text in getattr(who, name)), who.seniority,
             *(mix.value for mix in who.mix)]
    return any(text.startswith(FIELD) for text in texts)


def _values(texts: Sequence[str], data: Data, absent: list[str]) -> tuple[str, ...]:
    """Texts with the task's fields read; names of fields that are not there are added to `absent`."""
    found: list[str] = []
    for text in texts:
        if not text.startswith(FIELD):
            found.append(text)
            continue
        said = data.get(text.removeprefix(FIELD))
        values = [str(value).strip() for value in (said if isinstance(said, list) else [said])
                  if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip()]
        if not values:
            absent.append(text)
        found += values
    return tuple(found)
