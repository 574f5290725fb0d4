"""Train a model from a project's consensus or from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

if TYPE_CHECKING:
    from cueloop.store import Store
    from ml_backend.retrain import Outcome


WHY = "asked for on the command line"


@click.command()
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Train on this file, offline.")
@click.option("--text", metavar="COL", help="Column that holds the text.")
@click.option("--label", metavar="COL", help="Column that holds the label.")
@click.option("--model", metavar="NAME", help="Model to train a version of; for a project, its own by default.")
@click.option("--kind", metavar="KIND", help="Kind of model; by default what the training policy says, of a file auto.")
@click.option("--seed", default=0, show_default=True, help="Same data and seed, same model.")
@project_option
@json_option
@pass_settings
def command(
    settings: Settings, csv_file: Path | None, text: str | None, label: str | None, model: str | None,
    kind: str | None, seed: int, project: int | None, as_json: bool,
) -> None:
    """Train a model from a project's consensus or from a CSV file.

    A fifth of the examples is held out. The version is promoted when those say that it is no worse than the one in
    service; else it is kept, not promoted (or not yet, in shadow mode), and the exit code is 3, as it is when `cueloop
    training cancel` stops it. A project is trained by its training file (`cueloop training show`); with
    CUELOOP_ML_CLASS by the `fit` of that class.

    Example: `cueloop train --csv tickets.csv --text body --label topic --model tickets`
    """
    from cueloop.cancelling import Cancelled

    if csv_file and not (text and label and model):
        raise click.UsageError("--csv needs --text, --label and --model.")
    if not csv_file and (text or label):
        raise click.UsageError("--text and --label belong to --csv FILE.")
    store = open_store(settings)
    if csv_file:
        outcome = _of_file(settings, store, csv_file, str(text), str(label), str(model), kind, seed)
    else:
        project_id = which_project(settings, store, project)
        try:
            outcome = _of_project(settings, store, project_id, model, kind, seed)
        except Cancelled:
            echo({"project": project_id, "cancelled": True}, as_json,
                 lambda f: f"The training of project {f['project']} was cancelled; nothing has changed.")
            raise Answer from None
    echo({"model": outcome.version.name, "version": outcome.version.version, "promoted": outcome.verdict.promoted,
          "outcome": outcome.verdict.outcome, "reason": outcome.verdict.reason, "card": outcome.version.card},
         as_json, _human)
    if not outcome.verdict.promoted:
        raise Answer


def _of_file(settings: Settings, store: Store, file: Path, text: str, label: str, name: str, kind: str | None,
             seed: int) -> Outcome:
    from console.bars import bar
    from ml_backend import csv_files
    from ml_backend.artifacts import Artifacts
    from ml_backend.policy.policy import AUTO
    from ml_backend.retrain import retrain

    data = [csv_files.dataset(file, text, label)]
    with bar(f"training {name}") as tell:
        return retrain(store, Artifacts(settings.artifacts), name, data, actor="command line", kinds=(kind or AUTO,),
                       seed=seed, why=WHY, progress=lambda done, total: tell(done, total, ""))


def _of_project(settings: Settings, store: Store, project_id: int, model: str | None, kind: str | None,
                seed: int) -> Outcome:
    """As a job of this process: no worker trains the project meanwhile, and anybody can see and cancel it."""
    from console.bars import bar
    from cueloop import inline
    from cueloop.store import models
    from ml_backend.artifacts import Artifacts
    from ml_backend.compat.training import retrain_class
    from ml_backend.retrain import retrain_project
    from ml_backend.texts.reader import Texts

    artifacts = Artifacts(settings.artifacts)
    with store.read() as conn:
        name = models.name_for(conn, project_id, model or models.DEFAULT)
    with inline.here(store, "train", project_id, why=WHY) as job, bar(f"training project {project_id}") as tell:
        def progress(done: int, total: int) -> None:
            job.progress(done, total, "training")
            tell(done, total, "")

        if settings.ml_class:
            outcome = retrain_class(store, artifacts, settings, project_id, name, actor="command line", why=WHY,
                                    progress=progress)
        else:
            outcome = retrain_project(
                store, artifacts, name, project_id, actor="command line", kinds=(kind,) if kind else (), seed=seed,
                why=WHY, read=Texts(settings), progress=progress)
        job.done({"model": name, "version": outcome.version.version, "promoted": outcome.verdict.promoted,
                  "reason": outcome.verdict.reason})
    return outcome


def _human(facts: dict[str, Any]) -> str:
    became = {"promoted": "promoted", "shadow": "not promoted yet: it runs in shadow mode until blind audits decide"}
    lines = [f"{facts['model']}@{facts['version']}: {became.get(facts['outcome'], 'NOT promoted')}",
             f"  {facts['reason']}"]
    for control, report in facts["card"]["controls"].items():
        held = report["held_out"]
        if report.get("kinds"):
            lines.append(f"  {control}: {report['kinds']['taken']} was taken. {report['kinds']['why']}")
        if held["accuracy"] is not None:
            lines.append(
                f"  {control}: held-out accuracy {held['accuracy']:.3f} ({held['low']:.3f}-{held['high']:.3f}) on "
                f"{held['tasks']}, calibration error {held['ece']:.3f}; trained on {report['examples']}")
    lines += [f"  {control}: skipped. {why}" for control, why in facts["card"]["skipped"].items()]
    return "\n".join(lines)
