"""Keeps the thresholds that rules rest on up to date, with what happened to them, and tells when one is not safe.

The loop calls `refresh` each round; work is done once a minute, where people have answered since, and at once when the
model or the rules changed. What is kept is one report in the store's `figures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import log
from typing import Any

import sqlalchemy as sa

from cueloop import label_config
from cueloop.store import Store, figures, models, projects
from cueloop.store.columns import now as this_moment
from cueloop.store.schema import consensus
from routing import context
from routing.language.rules import Rules
from routing.signals import Champion
from routing.thresholds import betting, drift, evidence, tell
from routing.thresholds.evidence import Evidence
from routing.thresholds.grid import Grid, make
from routing.thresholds.search import target
from routing.thresholds.standing import Standing, follow
from routing.thresholds.wanted import Sought, sought

NAME = "thresholds"
"""Name of the report in `figures`."""

EVERY = timedelta(minutes=1)
"""Audited tasks arrive in minutes; reading them all takes up to a second."""

Kept = dict[str, Any]
"""`{"model", "rules", "at", "seen", "controls": {control: {"grids": {label: ...}, "found": {column: Standing},
"fixed": {rule: Standing and its promise}, "past": {column: Standing of one that no rule names now}}}}`"""


def kept(conn: sa.Connection, project_id: int) -> Kept | None:
    """What is kept for the champion in service; None before the first time, and after a new one came."""
    found: Kept | None = figures.read(conn, project_id, figures.PROJECT, NAME)
    return found if found is not None and found["model"] == _model(_champion(conn, project_id)) else None


def refresh(store: Store, project_id: int, *, now: datetime | None = None) -> bool:
    """Bring what is kept up to date if it is due; whether it was. Observed projects are left alone."""
    moment = now or this_moment()
    with store.read() as conn:
        project = projects.get(conn, project_id)
        if project.mode not in projects.LIVE:
            return False
        champion, rules = _champion(conn, project_id), context.in_force(conn, project_id)
        had: Kept | None = figures.read(conn, project_id, figures.PROJECT, NAME)
        wanted = sought(rules, label_config.parse(project.label_config).routed)
        if champion is None or not (wanted or had):
            return False
        same = had is not None and (had["model"], had["rules"]) == (_model(champion), rules.hash)
        if same and had and moment - datetime.fromisoformat(had["at"]) < EVERY:
            return False
        seen = _signature(conn, project_id)
        idle = had if same and had and had["seen"] == seen else None
        fresh = idle | {"at": moment.isoformat()} if idle else \
            _assess(conn, project_id, champion, rules, wanted, had, moment) | {"seen": seen}
    with store.write() as conn:
        figures.write(conn, project_id, figures.PROJECT, NAME, fresh)
        tell.tell(conn, project_id, fresh, had)
    return idle is None


def assess(conn: sa.Connection, project_id: int, rules: Rules, *, now: datetime) -> Kept | None:
    """What would be kept if these rules were in force; nothing is written. None without a champion."""
    champion = _champion(conn, project_id)
    if champion is None:
        return None
    config = label_config.parse(projects.get(conn, project_id).label_config)
    had: Kept | None = figures.read(conn, project_id, figures.PROJECT, NAME)
    return _assess(conn, project_id, champion, rules, sought(rules, config.routed), had, now)


def _assess(conn: sa.Connection, project_id: int, champion: Champion, rules: Rules, wanted: tuple[Sought, ...],
            had: Kept | None, now: datetime) -> Kept:
    """Where every threshold stands now. A new model version starts afresh: its scores mean something else."""
    before: Mapping[str, Any] = had["controls"] if had is not None and had["model"] == _model(champion) else {}
    controls: dict[str, Any] = {}
    for name in dict.fromkeys([*(one.control for one in wanted), *before]):
        was = before.get(name, {"grids": {}, "found": {}, "fixed": {}, "past": {}})
        known_before = {**was["past"], **was["found"]}
        mine = [one for one in wanted if one.control == name]
        if not mine:
            controls[name] = {"grids": was["grids"], "found": {}, "fixed": {}, "past": known_before}
            continue
        known = evidence.read(conn, project_id, name, champion)
        grids = _grids(conn, project_id, name, champion, was["grids"], mine)
        controls[name] = {
            "grids": {label: grid.to_json() for label, grid in grids.items()},
            "found": {one.name: _found(one, known, grids[one.label], known_before.get(one.name), now).to_json()
                      for one in mine if one.fixed is None},
            "fixed": {one.name: _fixed(one, known, was["fixed"].get(one.name), now)
                      for one in mine if one.fixed is not None},
            "past": {column: row for column, row in known_before.items() if column not in {one.name for one in mine}}}
    return {"model": _model(champion), "rules": rules.hash, "at": now.isoformat(), "controls": controls}


def _grids(conn: sa.Connection, project_id: int, control: str, champion: Champion, was: Mapping[str, Any],
           wanted: list[Sought]) -> dict[str, Grid]:
    """The thresholds that are tried: made once for a model version, or looking on while tasks arrive would change what
    is tested."""
    labels = {one.label for one in wanted if one.fixed is None}
    grids = {label: Grid.from_json(row) for label, row in was.items() if row["levels"]}
    if labels <= grids.keys():
        return grids
    everything = evidence.population(conn, project_id, control, champion)
    return grids | {label: make(everything.of(label).score) for label in sorted(labels - grids.keys())}


def _found(one: Sought, known: Evidence, grid: Grid, was: Mapping[str, Any] | None, now: datetime) -> Standing:
    mine = known.of(one.label)
    return follow(Standing(**was) if was else Standing(), grid, mine.score, mine.wrong, mine.doubt, list(mine.at),
                  error=one.error, confidence=one.confidence, now=now.isoformat())


def _fixed(one: Sought, known: Evidence, was: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """A written threshold stays in force whatever is found out: the alarm only tells. It ends when tasks that were
    audited after it show that the promise is kept."""
    assert one.fixed is not None
    had = Standing(**{name: was[name] for name in Standing.__slots__}) if was else Standing(since=now.isoformat())
    mine = known.where((known.rule == one.name) & (known.score >= one.fixed))
    doubt = float(mine.doubt.mean()) if len(mine) else 0.0
    standing = replace(had, score=one.fixed, seen=len(mine), wrong=int(mine.wrong.sum()))
    if had.alarm is None and drift.rings(mine.wrong, one.error):
        standing = replace(standing, alarm=now.isoformat(), why=(
            f"{standing.wrong} of {standing.seen} audited tasks that rule {one.name} would have accepted were wrong; "
            f"score >= {one.fixed:g} promises at most {one.error:.1%}"))
    elif had.alarm is not None:
        later = mine.where(mine.at > had.alarm)
        limit = float(target(one.error, doubt))
        if len(later) and betting.below(later.wrong.sum(), len(later), limit) >= -log(1 - one.confidence):
            standing = replace(standing, alarm=None, why="")
    low, high = betting.interval(standing.wrong, standing.seen, one.confidence)
    return standing.to_json() | {"error": one.error, "low": low, "high": high}


def _champion(conn: sa.Connection, project_id: int) -> Champion | None:
    found = models.champion(conn, project_id)
    return Champion(found.name, found.version) if found else None


def _model(champion: Champion | None) -> str:
    return f"{champion.model}@{champion.version}" if champion else ""


def _signature(conn: sa.Connection, project_id: int) -> list[Any]:
    """What changes with every consensus that is written."""
    row = conn.execute(sa.select(sa.func.count(), sa.func.max(consensus.c.updated_at)).where(
        consensus.c.project_id == project_id)).one()
    return [row[0], row[1].isoformat() if row[1] else None]
