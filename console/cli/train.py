"""Train a model from a project's consensus or from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings


@click.command()
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Train on this file, offline.")
@click.option("--text", metavar="COL", help="Column that holds the text.")
@click.option("--label", metavar="COL", help="Column that holds the label.")
@click.option("--model", metavar="NAME", help="Model to train a version of; for a project, its own by default.")
@click.option("--kind", default="text-linear", show_default=True, help="Kind of model.")
@click.option("--seed", default=0, show_default=True, help="Same data and seed, same model.")
@project_option
@json_option
@pass_settings
def command(
    settings: Settings, csv_file: Path | None, text: str | None, label: str | None, model: str | None, kind: str,
    seed: int, project: int | None, as_json: bool,
) -> None:
    """Train a model from a project's consensus or from a CSV file.

    A fifth of the examples is held out. The version is promoted when those say that it is no worse than the one in
    service; else it is kept, not promoted, and the exit code is 3. With CUELOOP_ML_CLASS a project's training is the
    `fit` of that class.

    Example: `cueloop train --csv tickets.csv --text body --label topic --model tickets`
    """
    from cueloop.store import models
    from ml_backend import consensus_data, csv_files
    from ml_backend.artifacts import Artifacts
    from ml_backend.retrain import retrain
    from ml_backend.texts.reader import Texts

    if csv_file and not (text and label and model):
        raise click.UsageError("--csv needs --text, --label and --model.")
    if not csv_file and (text or label):
        raise click.UsageError("--text and --label belong to --csv FILE.")
    store, read = open_store(settings), Texts(settings)
    if csv_file:
        project_id, name = None, str(model)
        data = [csv_files.dataset(csv_file, str(text), str(label))]
    else:
        project_id = which_project(settings, store, project)
        with store.read() as conn:
            name = models.name_for(conn, project_id, model or models.DEFAULT)
            data = [] if settings.ml_class else consensus_data.datasets(conn, project_id, read=read)
    if settings.ml_class and project_id is not None:
        from ml_backend.compat.training import retrain_class

        outcome = retrain_class(store, Artifacts(settings.artifacts), settings, project_id, name, actor="command line")
    else:
        outcome = retrain(store, Artifacts(settings.artifacts), name, data, actor="command line",
                          project_id=project_id, kind=kind, seed=seed, read=read)
    facts = {"model": name, "version": outcome.version.version, "promoted": outcome.verdict.promoted,
             "reason": outcome.verdict.reason, "card": outcome.version.card}
    echo(facts, as_json, _human)
    if not outcome.verdict.promoted:
        raise Answer


def _human(facts: dict[str, Any]) -> str:
    lines = [f"{facts['model']}@{facts['version']}: {'promoted' if facts['promoted'] else 'NOT promoted'}",
             f"  {facts['reason']}"]
    for control, report in facts["card"]["controls"].items():
        held = report["held_out"]
        if held["accuracy"] is not None:
            lines.append(
                f"  {control}: held-out accuracy {held['accuracy']:.3f} ({held['low']:.3f}-{held['high']:.3f}) on "
                f"{held['tasks']}, calibration error {held['ece']:.3f}; trained on {report['examples']}")
    lines += [f"  {control}: skipped. {why}" for control, why in facts["card"]["skipped"].items()]
    return "\n".join(lines)
