"""Have the data again that a model version was taught with and judged by."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, open_store, pass_settings
from cueloop.settings import Settings

if TYPE_CHECKING:
    from cueloop.store.models import ModelVersion
    from ml_backend.data.reproduce import Again

COLUMNS = ("control", "task", "part", "label", "weight", "shares", "blind", "cluster", "sha256", "text")


@click.group()
def command() -> None:
    """Have the data again that a model version was taught with and judged by.

    Example: `cueloop data show tickets@champion --out tickets.csv`
    """


@command.command()
@click.argument("reference", metavar="VERSION")
@click.option("--part", type=click.Choice(["train", "holdout", "apart"]),
              help="Only what it was taught with, was judged by, or what was neither.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE",
              help="The file that it was trained on, of a version that was trained on one.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the examples there: .csv or .jsonl.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@json_option
@pass_settings
def show(
    settings: Settings, reference: str, part: str | None, csv_file: Path | None, out: Path | None, force: bool,
    as_json: bool,
) -> None:
    """Have the data of a version again, text for text, and check that it is what the version was made of.

    The labels, weights and parts are in the version's manifest, the texts in the store's history, or in the file that
    was trained on. Each text is checked by its hash. What cannot be had any more is told with the reason, and the exit
    code is 3.

    Example: `cueloop data show tickets@champion --part holdout --out holdout.jsonl`
    """
    from console.files import refuse_existing
    from cueloop.errors import ModelError
    from ml_backend.artifacts import Artifacts
    from ml_backend.data import reproduce
    from ml_backend.registry import resolve

    if out is not None and out.suffix not in {".csv", ".jsonl"}:
        raise click.UsageError(f"--out {out}: the name must end in .csv or .jsonl.")
    if out is not None:
        refuse_existing(out, force=force)
    with open_store(settings).read() as conn:
        found = resolve(conn, reference)
        _check_call(found, csv_file, out)
        try:
            listed = reproduce.manifests(Artifacts(settings.artifacts), found)
        except ModelError as error:
            return _no(f"{found.name}@{found.version}: {error}", as_json)
        if listed is None:
            return _no(_why_none(found), as_json)
        if csv_file is not None:
            again = [reproduce.from_file(csv_file, found, one) for one in listed]
        elif found.project_id is not None:
            from ml_backend.texts.reader import Texts

            read = Texts(settings)
            again = [reproduce.from_store(conn, found, one, read) for one in listed]
        else:
            again = [reproduce.unchecked(found, one) for one in listed]
    if out is not None:
        _write(out, (row for one in again for row in reproduce.listed(one, part)), force=force)
    facts = _facts(found, again, checked=csv_file is not None or found.project_id is not None) | {
        "out": str(out) if out else None}
    echo(facts, as_json, _text)
    if facts["reproduced"] is False:
        raise Answer
    return None


def _check_call(found: ModelVersion, csv_file: Path | None, out: Path | None) -> None:
    if csv_file is not None and found.project_id is not None:
        raise click.UsageError(f"{found.name}@{found.version} was trained on project {found.project_id}, not on a "
                               "file.")
    if out is not None and csv_file is None and found.project_id is None:
        raise click.UsageError(f"{found.name}@{found.version} was trained on a file, and its texts are nowhere else: "
                               "give it with --csv FILE.")


def _why_none(found: ModelVersion) -> str:
    from cueloop.store.models import ELSEWHERE, OWN_CLASS

    name = f"{found.name}@{found.version}"
    if found.deleted_at is not None:
        return (f"{name}: its files were deleted, and with them the list of its data. Its card stays: "
                f"`cueloop models show {name}`.")
    if found.kind == ELSEWHERE:
        return f"{name} was not trained here: its predictions were pushed, and what it learned from is not known."
    if found.kind == OWN_CLASS:
        return f"{name} is a class of yours: its `fit` chose what it learned from, and there is no list of it."
    return (f"{name} was made before lists of data were kept: its card has their hash and cursor (`cueloop models show "
            f"{name}`), the data cannot be had again. Versions trained from now on have a list.")


def _no(why: str, as_json: bool) -> None:
    echo({"reproduced": False, "reason": why}, as_json, lambda facts: str(facts["reason"]))
    raise Answer


def _facts(found: ModelVersion, again: list[Again], *, checked: bool) -> dict[str, Any]:
    return {
        "model": found.name, "version": found.version, "project": found.project_id,
        "reproduced": all(one.whole for one in again) if checked else None,
        "controls": [{
            "control": one.manifest.control, "source": one.manifest.source, "cursor": one.manifest.cursor,
            "guideline_version": one.manifest.guideline_version,
            "examples": dict(sorted(Counter(row.part for row in one.manifest.rows).items())),
            "sha256": one.manifest.sha256("train"), "holdout_sha256": one.manifest.sha256("holdout"),
            "missing": dict(sorted(Counter(one.missing.values()).items())),
            "not_as_in_the_card": list(one.hashes_differ)} for one in again]}


def _text(facts: dict[str, Any]) -> str:
    lines = [f"{facts['model']}@{facts['version']}"]
    for one in facts["controls"]:
        counts = ", ".join(f"{count} {part}" for part, count in one["examples"].items()) or "no example"
        lines += [f"  {one['control']} of {one['source']}: {counts}; cursor {one['cursor'] or 'none'}",
                  f"    taught {one['sha256']}", f"    judged by {one['holdout_sha256']}"]
        lines += [f"    {count} cannot be had again: {why}" for why, count in one["missing"].items()]
        lines += [f"    {part}: not what the card has the hash of" for part in one["not_as_in_the_card"]]
    said = {True: "Every text is the one that was read.", False: "It cannot be had again as it was.",
            None: "Its texts are in the file that it was trained on: give it with --csv FILE."}[facts["reproduced"]]
    return "\n".join([*lines, f"{said} Written to {facts['out']}." if facts["out"] else said])


def _write(out: Path, rows: Iterable[dict[str, Any]], *, force: bool) -> None:
    from console.files import new_file

    with new_file(out, force=force) as file:
        if out.suffix == ".jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            return
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"shares": json.dumps(row["shares"]) if row["shares"] else ""})
