"""Thresholds that are found from audits, not guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings


class Share(click.ParamType[float]):
    """A share between 0 and 1, both left out: `1%` or `0.01`."""

    name = "SHARE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, or end with a usage error."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            self.fail(f"{value!r} is not a share between 0% and 100%, e.g. 1% or 0.01.", param, ctx)
        return share


@click.command()
@click.option("--error", type=Share(), default="1%", show_default=True, metavar="SHARE",
              help="Largest share of wrong labels among those that the machine would take.")
@click.option("--confidence", type=Share(), default="95%", show_default=True, metavar="SHARE",
              help="How sure that is to be.")
@click.option("--label", metavar="LABEL", help="Only this label; default: all together, and each.")
@click.option("--control", metavar="NAME", help="Only this control; default: every single choice.")
@click.option("--csv", "file", type=click.Path(path_type=Path), metavar="FILE",
              help="Instead of a project: rows with label, score and truth (empty where it is not known).")
@project_option
@json_option
@pass_settings
def thresholds(settings: Settings, error: float, confidence: float, label: str | None, control: str | None,
               file: Path | None, project: int | None, as_json: bool) -> None:
    """Find the score above which the machine's error is below a target, from blind audits. Exit code 3: none is safe.

    Example: `cueloop route thresholds --error 0.5% --label spam`
    """
    from console.threshold_tables import human
    from routing.thresholds import report

    facts: dict[str, Any]
    if file is not None:
        from console import threshold_csv

        named = click.get_current_context().get_parameter_source("project")
        if named is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("--csv reads a file, --project the audits of a project: give one of them.")
        if control is not None:
            raise click.UsageError("--control names a control of a project; a file has none.")
        rows = threshold_csv.read(file)
        facts = {"file": str(file), **report.offline(rows.label, rows.score, rows.truth, error=error,
                                                     confidence=confidence, label=label)}
        found = facts["classes"]
    else:
        store = open_store(settings)
        project_id = which_project(settings, store, project)
        with store.read() as conn:
            facts = report.report(conn, project_id, error=error, confidence=confidence, label=label, control=control)
        found = [row for one in facts["controls"] for row in one["classes"]]
    echo(facts, as_json, human)
    if not any(row["score"] is not None for row in found):
        raise Answer
