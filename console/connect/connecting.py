"""`cueloop connect`: what is missing is planned concern by concern, then made under the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from console.connect import backend, hook, machine, people, project
from console.connect.audience import audience, live_mode
from console.connect.report import ConnectReport
from console.connect.site import Row, Site
from console.connect.steps import Step, confirm, outdated, perform
from cueloop import audit, journal
from cueloop.journal import Entry
from cueloop.label_config import parse, require_judged
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, projects
from cueloop.store.columns import now

CONCERNS = (project, machine, hook, backend)
"""Settings first: what stands is written down before anything changes it. Undone in the reverse order."""
AT_ADDRESSES = (hook, backend)
"""Concerns that hang on an address of ours, which may change."""
Progress = Callable[[str], None]


def connect(settings: Settings, store: Store, client: LabelStudio, project_id: int, *, dry_run: bool = False,
            observe: bool = False, pilot: Sequence[str] = (), filter: str = "", everybody: bool = False,  # noqa: A002
            tabs: bool | None = None, progress: Progress = lambda _: None) -> ConnectReport:
    """Make a project ready, or say what that would change (`dry_run`), or only look (`observe`).

    `pilot` names annotators (address or id) who alone are asked, on the tasks that `filter` (`field=value`)
    selects; `everybody` ends a pilot. `tabs` stores a tab for each annotator; None: only where links do not work.
    Raises NotFound, LabelConfigError when the config asks nothing that can be judged, and LabelStudioError and its
    kin. Running it again changes nothing, and goes on after a run that died.
    """
    site = Site(settings, store, client, project_id)
    require_judged(parse(site.project["label_config"]))
    report = ConnectReport(project_id, site.project["title"], "observe", dry_run)
    if observe:
        return _observe(site, report, progress)
    asked = audience(site, pilot, filter, everybody=everybody)
    report.mode = asked.mode
    report.conflicts = [text for concern in CONCERNS for text in concern.conflicts(site)]
    if dry_run:
        report.writes = [step.says for concern in CONCERNS for step in concern.plan(site)]
        report.writes += [_removes(entry) for concern in AT_ADDRESSES for entry in _outdated(site, concern)]
        report.writes += [step.says for step in _tabs(site, asked.team, tabs, report)]
        return report
    if live_mode(site) is None:
        # Live only when all is written down: the loop must not change what was not seen as it stood before us.
        _register(site, "observe", None)
    _make(site, report, progress)
    people.write(site, asked.team)
    for step in _tabs(site, asked.team, tabs, report):
        _do(site, step, report, progress)
    report.people = people.links(site, asked.team)
    _register(site, asked.mode, asked.pilot)
    with store.write() as conn:
        audit.record(conn, "connect", "project connected", f"project {project_id}",
                     {"mode": asked.mode, "writes": report.writes, "warnings": len(report.warnings)})
    return report


def _make(site: Site, report: ConnectReport, progress: Progress) -> None:
    """What each concern misses, then away with what an earlier connect had put at another address."""
    for concern in CONCERNS:
        for step in concern.plan(site.again()):
            _do(site, step, report, progress)
        confirm(site.store, site.project_id, concern.KIND)
    for concern in AT_ADDRESSES:
        for entry in _outdated(site, concern):
            concern.undo(site.again(), entry)
            journal.undone(site.store, entry)
            report.writes.append(_removes(entry))
    machine.note(site)


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

    if live_mode(site) is None:
        _register(site, "observe", None)
    progress("pulling, gently")
    report.observed = observe(site)
    return report


def _register(site: Site, mode: str, pilot: dict[str, Any] | None) -> None:
    """Write the project into the store. In a live mode the sync loop works for it from now on."""
    with site.store.write() as conn:
        projects.put(conn, site.project_id, title=site.project["title"], label_config=site.project["label_config"],
                     mode=mode, connected_at=now(), pilot=pilot)
