"""Reads a project's history from the store for a backtest. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.declared import Costs
from cueloop.errors import DataError
from cueloop.sampling import audit_salt, uniform
from cueloop.store.schema import decisions, predictions, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from routing.backtest.history import History, Logged
from routing.context import Context
from routing.language.audience import ANYBODY
from routing.language.rules import Rules
from routing.simulate.work import Work
from sync import evidence
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations

MOST = 5_000
"""Tasks that are looked at: of a larger project a sample, drawn by hash."""

ASKING = ("ask", "escalate", "reopen", "review")


def read(conn: sa.Connection, given: Context, new: Rules, control: str | None = None) -> History:
    """History of one single choice of a project: `control`, or the first. Raises DataError where there is none,
    or nothing was answered."""
    chosen = _control(given, control)
    seen = evidence.observations(conn, given.project.id, chosen)
    model = _model(conn, given, chosen)
    rows = _tasks(conn, given.project.id, set(seen.tasks) | model.keys())
    notes: list[str] = []
    if len(rows) > MOST:
        notes.append(f"of {len(rows):,} tasks {MOST:,} were looked at, drawn by hash")
        rows = dict(sorted(rows.items(), key=lambda row: uniform(row[0], "backtest"))[:MOST])
    keys = sorted(rows)
    place = {key: at for at, key in enumerate(keys)}
    use = np.array([seen.tasks[t] in place for t in seen.task], bool) & ~seen.truth & ~seen.review
    if not use.any():
        raise DataError(f"Project {given.project.id} has no answers yet to {chosen.name}: there is no history to test "
                        "rules on.")
    people = _people(given, new, seen, use)
    at = {person: w for w, person in enumerate(people)}
    task = np.array([place[seen.tasks[t]] for t in seen.task[use]], np.int64)
    person = np.array([at[seen.annotators[w]] for w in seen.annotator[use]], np.int64)
    truth = np.full(len(keys), -1)
    for t, key in enumerate(seen.tasks):
        if key in place:
            truth[place[key]] = seen.pinned[t]
    seconds = seen.seconds[use]
    notes += _told(seen, use)
    work = Work(
        keys=np.array(keys, np.int64), labels=seen.labels, people=tuple(people),
        emails=tuple(given.everybody[p].email.lower() if p in given.everybody else "" for p in people),
        data=[rows[key] for key in keys], model=_matrix(keys, seen.labels, model),
        version=given.champion.version if given.champion else "", control=chosen.name,
        salt=audit_salt(given.project.id), busy=_busy(person, len(people)),
        seconds=_median(person, seconds, len(people)), rate=_rates(given, new, people),
        guideline=given.project.guideline_version, found=given.found, team=given.team)
    return History(work, task, person, seen.label[use], seconds, truth, _logged(conn, given, chosen, place, at),
                   _names(conn, keys), tuple(notes))


def _control(given: Context, name: str | None) -> Control:
    choices = [control for control in given.controls if control.modelled]
    if name is not None:
        found = next((control for control in choices if control.name == name), None)
        if found is None:
            known = ", ".join(control.name for control in choices) or "none"
            raise DataError(f"Project {given.project.id} has no single choice named {name!r}; it has {known}.")
        return found
    if not choices:
        raise DataError(f"Project {given.project.id} asks for no single choice. A backtest imputes answers that were "
                        "not given, and can do so for single choices only.")
    return choices[0]


def _tasks(conn: sa.Connection, project_id: int, keys: set[Any]) -> dict[int, Mapping[str, Any]]:
    """{key: data} of living tasks of their own among these."""
    found = {}
    for part in chunks(sorted(keys)):
        for row in conn.execute(sa.select(tasks.c.key, tasks.c.data).where(
                tasks.c.key.in_(part), tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None),
                tasks.c.copy_of.is_(None))):
            found[row.key] = row.data
    return found


def _names(conn: sa.Connection, keys: Sequence[int]) -> tuple[str, ...]:
    """Label Studio's ids."""
    found = {row.key: str(row.id) for part in chunks(list(keys))
             for row in conn.execute(sa.select(tasks.c.key, tasks.c.id).where(tasks.c.key.in_(part)))}
    return tuple(found[key] for key in keys)


def _model(conn: sa.Connection, given: Context, control: Control) -> dict[int, Mapping[str, float]]:
    """{task: what the version in service says}; all that is stored was predicted without the task's own label."""
    if given.champion is None:
        return {}
    rows = conn.execute(sa.select(predictions.c.task, predictions.c.probabilities).where(
        predictions.c.project_id == given.project.id, predictions.c.control == control.name,
        predictions.c.model == given.champion.model, predictions.c.version == given.champion.version))
    return {row.task: row.probabilities for row in rows if row.probabilities}


def _matrix(keys: Sequence[int], labels: Sequence[str], model: Mapping[int, Mapping[str, float]]) -> FloatArray | None:
    if not model:
        return None
    found = np.full((len(keys), len(labels)), np.nan)
    for t, key in enumerate(keys):
        if key in model and (total := sum(model[key].get(label, 0.0) for label in labels)) > 0:
            found[t] = [model[key].get(label, 0.0) / total for label in labels]
    return found


def _people(given: Context, new: Rules, seen: Observations, use: Any) -> list[int]:
    """Everybody who answered; and all who may be asked where rules demand something of people."""
    answered = {int(seen.annotators[w]) for w in np.unique(seen.annotator[use])}
    asking = [rule.action for rules in (given.rules, new) for rule in rules.rules]
    demanding = any(getattr(action, "who", ANYBODY) != ANYBODY for action in asking)
    return sorted(answered | ({person.id for person in given.people} if demanding else set()))


def _busy(person: IntArray, people: int) -> FloatArray:
    """Answers of each; who gave none yet counts as a quarter of the usual one."""
    given = np.bincount(person, minlength=people).astype(np.float64)
    return np.where(given > 0, given, max(1.0, float(np.median(given[given > 0])) / 4))


def _median(person: IntArray, seconds: FloatArray, people: int) -> FloatArray:
    found = np.full(people, np.nan)
    for w in range(people):
        own = seconds[(person == w) & ~np.isnan(seconds)]
        if len(own):
            found[w] = np.median(own)
    return found


def _rates(given: Context, new: Rules, people: Sequence[int]) -> FloatArray:
    """(W,) what an hour costs, by the new rules, else by those in force, else by `team.yaml`; NaN: unknown."""
    costs: Costs = new.declared.costs if new.declared.costs != Costs() else given.rules.declared.costs
    named = {email.lower(): rate for email, rate in costs.people.items()}
    found = []
    for person in people:
        email = given.everybody[person].email.lower() if person in given.everybody else ""
        rate = named.get(email, given.team.person(email).cost)
        found.append(costs.per_hour if rate is None else rate)
    return np.array([np.nan if rate is None else rate for rate in found], np.float64)


def _logged(conn: sa.Connection, given: Context, control: Control, place: Mapping[int, int],
            at: Mapping[int, int]) -> tuple[Logged, ...]:
    """What was written down when people were chosen; an import's queues were not chosen by chances we know."""
    found = []
    for row in conn.execute(sa.select(decisions).where(
            decisions.c.project_id == given.project.id, decisions.c.control == control.name,
            decisions.c.kind.in_(ASKING), decisions.c.rule != "import").order_by(decisions.c.key)):
        people = [person for person in row.chosen or () if person in at]
        if row.task in place and people and row.candidates:
            chances = {at[int(one["annotator_id"])]: float(one["probability"]) for one in row.candidates
                       if int(one["annotator_id"]) in at and one.get("probability")}
            inputs = row.inputs or {}
            found.append(Logged(
                place[row.task], tuple(at[p] for p in people), float(row.probability), chances,
                int(inputs.get("others") or 0), float(inputs.get("others_probability") or 0.0)))
    return tuple(found)


def _told(seen: Observations, use: Any) -> list[str]:
    """What a reader must know of the answers."""
    influenced = float((seen.seen[use] != 0).mean())
    if influenced <= 0.05:
        return []
    return [f"{influenced:.0%} of the answers were given with a suggestion on screen, or that is not known: people and "
            "model may agree more than they would by themselves"]
