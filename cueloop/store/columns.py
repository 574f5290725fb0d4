"""Column types of the store that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, overload

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import JSONB


class Utc(sa.types.TypeDecorator[datetime]):
    """A moment: always aware, always UTC. SQLite keeps no zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """To the database, in UTC. Raises ValueError for a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """From the database, with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(sa.types.TypeDecorator[Any]):
    """A JSON document; JSONB where there is one. Python None is stored as SQL NULL."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """JSONB on PostgreSQL, JSON text elsewhere."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.JSON(none_as_null=True))


@dataclass(frozen=True, slots=True, eq=False)
class JsonRows(Sequence[dict[str, float] | None]):
    """n JSON objects with the same K keys and finite numbers (n, K); None where `here` (n,) says that there is none.

    Objects are made when they are asked for, and their texts together: far quicker than one after the other.
    """

    keys: tuple[str, ...]
    numbers: NDArray[np.float64]
    here: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> dict[str, float] | None: ...

    @overload
    def __getitem__(self, at: slice) -> JsonRows: ...

    def __getitem__(self, at: int | slice) -> dict[str, float] | JsonRows | None:
        if isinstance(at, slice):
            return JsonRows(self.keys, self.numbers[at], None if self.here is None else self.here[at])
        gone = self.here is not None and not self.here[at]
        return None if gone else dict(zip(self.keys, self.numbers[at].tolist(), strict=True))

    def texts(self) -> list[str | None]:
        """Each as `json.dumps` writes it."""
        form = "{" + ", ".join(json.dumps(key).replace("%", "%%") + ": %r" for key in self.keys) + "}"
        here = [True] * len(self) if self.here is None else self.here.tolist()
        return [form % tuple(row) if one else None for row, one in zip(self.numbers.tolist(), here, strict=True)]


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)
