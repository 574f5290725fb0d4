"""Annotators, agreement and consensus: of a project, or of recorded answers in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings
from cueloop.types import KINDS

METHODS = ("hierarchical", "dawid-skene", "one-coin", "majority")


@click.command()
@project_option
@click.option("--answers", type=click.Path(path_type=Path), metavar="FILE",
              help="CSV with columns task, annotator (or worker) and label; JSON lines; or Label Studio's JSON export. "
                   "Needs no project and no Label Studio.")
@click.option("--kind", type=click.Choice(KINDS), default="choice", show_default=True,
              help="Shape of the answers in FILE.")
@click.option("--labels", metavar="A,B,...", help="Labels in their order, where it matters (ratings).")
@click.option("--label-config", type=click.Path(path_type=Path), metavar="XML",
              help="Label config of a Label Studio export.")
@click.option("--probabilities", type=click.Path(path_type=Path), metavar="FILE",
              help="CSV of what a model says (task, label, probability, or a column per label): one more voice.")
@click.option("--history", type=click.Path(path_type=Path), metavar="FILE",
              help="history.json of an earlier run: what is known of the annotators already.")
@click.option("--method", type=click.Choice(METHODS), default="hierarchical", show_default=True,
              help="How labels are inferred.")
@click.option("--least", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
              help="Tell nothing of annotators with fewer answers.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder for consensus.csv (or .jsonl), annotators.csv, agreement.json, scorecards.json.")
@click.option("--force", is_flag=True, help="Overwrite what is in DIR.")
@json_option
@pass_settings
def command(settings: Settings, project: int | None, answers: Path | None, kind: str, labels: str | None,
            label_config: Path | None, probabilities: Path | None, history: Path | None, method: str, least: int,
            out: Path | None, force: bool, as_json: bool) -> None:
    """Show how good the answers are: consensus, each annotator's accuracy with its interval, agreement.

    Example: `cueloop quality --answers answers.csv --out quality/`
    """
    from console import quality_facts
    from console.files import writable_folder

    if out is not None:
        writable_folder(out, force=force)
    if answers is None:
        given = [name for name, value in (("--probabilities", probabilities), ("--history", history),
                                          ("--label-config", label_config), ("--labels", labels)) if value is not None]
        if given:
            raise click.UsageError(f"{given[0]} goes with --answers FILE.")
        store = open_store(settings)
        found = quality_facts.of_project(store, which_project(settings, store, project), method=method, least=least)
    else:
        found = quality_facts.of_file(
            answers, kind=kind, labels=_named(labels),
            config=label_config, probabilities=probabilities, past=history, method=method, least=least)
    facts = quality_facts.told(found, least=least)
    if out is not None:
        facts["out"] = str(out)
        facts["files"] = quality_facts.write(found, facts, out)
    echo(facts, as_json, _tables)


def _named(labels: str | None) -> list[str]:
    """The labels of --labels. Raises UsageError for an empty one, or one that is named twice."""
    names = [] if labels is None else [one.strip() for one in labels.split(",")]
    if not all(names):
        raise click.UsageError("--labels has an empty label: write them as A,B,C.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.UsageError(f"--labels names '{twice[0]}' twice.")
    return names


def _tables(facts: dict[str, Any]) -> str:
    from console.quality_tables import tables

    return tables(facts)
