"""Reads CSV files of texts; errors name file, column and row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from cueloop.errors import DataError
from ml_backend.dataset import Dataset, Example

csv.field_size_limit(2**27)
Row = dict[str, str]


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


def dataset(path: Path, text: str, label: str) -> Dataset:
    """Training data from two columns. The same text is always on the same side of the held-out split.

    Raises DataError for a row without text or label.
    """
    examples = []
    for number, row in rows(path, [text, label]):
        for column in (text, label):
            if not row[column].strip():
                raise DataError(f"{path}, row {number}, column {column!r}: empty. Fill it or leave the row out.")
        examples.append(Example(key=number, identity=row[text], text=row[text], label=row[label], weight=1.0))
    labels = tuple(sorted({e.label for e in examples}))
    return Dataset(control=label, to_name=text, field=text, labels=labels, examples=tuple(examples), source=path.name)
