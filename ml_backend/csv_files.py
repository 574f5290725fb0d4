"""Reads CSV files of texts; errors name file, column and row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cueloop.errors import DataError
from ml_backend.data.duplicates import near_duplicates
from ml_backend.data.parts import Member, clusters
from ml_backend.dataset import APART, HOLDOUT, TRAIN, Dataset, Example, drawn, text_sha256
from ml_backend.policy.policy import Data

csv.field_size_limit(2**27)
Row = dict[str, str]
DEFAULTS = Data()


def rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """(row number, row) of a CSV file in UTF-8; the first row after the header is 1.

    Raises DataError when the file cannot be read, lacks one of `columns`, or a row has too few or too many fields.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = reader.fieldnames or []
            missing = [column for column in columns if column not in header]
            if missing:
                raise DataError(f"{path}: there is no column {', '.join(map(repr, missing))}. "
                                f"It has: {', '.join(header) or 'nothing, the file is empty'}.")
            for number, row in enumerate(reader, start=1):
                if None in row or None in row.values():
                    fewer = None in row.values()
                    column = next(name for name, value in row.items() if value is None) if fewer else header[-1]
                    raise DataError(f"{path}, row {number}, column {column!r}: the row has too "
                                    f"{'few' if fewer else 'many'} fields; {len(header)} are expected. Quote commas.")
                yield number, row
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}). Save it as UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}. Check its quotes.") from None


def dataset(path: Path, text: str, label: str, policy: Data = DEFAULTS) -> Dataset:
    """Training data from two columns. Near-duplicates, and rows of one source, are on the same side of the held-out
    split: a hash of the text that names their cluster decides, the same in whatever order the rows stand.

    Raises DataError for a row without text or label, or when the policy names a source that is no column.
    """
    source = [policy.source] if policy.source else []
    examples = []
    for number, row in rows(path, [text, label, *source]):
        for column in (text, label):
            if not row[column].strip():
                raise DataError(f"{path}, row {number}, column {column!r}: empty. Fill it or leave the row out.")
        examples.append(Example(key=number, identity=row[text], text=row[text], label=row[label], weight=1.0,
                                fields={column: row[column] for column in source if row[column]}))
    labels = tuple(sorted({e.label for e in examples}))
    return Dataset(control=label, to_name=text, field=text, labels=labels,
                   examples=tuple(_parted(examples, policy)), source=path.name, limit=policy.holdout)


def _parted(examples: Sequence[Example], policy: Data) -> list[Example]:
    """Examples with their part and cluster; other rows of the file matter only where they are alike."""
    members = [Member(key=at, text=e.text, draw=0.0, source=e.fields.get(policy.source or "") or None)
               for at, e in enumerate(examples)]
    most = int(policy.holdout * len(examples))
    groups = clusters(members, near_duplicates([e.text for e in examples], policy.duplicates), most)
    done = [replace(e, part=APART, cluster=text_sha256(e.text)) for e in examples]
    for group in groups:
        first = min((examples[at].text for at in group), key=text_sha256)
        held = drawn(first) < policy.holdout and (len(group) <= most or len(group) == 1)
        for at in group:
            done[at] = replace(examples[at], part=HOLDOUT if held else TRAIN, cluster=text_sha256(first))
    return done
