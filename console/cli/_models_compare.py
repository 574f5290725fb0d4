"""`cueloop models compare`: two versions on the same tasks, or by what their cards say."""

from __future__ import annotations

import csv
from dataclasses import astuple, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store.models import ModelVersion

if TYPE_CHECKING:
    from cueloop.types import Control
    from ml_backend.versions.compare import Changed


@click.command()
@click.argument("one", metavar="MODEL")
@click.argument("other", metavar="MODEL")
@project_option
@click.option("--changed", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv",
              help="Write the tasks that change their label, with both labels and scores and what people said.")
@click.option("--force", is_flag=True, help="Overwrite that file.")
@json_option
@pass_settings
def compare(settings: Settings, one: str, other: str, project: int | None, changed: Path | None, force: bool,
            as_json: bool) -> None:
    """Put two versions side by side, on the same tasks that people answered blind.

    Accuracy with its interval, macro-F1, the paired difference, labels, confusion, calibration, and which tasks of the
    project change their label. What a version predicted is looked up; one of ours that never served is asked. Where
    that is not possible the scores of the cards are shown, each judged on the tasks held out at its time.

    Example: `cueloop models compare tickets@champion tickets@challenger --changed changed.csv`
    """
    from console.compare_text import text
    from console.files import new_file, refuse_existing
    from ml_backend.registry import resolve

    if changed is not None:
        refuse_existing(changed, force=force)
    store = open_store(settings)
    with store.read() as conn:
        found = [resolve(conn, reference) for reference in (one, other)]
    number = project if project is not None else settings.project
    if number is None:
        number = next((v.project_id for v in found if v.project_id is not None), None)
    controls, rows = _side_by_side(settings, store, number, found) if number is not None else ([], [])
    if changed is not None:
        with new_file(changed, force=force) as file:
            _write(csv.writer(file, lineterminator="\n"), rows)
    facts: dict[str, Any] = {
        "project": number,
        "models": [{"model": v.name, "version": v.version,
                    "held_out": {c: r["held_out"] for c, r in (v.card.get("controls") or {}).items()}} for v in found],
        "controls": controls}
    echo(facts | ({"changed_file": str(changed)} if changed else {}), as_json, text)


def _side_by_side(
    settings: Settings, store: Store, project_id: int, found: list[ModelVersion],
) -> tuple[list[dict[str, Any]], list[Changed]]:
    from cueloop.label_config import parse
    from cueloop.store import projects
    from ml_backend.elsewhere import side_by_side
    from ml_backend.elsewhere.told import REGIONS

    with store.read() as conn:
        controls = parse(projects.get(conn, project_id).label_config).judged
    reports, rows = [], []
    for control in controls:
        if control.modelled:
            report, changed = _choice(settings, store, project_id, control, found)
            reports.append(report)
            rows += changed
        elif control.kind in REGIONS:
            with store.read() as conn:
                reports.append(side_by_side.regions_report(
                    side_by_side.regions(conn, project_id, control, found[0], found[1])))
    return reports, rows


def _choice(
    settings: Settings, store: Store, project_id: int, control: Control, found: list[ModelVersion],
) -> tuple[dict[str, Any], list[Changed]]:
    from ml_backend.artifacts import Artifacts
    from ml_backend.elsewhere import evidence
    from ml_backend.texts.reader import Texts
    from ml_backend.versions import compare as versions
    from ml_backend.versions.sayings import sayings

    with store.read() as conn:
        truths = evidence.read(conn, project_id, control)
    said = [sayings(store, Artifacts(settings.artifacts), version, project_id, control, Texts(settings), set(truths))
            for version in found]
    with store.read() as conn:
        return versions.report(control, truths, *said), versions.changed(conn, control, *said)


def _write(writer: Any, rows: list[Changed]) -> None:
    from ml_backend.versions.compare import Changed

    names = [field.name for field in fields(Changed) if field.name != "task"]
    writer.writerow(["task" if name == "id" else name for name in names])
    for row in rows:
        _, *values = astuple(row)
        writer.writerow(["" if value is None else f"{value:.6f}" if isinstance(value, float) else value
                         for value in values])
