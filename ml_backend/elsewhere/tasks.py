"""Which task of a project a record is about: by Label Studio's id, or by a field of the task's data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cueloop.store.schema import tasks
from ml_backend.elsewhere.wrong import Wrong

DELETED, COPY, SEVERAL = -1, -2, -3
"""In place of a key: it is deleted; it is a hidden copy of another task; several tasks have that value."""


class Tasks:
    """The tasks of a project by what names them: one small entry a task, whatever its data."""

    def __init__(self, conn: sa.Connection, project_id: int, match: str | None = None) -> None:
        """Read from the store; `match` is the field of the data that names a task, None its id."""
        self._match = match
        self._project = project_id
        self._found: dict[int | bytes, int] = {}
        columns = [tasks.c.key, tasks.c.id, tasks.c.deleted_at, tasks.c.copy_of]
        query = sa.select(*columns, *([tasks.c.data] if match else [])).where(tasks.c.project_id == project_id)
        for row in conn.execute(query.order_by(tasks.c.key).execution_options(yield_per=1000)):
            name = _print(row.data.get(match)) if match else row.id
            if name is None:
                continue
            state = DELETED if row.deleted_at is not None else COPY if row.copy_of is not None else row.key
            before = self._found.get(name, DELETED)
            if match and state > 0 and before > 0:
                state = SEVERAL
            if (state != DELETED and (state != COPY or before == DELETED)) or name not in self._found:
                self._found[name] = state

    def key(self, record: Mapping[str, Any]) -> int:
        """The key of the task that a record is about. Raises Wrong, which names the field."""
        name, shown = self._named(record)
        found = self._found.get(name) if name is not None else None
        if found is None:
            raise Wrong(f"{shown} is no task of project {self._project}")
        if found == DELETED:
            raise Wrong(f"{shown} was deleted in Label Studio")
        if found == COPY:
            raise Wrong(f"{shown} is a hidden copy of another task: predict the original")
        if found == SEVERAL:
            raise Wrong(f"{shown} belongs to several tasks: match another field, or use their ids")
        return found

    def _named(self, record: Mapping[str, Any]) -> tuple[int | bytes | None, str]:
        if self._match:
            given = record.get(self._match, record.get("key"))
            if given is None and isinstance(record.get("data"), dict):
                given = record["data"].get(self._match)
            if given is None:
                raise Wrong(f"`{self._match}` is missing: it names the task (--match)")
            return _print(given), f"`{self._match}` {_short(given)}"
        given = record.get("task")
        if isinstance(given, dict):
            given = given.get("id")
        if given is None:
            given = record.get("id")
        if given is None:
            raise Wrong("`task` is missing: Label Studio's id of the task; or name a field of its data with --match")
        if isinstance(given, str) and given.strip().isdecimal() and len(given) < 19:
            given = int(given)
        if isinstance(given, bool) or not isinstance(given, int):
            raise Wrong(f"`task` is {_short(given)}, not Label Studio's id of a task")
        return given, f"`task` {given}"


def _print(value: Any) -> bytes | None:
    """A value of a field as 16 bytes; numbers and their texts are the same. None: it names nothing."""
    if value is None or isinstance(value, (dict, list, bool)) or value == "":
        return None
    return hashlib.blake2b(str(value).encode(errors="surrogatepass"), digest_size=16).digest()


def _short(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "..."
