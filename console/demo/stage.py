"""The stage of the demo: everything running, a project with its people, rules, guideline, tasks and first queues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Self

import sqlalchemy as sa

from console.demo import people, settled
from console.demo.people import Account, Person
from console.demo.ratings import ANNOTATORS, Ratings
from console.demo.report import Ground
from console.parts.supervisor import Supervisor
from cueloop.label_config import parse
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store import schema as s
from cueloop.store.annotators import queue_name
from cueloop.types import Control

if TYPE_CHECKING:
    from routing.language.rules import Rules

TITLE = "Cueloop demo: film reviews"
AUTHOR = "cueloop demo"
"""Who put rules and guideline in force, in the audit log."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A project that is ready for its people. Closes its connections as a context manager."""

    settings: Settings
    store: Store
    admin: LabelStudio
    project_id: int
    control: Control
    ratings: Ratings
    accounts: Sequence[Account]
    tasks: Mapping[int, int]
    """Index of a sentence by Label Studio's id of the task."""

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close connection and store."""
        self.admin.close()
        self.store.close()

    @contextmanager
    def room(self) -> Iterator[list[Person]]:
        """Everybody with a connection of their own, closed at the end."""
        from routing.showing.queues import next_task_body

        with ExitStack() as stack:
            yield [Person(a.annotator, stack.enter_context(LabelStudio(self.admin.url, a.token)),
                          next_task_body(self.project_id, queue_name(a.id))) for a in self.accounts]

    def ground(self) -> Ground:
        """The store's keys and user ids, by the places in the ratings."""
        with self.store.read() as conn:
            rows = conn.execute(sa.select(s.tasks.c.key, s.tasks.c.id)
                                .where(s.tasks.c.project_id == self.project_id))
            keys = {row.key: self.tasks[row.id] for row in rows if row.id in self.tasks}
        return Ground(self.ratings, keys, {a.id: a.annotator for a in self.accounts})

    def at_rest(self, submitted: int) -> bool:
        """The loop has digested all answers, and no job runs."""
        with self.store.read() as conn:
            busy = settled.working(conn, self.project_id)
        return not busy and settled.seen(self.store, self.project_id, submitted)


def text(name: str) -> str:
    """A file of the demo: `project.xml`, `guideline.md`, `rules.yaml`."""
    return (files("console.demo") / name).read_text(encoding="utf-8")


def sign_up(supervisor: Supervisor, done: Callable[[int], None]) -> list[Account]:
    """The fifteen, as users of this Label Studio; `done` is told how many there are so far."""
    settings = supervisor.settings
    with _client(settings) as admin:
        return people.ensure(settings.home, admin, ANNOTATORS, done)


def set_up(settings: Settings, ratings: Ratings, accounts: Sequence[Account]) -> Stage:
    """Make the project, connect it, put rules and guideline in force, import the tasks with their first queues."""
    store, admin = Store.open(settings.store_url), _client(settings)
    try:
        project_id = int(admin.create_project(title=TITLE, label_config=text("project.xml"))["id"])
        _connect(settings, store, admin, project_id, accounts)
        held = _put_rules(store, project_id).queues.at_least
        _put_guideline(store, admin, project_id)
        tasks = _import(admin, project_id, ratings, accounts, held)
    except BaseException:
        admin.close()
        store.close()
        raise
    control = parse(text("project.xml")).modelled[0]
    return Stage(settings, store, admin, project_id, control, ratings, accounts, tasks)


def _client(settings: Settings) -> LabelStudio:
    return LabelStudio(settings.label_studio_url, settings.label_studio_api_key.get_secret_value())


def _connect(settings: Settings, store: Store, admin: LabelStudio, project_id: int,
             accounts: Sequence[Account]) -> None:
    from console.connect import connect

    # A pilot: only the fifteen are asked, not the admin, nor whoever else uses this Label Studio.
    connect(settings, store, admin, project_id, pilot=[account.email for account in accounts])


def _import(admin: LabelStudio, project_id: int, ratings: Ratings, accounts: Sequence[Account],
            held: int) -> dict[int, int]:
    """Import all sentences, `held` of them in each queue already; index of each by its task's id."""
    from routing.showing.queues import initial_cue

    size, queues = len(ratings.texts), [queue_name(account.id) for account in accounts]
    cues = initial_cue(size, queues, hold=held)
    ids = admin.import_tasks(project_id, [
        {"data": {"text": sentence, "number": number} | cue}
        for number, (sentence, cue) in enumerate(zip(ratings.texts, cues, strict=True))])
    return {task: index for index, task in enumerate(ids)}


def _put_rules(store: Store, project_id: int) -> Rules:
    from routing import context
    from routing.language import rules

    found = rules.parse(text("rules.yaml"), "console/demo/rules.yaml")
    with store.write() as conn:
        context.put_in_force(conn, project_id, found, AUTHOR)
    return found


def _put_guideline(store: Store, admin: LabelStudio, project_id: int) -> None:
    from guidelines import push, versions

    versions.add(store, project_id, text("guideline.md"), author=AUTHOR, note="the first")
    push.push(store, admin, project_id)
