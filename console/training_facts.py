"""How the training of a project stands, for `cueloop training show`: what is in force, what is due, what runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cueloop.errors import QueueUnavailable
from cueloop.queue import Jobs
from cueloop.settings import Settings
from cueloop.store import Store, figures, models, policies, projects
from cueloop.store.models import ModelVersion
from ml_backend.policy.in_force import policy
from ml_backend.triggers.examine import Standing, examine
from ml_backend.triggers.own_class import examine_class

OBSERVED = ("the project is only observed: nothing is trained by itself; `cueloop train` trains, `cueloop connect` "
            "connects it")


def facts(settings: Settings, store: Store, project_id: int) -> dict[str, Any]:
    """Of one project. Raises NotFound."""
    with store.read() as conn:
        project, stored = projects.get(conn, project_id), policies.in_force(conn, project_id)
        in_force = policy(conn, project_id)
        standing = (examine_class if settings.ml_class else examine)(conn, project_id, in_force)
        last, champion = models.newest(conn, project_id), models.champion(conn, project_id)
        aliases = models.aliases_of(conn, models.name_for(conn, project_id))
        audited = figures.read(conn, project_id, figures.PROJECT, models.SHADOW) or {}
    rests = standing.rests if project.mode in projects.LIVE else OBSERVED
    return {
        "project": project_id, "title": project.title, "mode": project.mode,
        "policy": {"file": stored.file, "hash": stored.hash, "author": stored.author,
                   "since": stored.created_at.isoformat()} if stored else None,
        "in_force": asdict(in_force), "due": standing.why if project.mode in projects.LIVE else None, "rests": rests,
        "looks": _looks(standing),
        "last": {"version": f"{last.name}@{last.version}", "at": last.created_at.isoformat(),
                 "gate": _verdict(last).get("reason"), "why": last.card.get("why"),
                 "outcome": _verdict(last).get("outcome")} if last else None,
        "champion": f"{champion.name}@{champion.version}" if champion else None,
        "shadow": audited if models.SHADOW in aliases and audited.get("version") == aliases[models.SHADOW] else None,
        "job": job(settings, store, project_id)}


def job(settings: Settings, store: Store, project_id: int) -> dict[str, Any] | None:
    """The newest training of a project, with its progress while it runs; None: there never was one."""
    try:
        found = Jobs(settings.redis_url, store).state("train", project_id)
    except QueueUnavailable as error:
        with store.read() as conn:
            row = conn.execute(_newest(project_id)).one()
        found = dict(row._mapping) | {"progress": None, "note": str(error)}
    if found is None:
        return None
    kept = ("key", "state", "why", "cancel", "attempts", "error", "detail", "progress", "note")
    return {name: found[name] for name in kept if found.get(name) is not None} | {
        name: found[name].isoformat() if found[name] else None for name in ("queued_at", "started_at", "ended_at")}


def text(found: Mapping[str, Any]) -> str:
    """The same for people to read."""
    held = found["policy"]
    lines = [f"Project {found['project']} ({found['title']}): "
             + (f"{held['file']} is in force (hash {held['hash'][:12]}, applied by {held['author']} on "
                f"{held['since'][:16].replace('T', ' ')} UTC)." if held else
                "no training file was applied, the defaults hold (`cueloop training apply FILE`).")]
    lines += [f"In service: {found['champion'] or 'no model yet'}."]
    if found["last"]:
        last = found["last"]
        lines.append(f"Last training: {last['version']}" + (f", because {last['why']}" if last["why"] else "")
                     + (f". Judged: {last['outcome'] or 'yes'}. {last['gate']}" if last["gate"] else ""))
    if found["shadow"]:
        audited = found["shadow"]
        lines.append(f"In shadow mode: {audited['version']}, since {audited['since'][:16].replace('T', ' ')} UTC, with "
                     f"{audited['tasks']} of {audited['audits']} fresh blind answers.")
    if found["job"]:
        lines.append(job_line(found["job"]))
    lines += [f"Due now: {found['due']}." if found["due"] else "No training is begun now"
              + (f": {found['rests']}." if found["rests"] else ".")]
    for look in found["looks"]:
        lines.append(f"  {'due    ' if look['due'] else 'not due'}  {look['trigger']:<11}  {look['told']}")
    return "\n".join(lines)


def job_line(found: Mapping[str, Any]) -> str:
    """The newest training as one line."""
    progress = found.get("progress")
    far = f", {progress['what']} {progress['done']} of {progress['total']}" if progress else ""
    ending = f" ({found['error']})" if found.get("error") else ""
    stop = f", cancelled by {found['cancel']}" if found.get("cancel") not in (None, "-") else ""
    why = f". Why: {found['why']}" if found.get("why") else ""
    return f"Job {found['key']}: {found['state']}{far}{stop}{ending}{why}"


def _looks(standing: Standing) -> list[dict[str, Any]]:
    return [{"trigger": look.trigger, "control": look.control or None, "due": look.due, "said": look.said,
             "told": look.told, "figures": dict(look.figures)} for look in standing.looks]


def _verdict(version: ModelVersion) -> Mapping[str, Any]:
    """What the gate said last: after shadow mode, where it was in that."""
    return version.card.get("shadow") or version.card.get("gate") or {}


def _newest(project_id: int) -> Any:
    import sqlalchemy as sa

    from cueloop.store.schema import jobs

    return sa.select(jobs).where(jobs.c.kind == "train", jobs.c.project_id == project_id).order_by(
        jobs.c.key.desc()).limit(1)
