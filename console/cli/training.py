"""When models are trained: the policy in `training.yaml`, what is due and why, what runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

FILE = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Say when and how models are trained; see what is due and why; cancel a training.

    Example: `cueloop training apply training.yaml`
    """


@command.command()
@click.argument("file", type=FILE)
@click.option("--project", type=int, metavar="ID", help="Check against the labels and fields of this project, too.")
@json_option
@pass_settings
def check(settings: Settings, file: Path, project: int | None, as_json: bool) -> None:
    """List every mistake in FILE with line and column; exit code 3 if there are any.

    Example: `cueloop training check training.yaml`
    """
    from cueloop.language.mistakes import FileRefused
    from ml_backend.policy.advice import advise
    from ml_backend.policy.file import load

    try:
        found, _ = load(file)
    except FileRefused as refused:
        lines = str(refused)
        echo({"file": refused.file, "ok": False, "mistakes": [asdict(m) for m in refused.mistakes], "advice": []},
             as_json, lambda _: lines)
        raise Answer from None
    advice: list[str] = []
    if project is not None:
        store = open_store(settings)
        with store.read() as conn:
            advice = advise(conn, which_project(settings, store, project), found)
    echo({"file": str(file), "ok": True, "hash": found.hash, "mistakes": [], "advice": advice, "policy": asdict(found)},
         as_json, lambda _: "\n".join([*advice, f"{file}: no mistakes (hash {found.hash[:12]})"
                                     + (f", but {len(advice)} above to look at." if advice else ".")]))


@command.command()
@click.argument("file", type=FILE)
@project_option
@click.option("--author", default="cli", metavar="NAME", help="Who changed the policy, for the audit log.")
@click.option("--replaces", default="", metavar="HASH",
              help="Hash of the policy in force that FILE is to replace, where that came from another file.")
@json_option
@pass_settings
def apply(settings: Settings, file: Path, project: int | None, author: str, replaces: str, as_json: bool) -> None:
    """Put the policy in FILE in force for a project; a running sync follows at its next round.

    A wrong file changes nothing, nor does one that would undo what somebody applied from another file: exit code 3.

    Example: `cueloop training apply training.yaml`
    """
    from cueloop.errors import Conflict
    from cueloop.language.mistakes import FileRefused
    from cueloop.store import policies
    from ml_backend.policy.advice import advise
    from ml_backend.policy.file import load

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    facts: dict[str, Any] = {"project": project_id, "file": str(file)}
    try:
        found, text = load(file)
        with store.write() as conn:
            store.lock(conn, f"training policy {project_id}")
            changed = policies.put_in_force(conn, project_id, file=str(file.resolve()), text=text, hash=found.hash,
                                            author=author, replaces=replaces)
            advice = advise(conn, project_id, found)
    except (FileRefused, Conflict) as refused:
        said = str(refused)
        mistakes = [asdict(m) for m in refused.mistakes] if isinstance(refused, FileRefused) else []
        echo(facts | {"ok": False, "changed": False, "mistakes": mistakes, "refused": said}, as_json,
             lambda _: f"{said}\nNothing changed.")
        raise Answer from None
    state = "now in force" if changed else "already in force"
    echo(facts | {"ok": True, "hash": found.hash, "changed": changed, "advice": advice}, as_json,
         lambda _: "\n".join([f"{file} is {state} in project {project_id} (hash {found.hash[:12]}).", *advice]))


@command.command()
@project_option
@click.option("--follow", is_flag=True, help="Show a bar until the training that waits or runs has ended.")
@click.option("--text", is_flag=True, help="Print the training file in force instead, as it was applied.")
@json_option
@pass_settings
def show(settings: Settings, project: int | None, follow: bool, text: bool, as_json: bool) -> None:
    """Show the policy in force, what is due or why nothing is, with the figures, and what runs.

    With --follow the exit code is 1 when that training failed, 3 when it was cancelled.

    Example: `cueloop training show --follow`
    """
    from console import training_facts, training_follow
    from cueloop.errors import ModelError
    from cueloop.store import policies

    if follow and text:
        raise click.UsageError("--follow and --text do not go together.")
    store = open_store(settings)
    project_id = which_project(settings, store, project)
    if text:
        with store.read() as conn:
            held = policies.in_force(conn, project_id)
        echo({"project": project_id, "file": held.file if held else None, "hash": held.hash if held else None,
              "text": held.text if held else None}, as_json, lambda f: (f["text"] or (
                  f"No training file was applied to project {project_id}: `cueloop training apply FILE`.")).rstrip())
        return
    if not follow:
        echo(training_facts.facts(settings, store, project_id), as_json, training_facts.text)
        return
    ended = training_follow.follow(settings, store, project_id)
    echo({"project": project_id, "job": ended}, as_json, lambda _: training_facts.job_line(ended) if ended else (
        f"Project {project_id} was never trained by a job."))
    if ended and ended["state"] == "cancelled":
        raise Answer
    if ended and ended["state"] == "failed":
        raise ModelError(f"Training of project {project_id} failed: {ended.get('error')}")


@command.command()
@project_option
@click.option("--author", default="cli", metavar="NAME", help="Who cancels, for the audit log.")
@json_option
@pass_settings
def cancel(settings: Settings, project: int | None, author: str, as_json: bool) -> None:
    """Stop the training that waits or runs; what is in service stays as it is.

    Exit code 3 when there is none, or when what it made is coming into service already.

    Example: `cueloop training cancel`
    """
    from console import training_facts, training_follow

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    try:
        ended = training_follow.stop(settings, store, project_id, author)
    except training_follow.NotCancelled as error:
        said = str(error)
        echo({"project": project_id, "cancelled": False, "reason": said}, as_json, lambda _: said)
        raise Answer from None
    echo({"project": project_id, "cancelled": ended.get("state") == "cancelled", "job": ended}, as_json,
         lambda _: training_facts.job_line(ended) + (
             "" if ended.get("state") == "cancelled" else ". It ends at its next step, or as it was asked too late."))


@command.command()
def schema() -> None:
    """Print the JSON Schema of training files, with which editors complete and check them.

    Example: `cueloop training schema > training.schema.json`
    """
    import json

    from ml_backend.policy.file import schema as written

    click.echo(json.dumps(written(), indent=1))
