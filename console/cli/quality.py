"""Annotators, agreement and consensus: of a project, or of recorded answers in a CSV file."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

ANNOTATOR_COLUMNS = ("annotator", "answers", "accuracy", "low", "high", "median_lead_time")


@click.command()
@project_option
@click.option("--answers", type=click.Path(path_type=Path), metavar="FILE",
              help="CSV with columns task, annotator (or worker) and label; needs no project and no Label Studio.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder for consensus.csv, annotators.csv and agreement.json (with --answers).")
@click.option("--force", is_flag=True, help="Overwrite what is in DIR.")
@json_option
@pass_settings
def command(settings: Settings, project: int | None, answers: Path | None, out: Path | None, force: bool,
            as_json: bool) -> None:
    """Show how good the answers are: consensus, each annotator's accuracy with its interval, agreement.

    Example: `cueloop quality --answers answers.csv --out quality/`
    """
    if answers is None:
        if out is not None:
            raise click.UsageError("--out goes with --answers FILE; for a project see `cueloop export`.")
        echo(_project(settings, project), as_json, _tables)
        return
    echo(_offline(answers, out, force), as_json, _tables)


def _project(settings: Settings, project: int | None) -> dict[str, Any]:
    from cueloop.store.annotators import known
    from sync import evidence
    from sync.assess import assess

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    with store.read() as conn:
        skips = evidence.skips(conn, project_id)
        people = known(conn)
        seen = {c.name: evidence.observations(conn, project_id, c) for c in evidence.modelled(conn, project_id)}
    controls = {name: _facts(assess(answers)) for name, answers in seen.items()}
    for facts in controls.values():
        for record in facts["annotators"]:
            annotator = record["annotator"]
            record["name"] = people[annotator].name if annotator in people else None
            record["skips"] = skips.get(annotator, 0)
    return {"project": project_id, "controls": controls}


def _offline(answers: Path, out: Path | None, force: bool) -> dict[str, Any]:
    from console import answers_csv
    from console.files import refuse_existing
    from sync import report
    from sync.assess import assess

    if out is not None:
        refuse_existing(out, force=force)
    read = answers_csv.read(answers)
    result = assess(read.observations)
    facts = {"file": str(answers), "replaced": read.replaced, "controls": {"label": _facts(result)}}
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        _write_csv(out / "consensus.csv", report.consensus(result), ("task", "label", "probability", "answers"))
        labels = [f"accuracy:{label}" for label in result.observations.labels]
        _write_csv(out / "annotators.csv", [
            {**record, **{f"accuracy:{k}": v for k, v in record["by_label"].items()}}
            for record in report.annotators(result)], (*ANNOTATOR_COLUMNS, *labels))
        _write_json(out / "agreement.json", report.agreement(result))
        facts["out"] = str(out)
    return facts


def _facts(result: Any) -> dict[str, Any]:
    from sync import report

    return {"consensus": report.summary(result), "agreement": report.agreement(result),
            "annotators": report.annotators(result)}


def _write_csv(path: Path, records: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from console.files import new_file

    with new_file(path, force=True) as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def _write_json(path: Path, facts: dict[str, Any]) -> None:
    from console.files import new_file

    with new_file(path, force=True) as file:
        file.write(json.dumps(facts, indent=2) + "\n")


def _tables(facts: dict[str, Any]) -> str:
    from console.quality_tables import tables

    return tables(facts)
