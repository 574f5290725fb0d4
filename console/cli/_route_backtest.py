"""`cueloop route backtest`: what other rules would have cost and brought, on the project's own history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@project_option
@click.option("--against", default="in-force", show_default=True, metavar="RULES",
              help="What to compare with: the rules in force, a file, or the beginning of a hash.")
@click.option("--control", metavar="NAME", help="The single choice to look at; the first one of the label config.")
@click.option("--draws", type=click.IntRange(min=5), default=30, show_default=True, metavar="N",
              help="Futures to draw: more make the intervals steadier, and take longer.")
@click.option("--tasks", type=click.IntRange(min=10, max=20_000), metavar="N",
              help="Predict for so many tasks; as many as in history, at most 1000.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="The same seed gives the same report.")
@json_option
@pass_settings
def backtest(settings: Settings, file: Path, project: int | None, against: str, control: str | None, draws: int,
             tasks: int | None, seed: int, as_json: bool) -> None:
    """Tell what the rules in FILE would change: answers, hours, money, accuracy, each with its interval.

    Both rules run in memory on this project's recorded tasks and answers. Answers that were never given are drawn
    from what is known of people and tasks; how much rests on that is told. Intervals are for the next tasks like
    these, and hold together with 95 %. Nothing is written.

    Example: `cueloop route backtest new-rules.yaml`
    """
    from console.backtest_text import lines
    from console.cli._route_diff import find
    from cueloop.store.columns import now
    from routing import context
    from routing.backtest.read import read
    from routing.backtest.report import backtest as test
    from routing.language import rules

    new = rules.load(file)
    store = open_store(settings)
    project_id = which_project(settings, store, project)
    old = find(against, store, project_id)
    with store.read() as conn:
        history = read(conn, context.read(conn, project_id, now(), rules=old), new, control)
    report = test(history, old, new, draws=draws, seed=seed, tasks=tasks,
                  progress=lambda done: _progress(done, draws))
    facts: dict[str, Any] = {
        "project": project_id, "control": history.work.control, "seed": seed, "draws": draws,
        "old": {"file": old.file, "hash": old.hash}, "new": {"file": new.file, "hash": new.hash}, **report.to_json()}
    echo(facts, as_json, lines)


def _progress(done: int, draws: int) -> None:
    if done % max(draws // 5, 1) == 0 and done < draws:
        click.echo(f"{done} of {draws} futures drawn ...", err=True)
