"""The demo's report as a person reads it, in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from console.demo.measure import Share
from console.demo.report import Report


def show(report: Report, console: Console) -> None:
    """Print the whole report."""
    console.print(_summary(report))
    console.print(_people(report))
    console.print(_models(report))
    console.print(_times(report))
    console.print(f"[dim]{report.note}[/dim]")


def _summary(report: Report) -> Table:
    table = _table("The loop", "what", "value")
    even = report.uniform
    gain = report.accuracy.value - even["mean"]
    for what, value in (
        ("tasks", str(report.tasks)),
        ("answers used (submitted)", f"{report.answers} ({report.submitted})"),
        ("answers per task", f"{report.answers_per_task:.2f}"),
        ("labels decided by", ", ".join(f"{who} {n}" for who, n in report.decided.items())),
        ("accuracy, judged by the raters not asked", _share(report.accuracy)),
        ("    of labels by people", _share(report.accuracy_people)),
        ("    of labels by the machine", _share(report.accuracy_machine)),
        (f"uniform overlap with {even['answers']:.0f} answers",
         f"{even['mean']:.1%} ({even['lowest']:.1%} to {even['highest']:.1%} over {even['seeds']:.0f} spreads)"),
        ("the loop is ahead by", f"{100 * gain:+.1f} points"),
        ("agreement (Krippendorff's alpha)", _alpha(report)),
        ("accepted by the machine", _share(report.accepted)),
        ("its error, by blind audit", _share(report.audited_error)),
        ("served with a suggestion", f"{report.suggestions['with_suggestion']} of {report.suggestions['served']}"),
        ("    suggestion agreed with the recorded answer", _share(report.suggestions["agreed"])),
    ):
        table.add_row(what, value)
    return table


def _people(report: Report) -> Table:
    table = _table("Annotators", "name", "answers", "accuracy, as the loop knows it", "judged by the raters not asked")
    for row in report.annotators:
        table.add_row(row["name"], str(row["answers"]),
                      f"{row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})", _share(row["judged"]))
    return table


def _models(report: Report) -> Table:
    table = _table("Model versions", "version", "trained on", "held-out scores", "in service")
    for row in report.models:
        scores = ", ".join(f"{name} {value:.3f}" for name, value in row["scores"].items())
        table.add_row(row["version"], str(row["trained_on"]), scores, row["service"])
    return table


def _times(report: Report) -> Table:
    table = _table("Wall time", "step", "seconds")
    for step, seconds in report.seconds.items():
        table.add_row(step, f"{seconds:.1f}")
    table.add_row("all", f"{sum(report.seconds.values()):.1f}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _alpha(report: Report) -> str:
    found = report.agreement
    if found is None or found["value"] is None:
        return "too few tasks with several answers"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f}, {found['tasks']} tasks)"


def _share(value: Share) -> str:
    return str(value)


def where_to_look(lines: Iterable[tuple[str, str]], console: Console) -> None:
    """Addresses and logins, one a line, never wrapped: they are there to be copied."""
    for what, value in lines:
        console.print(f"[bold]{what:<22}[/bold] {value}", soft_wrap=True, highlight=False)
