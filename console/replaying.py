"""What `cueloop replay` does: recorded answers in, the reveals of a policy and their consensus out."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from console import quality_files, recorded
from console.files import new_file, new_folder
from cueloop.errors import DataError
from cueloop.types import Control
from routing.replay import policies
from routing.replay.recorded import Recorded, of_observations
from routing.replay.replay import Reveals, replay
from sync import kinds, report
from sync.assess import refuse_too_many

COLUMNS = ("step", "task", "annotator")


def run(path: Path, policy: str, *, budget: int, cap: float | None, seed: int, out: Path,
        progress: Callable[[int], None]) -> dict[str, Any]:
    """Replay the answers in a file and write both files into `out`; facts about it.

    Raises DataError for what cannot be read, an unknown policy, and a file without an answer that could be asked for.
    """
    control, answers, replaced = _read(path)
    reveals = replay(answers, policies.of_name(policy, answers), budget=budget, cap=cap, seed=seed, progress=progress)
    outcome = kinds.judge(control, answers.observed(reveals.place))
    with new_folder(out) as beside:
        files = [_write(beside / "reveals.csv", answers, reveals),
                 quality_files.write_consensus(beside, control.kind, report.consensus(outcome))]
    return {"file": str(path), "policy": policy, "budget": budget, "cap": cap, "seed": seed,
            "recorded": len(answers), "replaced": replaced, "stopped": reveals.stopped, "rounds": reveals.rounds,
            **_facts(answers, reveals), "warnings": list(outcome.warnings), "out": str(out), "files": files}


def _read(path: Path) -> tuple[Control, Recorded, int]:
    if path.suffix.lower() == ".json":
        raise DataError(f"{path}: replay reads CSV or JSON lines.")
    read = recorded.read(path)
    control, seen = read.controls[recorded.CONTROL]
    try:
        refuse_too_many(seen)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    answers = of_observations(seen)
    if not len(answers):
        raise DataError(f"{path}: only ground truth and reviews, no answer that somebody could have been asked for.")
    return control, answers, read.replaced


def _write(path: Path, answers: Recorded, reveals: Reveals) -> str:
    with new_file(path, force=True) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((step, answers.tasks[answers.task[place]], answers.annotators[answers.annotator[place]])
                         for step, place in enumerate(reveals.place.tolist(), start=1))
    return path.name


def _facts(answers: Recorded, reveals: Reveals) -> dict[str, Any]:
    """How the work was spread."""
    per_task = np.bincount(answers.task[reveals.place], minlength=len(answers.tasks))
    given = np.bincount(answers.annotator[reveals.place], minlength=len(answers.annotators))
    usual = np.bincount(answers.annotator, minlength=len(answers.annotators))
    most = int(given.argmax())
    return {"asked": len(reveals.place), "tasks": len(answers.tasks), "answered": int((per_task > 0).sum()),
            "least": int(per_task[per_task > 0].min()), "most": int(per_task.max()),
            "annotators": int((given > 0).sum()), "busiest": {
                "annotator": str(answers.annotators[most]), "answers": int(given[most]),
                "share": round(float(given[most] / given.sum()), 4),
                "recorded_share": round(float(usual[most] / usual.sum()), 4)}}
