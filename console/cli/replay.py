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
@click.option("--answers", type=click.Path(path_type=Path), metavar="FILE",
              help="CSV with columns task, annotator (or worker) and label, or JSON lines: everybody's answers.")
@click.option("--texts", type=click.Path(path_type=Path), metavar="FILE",
              help="CSV of texts with their labels: which of them would have had to be labelled? With --text, --label.")
@click.option("--text", metavar="COL", help="Column of --texts with the text.")
@click.option("--label", metavar="COL", help="Column of --texts with the label.")
@click.option("--id", "id_", metavar="COL", help="Column of --texts that names a text; without it the row's number.")
@click.option("--split", metavar="COL", help="Column of --texts: rows that say 'train' may be asked, others judge.")
@click.option("--test", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.2, show_default=True,
              metavar="SHARE", help="Share of --texts that judges, where there is no --split.")
@click.option("--policy", required=True, metavar="NAME",
              help="Who is asked about what: 'uniform' (everything equally often, of anybody), 'information' (the pair "
                   "of task and person that tells most) or 'rules:FILE.yaml' (what the rules say). With --texts: "
                   "'learning' (what a model learns most from, beside random order) or 'random'.")
@click.option("--budget", type=click.IntRange(min=1), metavar="ANSWERS",
              help="How many answers may be asked for; all, where fewer are recorded. Optional with --texts: without "
                   "it each goes on until it reaches 95 % of what all labels give.")
@click.option("--cap", type=click.FloatRange(min=1), metavar="SHARE",
              help="Nobody gives more than SHARE times their part of the recorded answers (and two), at any moment. "
                   "Without it everybody gives as many as are asked.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="The same seed asks for the same answers; a smaller budget for the first of them.")
@click.option("--seeds", type=click.IntRange(min=1, max=100), default=3, show_default=True, metavar="N",
              help="With --texts: how many seeds are played, from --seed on.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="Folder for reveals.csv (step, task, annotator in the order asked) and consensus.csv; with --texts "
                   "for curve.csv (policy, seed, labels, accuracy, macro_f1, low, high) and reveals.csv.")
@click.option("--force", is_flag=True, help="Overwrite what is in DIR.")
@json_option
def command(answers: Path | None, texts: Path | None, policy: str, budget: int | None, cap: float | None, seed: int,
            out: Path, force: bool, as_json: bool, **columns: Any) -> None:
    """Reveal recorded answers one by one, as a policy asks for them, until a budget is spent.

    The policy sees the answers that it asked for and nothing else. Compare the consensus with your ground truth, at
    several budgets and beside the policy 'uniform', to see how many answers routing saves on data like yours. With
    labelled texts: how many labels active learning saves beside random order, by a model trained at every size and
    judged on texts that were never asked.

    Example: `cueloop replay --answers answers.csv --policy information --budget 3000 --cap 2 --out replay/`

    Example: `cueloop replay --texts tickets.csv --text body --label topic --policy learning --out curve/`
    """
    from console.files import writable_folder

    if (answers is None) == (texts is None):
        raise click.UsageError("Give either --answers FILE or --texts FILE.")
    if cap is not None and (texts is not None or math.isnan(cap)):
        raise click.UsageError("--cap is for --answers: in --texts nobody is named." if texts is not None else
                               "--cap is not a number. Give how many times their usual part somebody may do, as 2.0.")
    if answers is not None:
        given = [f"--{name}" for name in ("text", "label", "id_", "split") if columns[name] is not None]
        if given or budget is None:
            raise click.UsageError(f"{', '.join(given).replace('id_', 'id')} goes with --texts." if given else
                                   "Missing option '--budget': how many answers may be asked for.")
        writable_folder(out, force=force)
        echo(_answers(answers, policy, budget, cap, seed, out), as_json, _told)
        return
    if columns["text"] is None or columns["label"] is None:
        raise click.UsageError("--texts needs --text COL and --label COL: where the text is, and its label.")
    writable_folder(out, force=force)
    assert texts is not None
    echo(_texts(texts, policy, budget, seed, out, columns), as_json, _curves)


def _answers(answers: Path, policy: str, budget: int, cap: float | None, seed: int, out: Path) -> dict[str, Any]:
    """Replay recorded answers."""
    from console import replaying

    every = max(budget // STEPS, 1)
    told = 0

    def progress(done: int) -> None:
        nonlocal told
        if done // every > told // every:
            click.echo(f"{done} of {budget} answers asked for ...", err=True)
        told = done

    return replaying.run(answers, policy, budget=budget, cap=cap, seed=seed, out=out, progress=progress)


def _texts(texts: Path, policy: str, budget: int | None, seed: int, out: Path, columns: dict[str, Any],
           ) -> dict[str, Any]:
    """Play the labelling of texts again."""
    from console import replaying_texts

    told = 0

    def progress(one: str, seed: int, labels: int) -> None:
        nonlocal told
        if labels < told or labels >= 2 * told:
            click.echo(f"{one}, seed {seed}: a model of {labels} labels ...", err=True)
            told = labels

    rows = replaying_texts.Rows(texts, columns["text"], columns["label"], columns["id_"], columns["split"],
                                columns["test"])
    return replaying_texts.run(rows, policy, budget=budget, seeds=range(seed, seed + columns["seeds"]), out=out,
                               progress=progress)


def _curves(facts: dict[str, Any]) -> str:
    """Facts about texts in a few lines."""
    full = facts["full"]
    lines = [f"{facts['file']}: {facts['texts']} texts of {facts['labels']} labels, {facts['judges']} others judge.",
             f"All labels give an accuracy of {full['accuracy']:.3f} (macro-F1 {full['macro_f1']:.3f}); 95 % of it is "
             f"{facts['target']:.3f}."]
    for policy, one in facts["needed"].items():
        if policy != "times_fewer":
            need = (f"{one['median']:.0f} labels ({one['least']:.0f} to {one['most']:.0f})" if one["median"] is not None
                    else "more labels than were asked for")
            lines.append(f"'{policy}' needs {need} for it, over {len(facts['seeds'])} seeds.")
    if facts["needed"]["times_fewer"]:
        lines.append(f"Times fewer labels than in random order: {facts['needed']['times_fewer']:.2f}.")
    return "\n".join([*lines, f"Written to {facts['out']}: {', '.join(facts['files'])}."])


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
