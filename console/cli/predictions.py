"""Take predictions of a team's own pipeline or language model as a model version, calibrated and gated like ours."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

if TYPE_CHECKING:
    from cueloop.store.models import ModelVersion

ACTOR = "command line"
MODEL = "NAME@VERSION"


@click.group()
def command() -> None:
    """Take predictions of your own pipeline or language model as a model version.

    Example: `cueloop predictions push said.jsonl --model llm@llm-2026-11`
    """


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", required=True, metavar=MODEL, help="Name and version that the predictions get; a version "
              "never changes its mind about a task.")
@click.option("--match", metavar="FIELD", help="Field of the task's data that names the task, instead of its id.")
@click.option("--control", metavar="NAME", help="Control that a plain label is about, where there are several.")
@click.option("--skip-invalid", is_flag=True, help="Leave out records that are wrong; by default they refuse the file.")
@click.option("--dry-run", is_flag=True, help="Check the file and write nothing.")
@click.option("--champion", is_flag=True, help="Put the version in service if the gate lets it; exit code 3 if not.")
@project_option
@json_option
@pass_settings
def push(
    settings: Settings, file: Path, model: str, match: str | None, control: str | None, skip_invalid: bool,
    dry_run: bool, champion: bool, project: int | None, as_json: bool,
) -> None:
    """Take the predictions in FILE (.jsonl, .json, .csv) as NAME@VERSION.

    The file is checked as a whole, then written; the same file again changes nothing, and more tasks can follow.
    Scores are calibrated on what people answered blind. docs/predictions.md has the formats. Exit code 3: a dry run
    found records that are wrong, or the gate refused.

    Example: `cueloop predictions push said.jsonl --model llm@llm-2026-11 --match ticket --champion`
    """
    from ml_backend.elsewhere import gate
    from ml_backend.elsewhere.push import Source
    from ml_backend.elsewhere.push import push as push_file

    if dry_run and champion:
        raise click.UsageError("--dry-run writes nothing: leave out --champion.")
    name, version = _named(model)
    store = open_store(settings)
    number = which_project(settings, store, project)
    done = push_file(store, number, Source(file, match, control, skip_invalid), name, version, actor=ACTOR,
                     dry_run=dry_run, progress=_progress)
    judged = gate.pass_through(store, done.version, actor=ACTOR) if champion and done.version else None
    facts = {"model": name, "version": version, "project": number, "file": str(file), "dry_run": dry_run,
             **asdict(done.count), "controls": done.version.card["controls"] if done.version else {},
             "champion": None if judged is None else judged.promoted,
             "gate": None if judged is None else judged.reason}
    echo(facts, as_json, _pushed)
    refused = champion and (judged is None or not judged.promoted)
    if refused or (dry_run and done.count.wrong):
        raise Answer


@command.command("list")
@project_option
@json_option
@pass_settings
def list_(settings: Settings, project: int | None, as_json: bool) -> None:
    """List the pushed versions of a project, newest first.

    Example: `cueloop predictions list --project 5`
    """
    from cueloop.store import models

    store = open_store(settings)
    number = which_project(settings, store, project)
    with store.read() as conn:
        current = models.champion(conn, number)
        found = [v for v in models.versions(conn) if v.kind == models.ELSEWHERE and v.project_id == number]
    facts = [_facts(v) | {"champion": current == v} for v in found]
    echo(facts, as_json, lambda rows: "\n".join(
        f"{row['model']}@{row['version']}{'  in service' if row['champion'] else ''}\n{_controls(row['controls'])}"
        for row in rows) or "Nothing was pushed yet: `cueloop predictions push FILE --model NAME@VERSION`.")


@command.command()
@click.argument("reference", metavar=MODEL)
@json_option
@pass_settings
def calibrate(settings: Settings, reference: str, as_json: bool) -> None:
    """Learn a pushed version's scores anew from what people answered blind since.

    A worker does it by itself for the version in service when answers have grown by a fifth.

    Example: `cueloop predictions calibrate llm@llm-2026-11`
    """
    from cueloop.errors import ModelError
    from cueloop.store import models
    from ml_backend.elsewhere import keep
    from ml_backend.registry import resolve

    store = open_store(settings)
    with store.read() as conn:
        found = resolve(conn, reference)
    if found.kind != models.ELSEWHERE:
        raise ModelError(f"{found.name}@{found.version} was trained here and is calibrated for good: this is for "
                         "versions that were pushed.")
    echo(_facts(keep.recalibrate(store, found)), as_json,
         lambda row: f"{row['model']}@{row['version']}\n{_controls(row['controls'])}")


def _named(model: str) -> tuple[str, str]:
    name, _, version = model.partition("@")
    if not name or not version:
        raise click.UsageError(f"--model is {MODEL}, e.g. llm@llm-2026-11; a version is never guessed.")
    return name, version


def _facts(version: ModelVersion) -> dict[str, Any]:
    return {"model": version.name, "version": version.version, "project": version.project_id,
            "controls": version.card["controls"], "files": version.card.get("files", []),
            "calibrated_at": version.card.get("calibrated_at")}


def _pushed(facts: dict[str, Any]) -> str:
    what = "would be new" if facts["dry_run"] else "are new"
    lines = [f"{facts['model']}@{facts['version']}: {facts['records']} records, of which {facts['new']} {what} and "
             f"{facts['known']} were there already."]
    if facts["wrong"]:
        lines += [f"{facts['wrong']} {'are wrong' if facts['dry_run'] else 'were left out'}:",
                  *(f"  {problem}" for problem in facts["problems"])]
        more = facts["wrong"] - len(facts["problems"])
        lines += [f"  and {more} more"] if more else []
    lines += [_controls(facts["controls"])] if facts["controls"] else []
    if facts["champion"] is not None:
        lines.append(("In service: " if facts["champion"] else "Not put in service: ") + facts["gate"])
    return "\n".join(lines)


def _controls(controls: dict[str, Any]) -> str:
    lines = []
    for name, report in controls.items():
        held = report["held_out"]
        right = "" if held["accuracy"] is None else (
            f", {held['accuracy']:.1%} right ({held['low']:.1%} to {held['high']:.1%}) of {held['tasks']} blind")
        lines.append(f"  {name}: {report['told']['predictions']} predictions{right}; scores rest on "
                     f"{report['calibration']['rests_on']}")
    return "\n".join(lines)


def _progress(records: int) -> None:
    """Every ten thousand records, to whoever looks on."""
    if records and records % 10_000 == 0:
        click.echo(f"{records:,} records", err=True)
