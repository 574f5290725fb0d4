"""A small team at a Label Studio, and a store that follows it: what the tests of sync begin with."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators, projects, schema
from cueloop.store.columns import now
from sync.pull import Pulled, pull
from sync.sweep import sweep

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="sentiment" toName="text" choice="single">
<Choice value="negative"/><Choice value="neutral"/><Choice value="positive"/>
</Choices></View>"""

OURS = {"key", "seen_at", "swept_at", "task", "connected_at"}
"""Columns that tell when we did something, or in which order: they may differ between two ways to the same state."""

_tokens: weakref.WeakKeyDictionary[Any, dict[str, tuple[int, str]]] = weakref.WeakKeyDictionary()


def choice(label: str, **fields: Any) -> list[dict[str, Any]]:
    """An annotation's result that chooses `label`."""
    return [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": [label]}, **fields}]


@dataclass
class Team:
    """A project at `server` with people in it, and the store that Cueloop keeps of it."""

    server: Any
    store: Store
    project: int
    admin: LabelStudio
    people: dict[str, LabelStudio] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def person(self, name: str) -> LabelStudio:
        """Label Studio as this person sees it. They sign up once per server."""
        if name not in self.people:
            known = _tokens.setdefault(self.server, {})
            if name not in known:
                with self.admin.sign_up(f"{name}@example.com", "Correct-Horse-1", name.title(), "Tester") as session:
                    known[name] = int(session.whoami()["id"]), session.token()
            self.ids[name], token = known[name]
            self.people[name] = LabelStudio(self.server.url, token)
        return self.people[name]

    def connect(self) -> None:
        """What `cueloop connect` writes into the store."""
        with self.store.write() as conn:
            projects.put(conn, self.project, title="Test project", label_config=CONFIG, mode="connected",
                         connected_at=now() - timedelta(minutes=1))

    def tasks(self) -> list[int]:
        """Ids of the project's tasks."""
        return [int(row["id"]) for row in self.admin.all_ids(self.project)]

    def pull(self, **options: Any) -> Pulled:
        """Pull without pauses."""
        return pull(self.store, self.admin, self.project, **{"pause": None, **options})

    def sweep(self) -> Pulled:
        """Sweep once."""
        return sweep(self.store, self.admin, self.project)

    def labels(self) -> set[tuple[int, str, str]]:
        """The answers that count: (task id, person, label)."""
        names = {number: name for name, number in self.ids.items()}
        query = sa.select(schema.tasks.c.id, schema.answers.c.annotator_id, schema.answers.c.label).join(
            schema.tasks, schema.tasks.c.key == schema.answers.c.task)
        return {(row[0], names.get(row[1], str(row[1])), row[2]) for row in self.read(query)}

    def read(self, query: sa.Select[Any]) -> list[Any]:
        """Rows of the store."""
        with self.store.read() as conn:
            return list(conn.execute(query))

    def one(self, table: sa.Table) -> Any:
        """The only row of a table."""
        (row,) = self.read(sa.select(table))
        return row

    def state(self) -> dict[str, list[str]]:
        """All that the store holds, without our own clock and numbering."""
        names = ("projects", "tasks", "task_versions", "annotations", "annotation_versions", "answers", "drafts",
                 "annotators", "consensus", "performance", "routes")
        with self.store.read() as conn:
            ids: dict[int, int] = dict(conn.execute(sa.select(schema.tasks.c.key, schema.tasks.c.id)).all())
            return {name: sorted(_plain(row, ids) for row in conn.execute(sa.select(schema.metadata.tables[name])))
                    for name in names}

    def make_machine(self, user_id: int) -> None:
        """This account is the machine's."""
        with self.store.write() as conn:
            annotators.put(conn, [{"id": user_id, "email": "m", "username": "m"}], kind="machine")

    def close(self) -> None:
        """Close all connections."""
        for client in (self.admin, *self.people.values()):
            client.close()


def team_maker(store: Store, project_factory: Callable[..., int], made: list[Team]) -> Callable[..., Team]:
    """`make(server, texts=3, …)`: a connected project with that many tasks."""
    def make(server: Any, texts: int = 3, *, connected: bool = True, **fields: Any) -> Team:
        data = [{"text": f"text {number}", "number": number} for number in range(texts)]
        project = project_factory(server, tasks=data, label_config=CONFIG, **fields)
        team = Team(server, store, project, LabelStudio(server.url, server.admin_token))
        made.append(team)
        if connected:
            team.connect()
        return team

    return make


def _plain(row: sa.Row[Any], ids: dict[int, int]) -> str:
    values = {name: value for name, value in row._mapping.items() if name not in OURS and name != "updated_at"}
    for name in ("updated_at", "deleted_at"):
        if name in row._mapping:
            ours = "unique_id" not in row._mapping and "created_at" not in row._mapping
            values[name] = (row._mapping[name] is not None) if name == "deleted_at" or ours else row._mapping[name]
    if "task" in row._mapping:
        values["task_id"] = ids[row._mapping["task"]]
    return repr(sorted((name, _rounded(value)) for name, value in values.items()))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in sorted(value.items())}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
