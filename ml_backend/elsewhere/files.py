"""Reads prediction files one record at a time, so that a long file costs no memory: JSON Lines, JSON and CSV."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from cueloop.errors import DataError

SUFFIXES = (".jsonl", ".json", ".csv")
BLOCK = 1 << 16
"""Characters of a JSON list that are read at a time."""
LARGEST = 1 << 24
"""Characters of the longest record."""
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: where it stands and what it holds, or why it cannot be read."""

    where: str
    """`line 12` or `item 12`."""
    fields: dict[str, Any] | None
    problem: str | None = None


def records(path: Path) -> Iterator[Record]:
    """The records of a file, in order. One that cannot be read has its `problem`, and the next ones follow.

    Raises DataError when the file as a whole cannot be read.
    """
    readers = {".jsonl": _jsonl, ".json": _json, ".csv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: predictions are read from {', '.join(SUFFIXES)} files.")
    _regular(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from reader(path, file)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    except csv.Error as error:
        raise DataError(f"{path}: {error}. Check its quotes.") from None


def sha256(path: Path) -> str:
    """Hash of a file's content."""
    digest = hashlib.sha256()
    _regular(path)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    return digest.hexdigest()


def _regular(path: Path) -> None:
    """It is read twice: pipes cannot be, and some never end."""
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: no regular file. Write the predictions into a file first.")


def _jsonl(_: Path, file: IO[str]) -> Iterator[Record]:
    for number, line in enumerate(iter(partial(file.readline, LARGEST), ""), 1):
        if len(line) == LARGEST and not line.endswith("\n"):
            raise DataError(f"{file.name}, line {number}: longer than {LARGEST} characters.")
        if line.strip():
            try:
                yield _record(f"line {number}", json.loads(line))
            except (ValueError, RecursionError) as error:
                column = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
                yield Record(f"line {number}{column}", None, "not well-formed JSON")


def _json(path: Path, file: IO[str]) -> Iterator[Record]:
    """The objects of a JSON list, decoded one after the other. What follows a fault cannot be read."""
    buffer, number, started = "", 0, False
    while True:
        block = file.read(BLOCK)
        buffer += block
        if not started:
            buffer = buffer.lstrip()
            if not buffer and block:
                continue
            if not buffer.startswith("["):
                raise DataError(f"{path}: expected a list of predictions: [{{...}}, ...].")
            buffer, started = buffer[1:], True
        while True:
            buffer = buffer.lstrip()
            if buffer.startswith("]"):
                return
            if number and buffer and buffer[0] not in ",":
                raise DataError(f"{path}: not well-formed JSON after item {number}: a comma or ] is missing.")
            ahead = buffer[1:].lstrip() if number else buffer
            try:
                found, end = _DECODER.raw_decode(ahead)
            except (ValueError, RecursionError):
                break  # it may go on in the next block
            number += 1
            yield _record(f"item {number}", found)
            buffer = ahead[end:]
        if not block or len(buffer) > LARGEST:
            raise DataError(f"{path}: not well-formed JSON in or after item {number + 1}.")


def _csv(path: Path, file: IO[str]) -> Iterator[Record]:
    reader = csv.DictReader(file, strict=True)
    header = reader.fieldnames or []
    if not header:
        raise DataError(f"{path}: the file is empty; its first line names the columns, e.g. task,label,score.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}: column {', '.join(twice)} occurs twice.")
    for row in reader:
        where = f"line {reader.line_num}"
        if None in row or None in row.values():
            yield Record(where, None, f"not the {len(header)} fields of the header")
        else:
            yield Record(where, dict(row))


def _record(where: str, found: Any) -> Record:
    if isinstance(found, dict):
        return Record(where, found)
    return Record(where, None, f"expected an object, found {type(found).__name__}")
