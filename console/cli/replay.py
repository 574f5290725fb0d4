"""Replay recorded answers as a policy would have asked for them: what routing would have saved."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from console.cli._options import echo, json_option

STEPS = 10
"""How often progress is told."""


@click.command()
@click.option("--answers", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="CSV with columns task, annotator (or worker) and label, or JSON lines: everybody's answers.")
@click.option("--policy", required=True, metavar="NAME",
              help="Who is asked about what: 'uniform' (everything equally often, of anybody), 'information' (the pair "
                   "of task and person that tells most) or 'rules:FILE.yaml' (what the rules say).")
@click.option("--budget", required=True, type=click.IntRange(min=1), metavar="ANSWERS",
              help="How many answers may be asked for; all, where fewer are recorded.")
@click.option("--cap", type=click.FloatRange(min=1), metavar="SHARE",
              help="Nobody gives more than SHARE times their part of the recorded answers (and two), at any moment. "
                   "Without it everybody gives as many as are asked.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="The same seed asks for the same answers; a smaller budget for the first of them.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="Folder for reveals.csv (step, task, annotator in the order asked) and consensus.csv.")
@click.option("--force", is_flag=True, help="Overwrite what is in DIR.")
@json_option
def command(answers: Path, policy: str, budget: int, cap: float | None, seed: int, out: Path, force: bool,
            as_json: bool) -> None:
    """Reveal recorded answers one by one, as a policy asks for them, until a budget is spent.

    The policy sees the answers that it asked for and nothing else. Compare the consensus with your ground truth, at
    several budgets and beside the policy 'uniform', to see how many answers routing saves on data like yours.

    Example: `cueloop replay --answers answers.csv --policy information --budget 3000 --cap 2 --out replay/`
    """
    from console import replaying
    from console.files import writable_folder

    if cap is not None and math.isnan(cap):
        raise click.UsageError("--cap is not a number. Give how many times their usual part somebody may do, as 2.0.")
    writable_folder(out, force=force)
    every = max(budget // STEPS, 1)
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        if done // every > told // every:
            click.echo(f"{done} of {budget} answers asked for ...", err=True)
        told = done

    facts = replaying.run(answers, policy, budget=budget, cap=cap, seed=seed, out=out, progress=progress)
    echo(facts, as_json, _told)


def _told(facts: dict[str, Any]) -> str:
    """The facts in a few lines."""
    busiest = facts["busiest"]
    lines = [f"{facts['file']}: {facts['asked']} of {facts['recorded']} recorded answers asked for by "
             f"'{facts['policy']}', of {facts['annotators']} people.",
             f"{facts['answered']} of {facts['tasks']} tasks have {facts['least']} to {facts['most']} answers each.",
             f"Most was asked of {busiest['annotator']}: {busiest['answers']} answers, {busiest['share']:.1%} of all "
             f"({busiest['recorded_share']:.1%} of those recorded)."]
    if facts["stopped"]:
        lines.append("The policy wanted no more, so the budget was not spent.")
    return "\n".join([*lines, f"Written to {facts['out']}: {', '.join(facts['files'])}."])
