"""What `cueloop quality` knows: a project's answers and a file's go through the same functions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console import quality_files, recorded
from console.files import new_folder
from cueloop.errors import DataError
from cueloop.store import Store
from cueloop.types import Control
from sync import full_run, history, report
from sync.full_run import Findings, Inputs
from sync.observations import Observations


@dataclass(frozen=True, slots=True)
class Found:
    """Findings of every control, with what they rest on; `source` opens the facts that are told."""

    source: dict[str, Any]
    controls: dict[str, tuple[Inputs, Findings]]
    names: Mapping[Any, str] = field(default_factory=dict)
    skips: Mapping[Any, int] | None = None


def of_project(store: Store, project_id: int, *, method: str, least: int) -> Found:
    """Everything about a project, computed now; nothing is written."""
    from cueloop.store.annotators import known
    from sync import evidence

    with store.read() as conn:
        people = {annotator: one.name for annotator, one in known(conn).items()}
        inputs = [full_run.read(conn, project_id, control, reports=True)
                  for control in evidence.controls(conn, project_id)]
        skips = evidence.skips(conn, project_id)
    controls = {one.control.name: (one, _find(one, method, least)) for one in inputs}
    return Found({"project": project_id}, controls, people, skips)


def of_file(path: Path, *, kind: str, labels: Sequence[str], config: Path | None, probabilities: Path | None,
            past: Path | None, method: str, least: int) -> Found:
    """The same about a file of answers. Raises DataError for what cannot be read or does not go together."""
    read = recorded.read(path, kind=kind, labels=labels, config=config)
    controls = {}
    for name, (control, seen) in read.controls.items():
        options = _options(control, seen, probabilities, past, method)
        given = Inputs(control, seen, options, None)
        controls[name] = (given, full_run.find(given, reports=True, least=least))
    return Found({"file": str(path), "replaced": read.replaced}, controls)


def told(found: Found, *, least: int) -> dict[str, Any]:
    """Facts for JSON, files and tables."""
    facts: dict[str, Any] = {**found.source, "controls": {}}
    for name, (given, findings) in found.controls.items():
        people = report.annotators(findings.outcome, findings.cards, least=least)
        for record in people:
            if found.skips is not None:
                record["name"] = found.names.get(record["annotator"])
                record["skips"] = found.skips.get(record["annotator"], 0)
        facts["controls"][name] = {
            "kind": given.control.kind, "consensus": report.summary(findings.outcome, len(given.seen.task)),
            "agreement": findings.agreement, "annotators": people, "gold_candidates": findings.candidates}
        if findings.outcome.voice is not None:
            facts["controls"][name]["model"] = findings.outcome.voice
    return facts


def write(found: Found, facts: dict[str, Any], out: Path) -> list[str]:
    """Write the files, those of several controls into a folder each; their names."""
    names = []
    folders = _folders(found.controls) if len(found.controls) > 1 else dict.fromkeys(found.controls, ".")
    with new_folder(out) as beside:
        for name, (given, findings) in found.controls.items():
            run = findings.outcome.run
            written = quality_files.write(beside / folders[name], given.control.kind, facts["controls"][name],
                                          report.consensus(findings.outcome),
                                          None if run is None else history.to_json(run))
            names += [str(Path(folders[name]) / one) for one in written]
    return names


def _folders(controls: Iterable[str]) -> dict[str, str]:
    """A folder for each control: its name without what a folder cannot have, and no two alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in controls:
        plain = re.sub(r"[^\w.-]", "_", name).lstrip(".")[:100] or "control"
        folder = next(one for number in range(1, len(taken) + 2)
                      if (one := plain if number == 1 else f"{plain}-{number}").lower() not in taken)
        taken.add(folder.lower())
        found[name] = folder
    return found


def _find(given: Inputs, method: str, least: int) -> Findings:
    if given.control.kind == "choice":
        given.options["method"] = method
    return full_run.find(given, reports=True, least=least)


def _options(control: Control, seen: Observations, probabilities: Path | None, past: Path | None,
             method: str) -> dict[str, Any]:
    if control.kind != "choice":
        for name, value in (("--probabilities", probabilities), ("--history", past)):
            if value is not None:
                raise DataError(f"{name} goes with answers of the kind choice, not {control.kind}.")
        return {}
    options: dict[str, Any] = {"method": method}
    if probabilities is not None:
        from console import probabilities_csv

        options["voice"] = probabilities_csv.read(probabilities, seen)
    if past is not None:
        options["history"] = history.history([_history(past)], seen.labels, seen.annotators)
        if options["history"] is None:
            raise DataError(f"{past}: knows nothing of these annotators with these labels: it is of other answers.")
    return options


def _history(path: Path) -> Any:
    try:
        return history.of_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: is no history.json of `cueloop quality --out`: {error}.") from None
