"""The files that `cueloop quality --out` writes for one control."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from console.files import new_file
from sync.kinds import REGIONS

ANNOTATOR_COLUMNS = ("annotator", "answers", "accuracy", "low", "high", "median_lead_time")
CONSENSUS_COLUMNS = ("task", "label", "probability", "answers", "effective", "wrong")


def write(folder: Path, kind: str, facts: dict[str, Any], consensus: list[dict[str, Any]],
          history: dict[str, Any] | None) -> list[str]:
    """Write everything into `folder`, replacing what is there; the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [write_consensus(folder, kind, consensus)]
    records = facts["annotators"]
    labels = list(dict.fromkeys(label for record in records for label in record["by_label"]))
    _csv(folder / "annotators.csv", [
        {**record, **{f"accuracy:{label}": value for label, value in record["by_label"].items()}}
        for record in records], (*ANNOTATOR_COLUMNS, *(f"accuracy:{label}" for label in labels), "reason"))
    _json(folder / "agreement.json", facts["agreement"])
    _json(folder / "scorecards.json", {str(r["annotator"]): r.get("card") or {"shown": False, "reason": r["reason"]}
                                       for r in records if r.get("card") or r.get("reason")})
    names += ["annotators.csv", "agreement.json", "scorecards.json"]
    if history is not None:
        _json(folder / "history.json", history)
        names.append("history.json")
    return names


def write_consensus(folder: Path, kind: str, records: list[dict[str, Any]]) -> str:
    """Regions go to JSON lines, everything else to CSV, structured values as JSON in a column of their own."""
    if kind in REGIONS:
        with new_file(folder / "consensus.jsonl", force=True) as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        return "consensus.jsonl"
    valued = any("value" in record for record in records)
    rows = [{**r, "value": json.dumps(r["value"], ensure_ascii=False)} if "value" in r else r for r in records]
    _csv(folder / "consensus.csv", rows, (*CONSENSUS_COLUMNS, "value") if valued else CONSENSUS_COLUMNS)
    return "consensus.csv"


def _csv(path: Path, records: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    with new_file(path, force=True) as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def _json(path: Path, facts: dict[str, Any]) -> None:
    with new_file(path, force=True) as file:
        file.write(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n")
