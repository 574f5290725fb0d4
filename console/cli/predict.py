"""Label a CSV file with a model, offline."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path

import click

from console.cli._options import echo, json_option, open_store, pass_settings
from console.files import new_file, refuse_existing
from cueloop.errors import DataError, ModelError
from cueloop.settings import Settings

CHUNK = 5_000
"""Rows predicted at a time: memory stays flat however long the file is."""


@click.command()
@click.option("--model", required=True, metavar="NAME[@VERSION]", help="Model; NAME alone is its champion.")
@click.option("--csv", "csv_file", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Texts to label.")
@click.option("--text", metavar="COL", help="Column that holds the text; by default the one it was trained on.")
@click.option("--id", "id_column", metavar="COL", help="Column that names the rows in the output.")
@click.option("--control", metavar="NAME", help="Control to answer, for a model that answers several.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.csv",
              help="Where to write id (or row), label and score.")
@click.option("--force", is_flag=True, help="Replace the output file if it exists.")
@json_option
@pass_settings
def command(
    settings: Settings, model: str, csv_file: Path, text: str | None, id_column: str | None, control: str | None,
    out: Path, force: bool, as_json: bool,
) -> None:
    """Label a CSV file with a model, offline.

    Writes id,label,score (row,label,score without --id); the first row after the header is row 1. The score is the
    model's calibrated probability of the label.

    Example: `cueloop predict --model tickets --csv new.csv --id ticket --out labelled.csv`
    """
    from ml_backend import csv_files
    from ml_backend.artifacts import Artifacts
    from ml_backend.registry import load, resolve

    refuse_existing(out, force=force)
    store = open_store(settings)
    with store.read() as conn:
        version = resolve(conn, model)
    heads = load(Artifacts(settings.artifacts), version).bundle.heads
    if not heads:
        raise ModelError(f"{version.name}@{version.version} ({version.kind}) was not trained here: it labels no files.")
    found = [head for head in heads if control in (None, head.control)]
    if len(found) != 1:
        raise ModelError(f"{model} answers {', '.join(head.control for head in heads)}: name one with --control.")
    head = found[0]
    column = text or head.field
    numbered = csv_files.rows(csv_file, [column] + ([id_column] if id_column else []))
    if out.resolve() == csv_file.resolve():
        raise DataError(f"{out} is the input file: choose another --out.")
    count = 0
    with new_file(out, force=force) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id" if id_column else "row", "label", "score"])
        while chunk := list(islice(numbered, CHUNK)):
            probabilities = head.probabilities([row[column] for _, row in chunk])
            for (number, row), best, score in zip(
                    chunk, probabilities.argmax(axis=1), probabilities.max(axis=1), strict=True):
                writer.writerow([row[id_column] if id_column else number, head.labels[best], f"{score:.6f}"])
            count += len(chunk)
    echo({"model": version.name, "version": version.version, "rows": count, "out": str(out)}, as_json,
         lambda facts: f"{facts['rows']} rows labelled by {facts['model']}@{facts['version']} in {facts['out']}")
