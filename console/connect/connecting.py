"""`cueloop connect`: what is missing is planned concern by concern, then made under the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from console.connect import backend, hook, machine, people, project
from console.connect.report import ConnectReport
from console.connect.site import Row, Site
from console.connect.steps import Step, confirm, outdated, perform
from cueloop import audit, journal
from cueloop.errors import DataError
from cueloop.journal import Entry
from cueloop.label_config import parse, require_modelled
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, projects
from cueloop.store.columns import now
from cueloop.store.schema import projects as table

CONCERNS = (project, machine, hook, backend)
"""Settings first: what stands is written down before anything changes it. Undone in the reverse order."""
AT_ADDRESSES = (hook, backend)
"""Concerns that hang on an address of ours, which may change."""
Progress = Callable[[str], None]


def connect(settings: Settings, store: Store, client: LabelStudio, project_id: int, *, dry_run: bool = False,
            observe: bool = False, pilot: Sequence[str] = (), filter: str = "", tabs: bool | None = None,  # noqa: A002
            progress: Progress = lambda _: None) -> ConnectReport:
    """Make a project ready, or say what that would change (`dry_run`), or only look (`observe`).

    `pilot` names annotators (address or id) who alone are asked, on the tasks that `filter` (`field=value`)
    selects. `tabs` stores a tab for each annotator; None: only where links do not work. Raises NotFound,
    LabelConfigError when the config asks nothing that can be modelled, and LabelStudioError and its kin. Running it
    again changes nothing, and goes on after a run that died.
    """
    site = Site(settings, store, client, project_id)
    require_modelled(parse(site.project["label_config"]))
    known = _known_mode(store, project_id)
    mode = known or "observe" if observe else "pilot" if pilot or filter else "connected"
    report = ConnectReport(project_id, site.project["title"], "observe" if observe else mode, dry_run)
    if not observe:
        report.conflicts = [text for concern in CONCERNS for text in concern.conflicts(site)]
    team = people.team(site, pilot)
    if dry_run:
        report.writes = [step.says for concern in CONCERNS for step in concern.plan(site)]
        report.writes += [_removes(entry) for concern in AT_ADDRESSES for entry in _outdated(site, concern)]
        report.writes += [step.says for step in _tabs(site, team, tabs, report)]
        return report
    only = _pilot(team, pilot, filter)
    # Not live before all is written down: the loop must not change what was not seen as it stood before us.
    _register(site, known or "observe", only)
    if observe:
        return _observe(site, report, progress)
    for concern in CONCERNS:
        for step in concern.plan(site.again()):
            _do(site, step, report, progress)
        confirm(store, project_id, concern.KIND)
    for concern in AT_ADDRESSES:
        for entry in _outdated(site, concern):
            concern.undo(site.again(), entry)
            journal.undone(store, entry)
            report.writes.append(_removes(entry))
    machine.note(site)
    people.write(site, team)
    for step in _tabs(site, team, tabs, report):
        _do(site, step, report, progress)
    report.people = people.links(site, team)
    _register(site, mode, only)
    with store.write() as conn:
        audit.record(conn, "connect", "project connected", f"project {project_id}",
                     {"mode": mode, "writes": report.writes, "warnings": len(report.warnings)})
    return report


def _outdated(site: Site, concern: ModuleType) -> list[Entry]:
    return outdated(site.store, site.project_id, concern.KIND, concern.address(site))


def _removes(entry: Entry) -> str:
    return f"remove the {entry.kind} {entry.target} of before"


def _do(site: Site, step: Step, report: ConnectReport, progress: Progress) -> None:
    progress(step.says)
    warning = perform(site.store, site.project_id, step)
    if warning is None:
        report.writes.append(step.says)
    else:
        report.warnings.append(warning)


def _tabs(site: Site, team: Sequence[Row], tabs: bool | None, report: ConnectReport) -> list[Step]:
    """Stored tabs, where they are wanted or links cannot be relied on and the team is small enough."""
    if tabs is None and people.links_work(site):
        return []
    if tabs or (tabs is None and len(team) <= people.MOST_TABS):
        return people.plan_tabs(site, team)
    report.warnings.append(
        f"Queue links were not tried with Label Studio {site.client.version()}, and for {len(team)} annotators stored "
        "tabs would be too many. Open one of the links: it must show the queue and start labelling.")
    return []


def _observe(site: Site, report: ConnectReport, progress: Progress) -> ConnectReport:
    from console.connect.observe import observe

    progress("pulling, gently")
    report.observed = observe(site)
    return report


def _register(site: Site, mode: str, pilot: dict[str, Any] | None) -> None:
    """Write the project into the store. In a live mode the sync loop works for it from now on."""
    with site.store.write() as conn:
        projects.put(conn, site.project_id, title=site.project["title"], label_config=site.project["label_config"],
                     mode=mode, connected_at=now(), pilot=pilot)


def _known_mode(store: Store, project_id: int) -> str | None:
    """The mode of a project that the loop works for already: looking at it must not stop that."""
    with store.read() as conn:
        mode = conn.scalar(sa.select(table.c.mode).where(table.c.id == project_id))
    return mode if mode in projects.LIVE else None


def _pilot(team: Sequence[Row], named: Sequence[str], only: str) -> dict[str, Any] | None:
    if not named and not only:
        return None
    field, equals, value = only.partition("=")
    if only and (not equals or not field):
        raise DataError(f"--filter {only!r}: write it as FIELD=VALUE, for a field of the tasks' data.")
    return {"annotators": [user["id"] for user in team], "filter": {"field": field, "value": value} if only else None}
