"""Show what runs for this home, the connected projects and the jobs.

Example: `cueloop status`, or `cueloop status --json` for programs.
"""

from __future__ import annotations

from typing import Any

import click
import sqlalchemy as sa

from console.cli._options import echo, json_option, open_store, pass_settings
from cueloop import logs
from cueloop.settings import Settings
from cueloop.store import Store

JOBS = 10
"""How many of the newest jobs are shown."""


@click.command(help=__doc__)
@json_option
@pass_settings
def command(settings: Settings, as_json: bool) -> None:
    """See the module."""
    from console import rollout_facts, routing_facts
    from console.parts import running

    store = open_store(settings)
    routed, shown = routing_facts.of_projects(store), rollout_facts.of_projects(store)
    parts = [{"part": name, "pid": process.pid, "log": str(settings.home / "logs" / f"{_slug(name)}.log")}
             for name, process in running.read(settings.home).items()]
    echo({"home": str(settings.home.absolute()), "label_studio": logs.mask(settings.label_studio_url) or None,
          "parts": parts, "jobs": _jobs(settings, store), "projects": [
              {**p, "routing": routed[p["id"]], "rollout": shown[p["id"]]} for p in _projects(store)]}, as_json, _human)


def _projects(store: Store) -> list[dict[str, Any]]:
    from cueloop.store.schema import annotations, projects, tasks

    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return (sa.select(sa.func.count()).select_from(table)
                .where(table.c.project_id == projects.c.id, table.c.deleted_at.is_(None), *where).scalar_subquery())

    copies = sa.select(tasks.c.key).where(tasks.c.copy_of.is_not(None))     # hidden: no tasks of their own
    query = sa.select(projects.c.id, projects.c.title, projects.c.mode, projects.c.cursor,
                      count(tasks, tasks.c.copy_of.is_(None)).label("tasks"),
                      count(annotations, annotations.c.task.not_in(copies)).label("annotations")
                      ).order_by(projects.c.id)
    with store.read() as conn:
        return [dict(row._mapping) for row in conn.execute(query)]


def _jobs(settings: Settings, store: Store) -> list[dict[str, Any]]:
    from cueloop.errors import QueueUnavailable
    from cueloop.queue import Jobs
    from cueloop.store.schema import jobs

    query = sa.select(jobs.c.kind, jobs.c.project_id, jobs.c.state, jobs.c.attempts, jobs.c.error,
                      jobs.c.queued_at, jobs.c.ended_at).order_by(jobs.c.key.desc()).limit(JOBS)
    with store.read() as conn:
        found = [dict(row._mapping) for row in conn.execute(query)]
    queue = Jobs(settings.redis_url, store)
    for job in found:
        if job["state"] == "running":
            try:
                job["progress"] = (queue.state(job["kind"], job["project_id"]) or {}).get("progress")
            except QueueUnavailable as error:
                job["progress"] = str(error)
    return found


def _human(facts: dict[str, Any]) -> str:
    from console import rollout_facts
    from console.routing_facts import lines

    parts = [f"  {p['part']:<13} runs (process {p['pid']}), log {p['log']}" for p in facts["parts"]]
    projects = ["\n".join([
        f"  {p['id']:>5}  {p['title']} ({p['mode']}): {p['tasks']} tasks, {p['annotations']} annotations, "
        f"pulled up to {p['cursor'] or 'nothing yet'}", *(f"         {line}" for line in [*lines(p["routing"]),
                                                                       *rollout_facts.lines(p["rollout"])])])
        for p in facts["projects"]]
    jobs = [f"  {j['kind']} of project {j['project_id']}: {j['state']}"
            + (f" {j['progress']}" if j.get("progress") else "") + (f" ({j['error']})" if j["error"] else "")
            for j in facts["jobs"]]
    return "\n".join([
        f"Home {facts['home']}, Label Studio {facts['label_studio'] or 'embedded, not started yet'}",
        "Parts:", *(parts or ["  none run; start them with `cueloop up`"]),
        "Projects:", *(projects or ["  none; connect one with `cueloop connect --project ID`"]),
        "Newest jobs:", *(jobs or ["  none yet"])])


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
