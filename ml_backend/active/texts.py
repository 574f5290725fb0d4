"""Texts of tasks, for comparing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.texts.reader import Read


@dataclass(frozen=True, slots=True)
class Field:
    """The field that a control shows, of any task."""

    conn: sa.Connection
    control: Control
    read: Read

    def texts(self, keys: Sequence[int]) -> list[str]:
        """Text of each task, in this order; empty where it has none."""
        if not self.control.value:
            return [""] * len(keys)
        found: dict[int, object] = {}
        for some in chunks(keys):
            found |= {row.key: row.data.get(self.control.value) for row in self.conn.execute(
                sa.select(tasks.c.key, tasks.c.data).where(tasks.c.key.in_(some)))}
        return [text or "" for text in self.read(self.control, [found.get(key) for key in keys])]
