"""Recorded answers in whatever file they come, as controls with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console import answers_csv, answers_export, answers_jsonl, answers_table
from cueloop.errors import DataError
from cueloop.types import KINDS, Control
from sync.kinds import CHOICES
from sync.observations import Observations

CONTROL = "label"
"""Name of the one control of a file that names none."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answers to each control of a file, and how many were replaced by a later one of the same person and task."""

    controls: dict[str, tuple[Control, Observations]]
    replaced: int = 0


def read(path: Path, *, kind: str = "choice", labels: Sequence[str] = (), config: Path | None = None) -> Recorded:
    """Read CSV, JSON lines, or Label Studio's JSON export (which needs its label config).

    `kind` is the shape of the answers (`cueloop.types.KINDS`), `labels` their order where it matters; a rating with
    labels is one of ordered choices. Raises DataError for whatever cannot be read, and labels that are none of these.
    """
    if kind not in KINDS:
        raise DataError(f"There are no answers of the kind '{kind}'. Kinds: {', '.join(KINDS)}.")
    control = Control(CONTROL, "", "Choices" if kind == "rating" and labels else "", tuple(labels), None, kind=kind)
    ending = path.suffix.lower()
    if ending == ".json":
        if config is None:
            raise DataError(f"{path}: a Label Studio export needs --label-config FILE.xml, which says how to read it.")
        return Recorded(answers_export.read(path, config))
    if ending == ".jsonl":
        seen, replaced = answers_jsonl.read(path, control)
    elif kind in CHOICES and not labels and not answers_table.has_more(path):
        found = answers_csv.read(path)      # the quick way, for millions of lines
        seen, replaced = found.observations, found.replaced
    else:
        seen, replaced = answers_table.read(path, control)
    return Recorded({CONTROL: (control, seen)}, replaced)
