"""The manifest of a version's data: which examples it was taught with and judged by, without their texts.

It is a file of the version, `FILE`: lines of JSON, packed. For each control one line about the dataset and one for each
example, in the order in which they were learned. The card has the hashes of what was taught and of what judged.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from cueloop.errors import ModelError
from ml_backend.dataset import HOLDOUT, TRAIN, Dataset, Example, text_sha256

FILE = "data.jsonl.gz"
"""File of a version that lists its examples."""
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One example, without its text."""

    key: int
    identity: str | None
    """What names the task for good; None: of a file, where it would be the text."""
    sha256: str
    """Hash of the text as it was read."""
    label: str
    weight: float
    part: str
    cluster: str
    blind: bool
    shares: tuple[float, ...] | None = None


ROW = tuple(field.name for field in fields(Row))
"""`asdict` would copy every value of 100,000 rows."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All examples of one control."""

    control: str
    to_name: str
    field: str
    labels: tuple[str, ...]
    source: str
    cursor: str | None
    guideline_version: int | None
    rows: tuple[Row, ...]

    def sha256(self, part: str) -> str:
        """Hash of the examples of a part, whatever their order: of whatever is learned or judges, and of what it is
        about."""
        rows = sorted(json.dumps([row.identity, row.sha256, row.label, row.weight, row.shares])
                      for row in self.rows if row.part == part)
        head = json.dumps([self.control, self.field, *self.labels])
        return hashlib.sha256("\n".join([head, *rows]).encode()).hexdigest()


def of(data: Dataset) -> Manifest:
    """The manifest of a dataset."""
    return Manifest(
        control=data.control, to_name=data.to_name, field=data.field, labels=data.labels, source=data.source,
        cursor=data.cursor.isoformat() if data.cursor else None, guideline_version=data.guideline_version,
        rows=tuple(Row(key=e.key, identity=None if e.identity == e.text else e.identity, sha256=text_sha256(e.text),
                       label=e.label, weight=e.weight, part=data.part_of(e), cluster=e.cluster, blind=e.blind,
                       shares=e.shares) for e in data.examples))


def card(data: Dataset) -> dict[str, Any]:
    """What a card tells of a control's data: hash and cursor of what was taught and of what judged, and how many."""
    manifest = of(data)
    counts = Counter(row.part for row in manifest.rows)
    return {"sha256": manifest.sha256(TRAIN), "cursor": manifest.cursor, "counts": dict(sorted(counts.items())),
            "holdout_sha256": manifest.sha256(HOLDOUT), "clusters": len({row.cluster or row for row in manifest.rows})}


def pack(data: Sequence[Dataset]) -> dict[str, bytes]:
    """Files of a version that list its examples; the same data give the same bytes."""
    lines = []
    for one in map(of, data):
        head = asdict(replace(one, rows=())) | {"format": FORMAT, "examples": len(one.rows)}
        del head["rows"]
        lines += [json.dumps(head), *(json.dumps({name: getattr(row, name) for name in ROW}) for row in one.rows)]
    return {FILE: gzip.compress("\n".join(lines).encode(), compresslevel=6, mtime=0)}


def unpack(files: Mapping[str, bytes]) -> list[Manifest]:
    """What `pack` wrote. Raises ModelError when it cannot be read."""
    try:
        lines = iter(gzip.decompress(files[FILE]).decode().splitlines())
        found = [_manifest(json.loads(line), lines) for line in lines]
        if not found:
            raise ValueError("it is empty")
        return found
    except (KeyError, TypeError, ValueError, OSError, EOFError, StopIteration, RuntimeError) as error:
        raise ModelError(f"{FILE} of this model cannot be read: {type(error).__name__}: {error}. Restore it from a "
                         "backup.") from None


def dataset(manifest: Manifest, texts: Mapping[int, str]) -> Dataset:
    """The dataset that a manifest is of, with the texts of its rows, by key: trained again it gives the same model.

    Rows whose text is missing are left out. The values of fields are not kept.
    """
    examples = tuple(
        Example(key=row.key, identity=row.identity or texts[row.key], text=texts[row.key], label=row.label,
                weight=row.weight, blind=row.blind, shares=row.shares, part=row.part, cluster=row.cluster)
        for row in manifest.rows if row.key in texts)
    return Dataset(
        control=manifest.control, to_name=manifest.to_name, field=manifest.field, labels=manifest.labels,
        examples=examples, source=manifest.source, guideline_version=manifest.guideline_version,
        cursor=datetime.fromisoformat(manifest.cursor) if manifest.cursor else None)


def _manifest(head: dict[str, Any], lines: Iterable[str]) -> Manifest:
    if head.pop("format") != FORMAT:
        raise ValueError("it was written by another Cueloop")
    rest = iter(lines)
    rows = tuple(_row(json.loads(next(rest))) for _ in range(head.pop("examples")))
    return Manifest(**head | {"labels": tuple(head["labels"]), "rows": rows})


def _row(row: dict[str, Any]) -> Row:
    return Row(**row | {"shares": None if row["shares"] is None else tuple(row["shares"])})
