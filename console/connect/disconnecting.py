"""`cueloop disconnect`: afterwards the project differs from before by the people's annotations only."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from console.connect import backend, copies, hook, machine, people, project, withdraw
from console.connect.report import DisconnectReport
from console.connect.site import Site
from cueloop import audit, journal
from cueloop.errors import NotFound
from cueloop.journal import Entry
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, projects
from cueloop.store.schema import jobs
from cueloop.store.schema import projects as table

UNDO: dict[str, Callable[[Site, Entry], None]] = {
    module.KIND: module.undo for module in (hook, backend, machine, project, people, copies)}
SETTLE_SECONDS = 5.0
"""A sync process that is in the middle of a write ends it within this time; it begins no other."""
Progress = Callable[[str], None]


def disconnect(settings: Settings, store: Store, client: LabelStudio, project_id: int, *,
               settle: float = SETTLE_SECONDS, progress: Progress = lambda _: None) -> DisconnectReport:
    """Take everything of Cueloop's out of a project. Running it again goes on after a run that died.

    People's annotations stay, as does what the store knows. Raises NotFound when the project was never connected,
    and LabelStudioError and its kin; what was undone by then stays undone.
    """
    from sync.pull import pull

    site, report = Site(settings, store, client, project_id), DisconnectReport(project_id)
    if _retire(store, project_id):
        time.sleep(settle)
    running = _running_jobs(store, project_id)
    if running:
        report.warnings.append(f"These jobs had not ended: {', '.join(running)}. Run disconnect once more when they "
                               "have, for what they may still push.")
    if _exists(site):
        pull(store, client, project_id, pause=None)     # so that the store knows what the machine labelled last
        progress("taking out what the machine accepted")
        report.annotations, report.kept = withdraw.machine_annotations(site)
        progress("taking our keys out of the tasks")
        report.tasks = withdraw.task_keys(site)
        standing = journal.standing(store, project_id)
        # Settings before predictions: the model version in force must not be one that is gone.
        for entry in [e for e in standing if e.kind == project.KIND]:
            _undo(site, entry, report, progress)
        progress("taking out predictions")
        report.versions = withdraw.predictions(site)
        for entry in [e for e in standing if e.kind != project.KIND]:
            _undo(site, entry, report, progress)
    with store.write() as conn:
        audit.record(conn, "disconnect", "project disconnected", f"project {project_id}", {
            "annotations": report.annotations, "kept": report.kept, "tasks": report.tasks, "undone": report.undone})
    return report


def _undo(site: Site, entry: Entry, report: DisconnectReport, progress: Progress) -> None:
    progress(f"undoing {entry.kind} {entry.target}")
    UNDO[entry.kind](site, entry)
    journal.undone(site.store, entry)
    report.undone.append(f"{entry.kind} {entry.target}")


def _retire(store: Store, project_id: int) -> bool:
    """The sync loop leaves the project alone from now on; whether it was working for it."""
    with store.write() as conn:
        known = projects.get(conn, project_id)
        conn.execute(table.update().where(table.c.id == project_id).values(mode="disconnected"))
    return known.mode in projects.LIVE


def _exists(site: Site) -> bool:
    """Whether the project is still there: of one that was deleted only the machine's account is left."""
    try:
        return bool(site.project)
    except NotFound:
        for entry in journal.standing(site.store, site.project_id):
            if entry.kind == machine.KIND:
                machine.undo(site, entry)
            journal.undone(site.store, entry)
        return False


def _running_jobs(store: Store, project_id: int) -> list[str]:
    with store.read() as conn:
        return list(conn.scalars(sa.select(jobs.c.kind).distinct().where(
            jobs.c.project_id == project_id, jobs.c.state == "running")))
