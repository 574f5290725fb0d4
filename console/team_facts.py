"""The people of a project, for `cueloop team show`: what the team file says, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop import journal
from cueloop.store import Store, schema
from cueloop.store.columns import now
from routing import context
from routing.context import Context
from routing.people import exposure, limits, windows
from routing.people.crowd import Crowd
from routing.people.team import Person
from routing.people.windows import Window
from routing.showing.channel import CHANNEL

HOUR = 3600.0

MOST = 500
"""Waiting tasks that are looked at for limits on tasks of a kind."""


def facts(store: Store, project_id: int, base_url: str) -> dict[str, Any]:
    """Everybody who may be asked in a project, by e-mail address."""
    with store.read() as conn:
        given = context.read(conn, project_id, now())
        found = windows.read(conn, project_id, given.people, given.rules.queues, given.now)
        room = limits.read(conn, given, found)
        limited, paused = _limited(conn, given, found), _paused(conn, project_id)
    stored = {entry.target: entry.after["id"] for entry in journal.standing(store, project_id, "tab") if entry.after}
    people = [_one(given, window, int(room.left[at]), room.why[at], paused, base_url, stored)
              | {"limited": limited[at] or None} for at, window in enumerate(found)]
    here = {window.annotator.email.lower() for window in found}
    return {"project": project_id, "file": given.team.file or None, "hash": given.team.hash or None,
            "currency": given.team.currency or None, "seniority": list(given.team.seniority),
            "people": sorted(people, key=lambda one: str(one["email"])),
            "elsewhere": sorted(set(given.team.people) - here)}


def table(facts: Mapping[str, Any]) -> str:
    """The same for people to read."""
    said = f"Team of {facts['file']} (hash {facts['hash'][:12]})" if facts["file"] else \
        "No team file was applied: everybody is alike (`cueloop team apply FILE`)"
    lines = [f"{said}; project {facts['project']}.", ""]
    for one in facts["people"]:
        knows = [", ".join(one[name]) for name in ("teams", "skills", "languages") if one[name]]
        knows += [one["seniority"]] if one["seniority"] else []
        knows += [f"{name} {value}" for name, value in one["attributes"].items()]
        lines.append(f"{one['email']}  {one['open']} of {one['holds']} tasks in their queue, {one['state']}")
        lines += [f"    {'; '.join(knows)}"] if knows else []
        lines += [f"    {limit}" for limit in _limits(one, facts["currency"] or "")]
        lines += [f"    paused: {one['paused']}"] if one["paused"] else []
        lines += [f"    gets no more for now: {one['full']}"] if one["full"] else []
        lines += [f"    gets {one['limited']}"] if one["limited"] else []
        lines += [f"    {one['link']}"] if one["link"] else []
    if facts["elsewhere"]:
        lines += ["", f"In the team file, and not asked in this project: {', '.join(facts['elsewhere'])}."]
    return "\n".join(lines)


def _one(given: Context, window: Window, left: int, why: str, paused: Mapping[int, str], base_url: str,
         stored: Mapping[str, int]) -> dict[str, Any]:
    annotator, person = window.annotator, given.team.person(window.annotator.email)
    address = None
    if base_url:
        address = (f"{base_url.rstrip('/')}/projects/{given.project.id}/data?tab={stored[annotator.queue]}&labeling=1"
                   if annotator.queue in stored else CHANNEL.link(base_url, given.project.id, annotator.queue))
    return {"id": annotator.id, "email": annotator.email, "name": annotator.name, **_said(person),
            "open": len(window.open), "holds": window.size, "load": window.load, "seconds_a_task": window.pace,
            "state": _state(window), "more": None if left >= limits.UNLIMITED else left, "full": why or None,
            "paused": paused.get(annotator.id), "link": address}


def _said(person: Person) -> dict[str, Any]:
    return {"teams": sorted(person.teams), "skills": sorted(person.skills), "languages": sorted(person.languages),
            "seniority": person.seniority or None, "attributes": dict(person.attributes),
            "qualified": dict(person.qualified), "hours_a_week": None if person.hours is None else person.hours / HOUR,
            "capacity": person.capacity, "cost": person.cost, "share": person.share,
            "never": " ".join(person.never.source.split()) if person.never else None, "time_zone": person.time_zone}


def _state(window: Window) -> str:
    if window.new:
        return "never seen"
    if window.at_work:
        return "at work"
    return "absent" if window.absent else "not at work"


def _limits(one: Mapping[str, Any], currency: str) -> list[str]:
    parts = {"capacity": "{}/day", "hours_a_week": "{:g}h/week", "cost": f"{{:g}} {currency}".strip() + "/h",
             "share": "{:.0%} of all answers", "never": "never where {}"}
    said = [form.format(one[name]) for name, form in parts.items() if one[name] is not None]
    return [", ".join(said) + ("" if one["time_zone"] == "UTC" else f" ({one['time_zone']})")] if said else []


def _limited(conn: sa.Connection, given: Context, found: Sequence[Window]) -> list[str]:
    """Which limit on tasks of a kind keeps each person from tasks that wait; empty where none does."""
    table = schema.routes
    keys = list(conn.scalars(sa.select(table.c.task).where(
        table.c.project_id == given.project.id, table.c.need > 0).order_by(table.c.priority.desc()).limit(MOST)))
    caps = exposure.read(conn, given, Crowd(conn, given, found), keys, np.ones(len(found), np.int64)) if keys else []
    return [next((f"none of the {int(cap.counts.sum())} waiting tasks that {cap.name} limits: {cap.most} such tasks "
                  f"{cap.period} are done or in their queue" for cap in caps if cap.left[at] <= 0), "")
            for at in range(len(found))]


def _paused(conn: sa.Connection, project_id: int) -> dict[int, str]:
    table = schema.pauses
    rows = conn.execute(sa.select(table.c.annotator_id, table.c.reason).where(
        table.c.project_id == project_id, table.c.lifted_at.is_(None)))
    return {row.annotator_id: row.reason for row in rows}
