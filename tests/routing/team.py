"""A small team at work on a Label Studio project that the router looks after, as the sync loop would run it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators, assignments, models, predictions, projects, routes
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from cueloop.store.schema import tasks
from routing import context
from routing.language import rules
from routing.route import route
from routing.showing.publish import Published, publish
from routing.showing.queues import next_task_body
from sync import quality
from sync.pull import pull

LABELS = ("negative", "neutral", "positive")

RULES = """
version: 1
rules:
  - {name: clear, when: score >= 0.95, accept: {audit: 0%}}
  - {name: sure, when: answers >= 2 and disagreement < 0.4, stop: {}}
  - {name: first-pass, when: answers < 2, ask: {n: 2}}
  - {name: torn, when: answers >= 2 and disagreement >= 0.4, ask: {n: 1, expertise: likeliest_two, max: 4}}
"""


def choice(label: str) -> list[dict[str, Any]]:
    """A Label Studio result that chooses a label."""
    return [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]


@dataclass
class Person:
    """An annotator who works through their queue link."""

    id: int
    email: str
    queue: str
    project: int
    client: LabelStudio
    token: str

    def next(self) -> dict[str, Any] | None:
        """What their label stream would show next."""
        return self.client.next_task(self.project, next_task_body(self.project, self.queue))

    def answer(self, task_id: int, label: str, lead_time: float = 5.0) -> None:
        """Submit an answer."""
        self.client.annotate(task_id, choice(label), lead_time=lead_time)

    def skip(self, task_id: int) -> None:
        """Skip a task."""
        self.client.annotate(task_id, [], was_cancelled=True)


@dataclass
class Team:
    """A project, its people, and the store of the Cueloop that looks after it."""

    store: Store
    admin: LabelStudio
    project: int
    people: list[Person] = field(default_factory=list)
    machine_token: str = ""

    def round(self, *, seconds: float = 60.0) -> Published:
        """One round of the sync loop: pull, quality, route, publish."""
        changed = pull(self.store, self.admin, self.project).changed
        quality.step(self.store, self.admin, self.project, changed)
        route(self.store, self.project, None)
        return publish(self.store, self.admin, self.project, machine_token=self.machine_token, seconds=seconds)

    def only_these(self) -> None:
        """Make the project a pilot of these people: nobody else of the server is asked."""
        row = self.admin.project(self.project)
        with self.store.write() as conn:
            projects.put(conn, self.project, title=row["title"], label_config=row["label_config"], mode="pilot",
                         connected_at=now(), pilot={"annotators": [p.email for p in self.people]})

    def apply(self, text: str) -> None:
        """Put rules in force."""
        with self.store.write() as conn:
            context.put_in_force(conn, self.project, rules.parse(text), "test")

    def predict(self, guesses: dict[int, tuple[str, float]], version: str = "v1") -> None:
        """A champion that says of tasks (Label Studio's ids) what it thinks; pushed where tasks are not blind."""
        name, rows = f"project-{self.project}", []
        with self.store.write() as conn:
            if models.get(conn, name, version) is None:
                models.insert(conn, ModelVersion(name, version, self.project, "test", "nowhere", {}, {}, now()))
            models.set_alias(conn, name, "champion", version)
            known = conn.execute(sa.select(tasks.c.id, tasks.c.key).where(tasks.c.project_id == self.project))
            keys = {row.id: row.key for row in known}
            for number, (label, score) in guesses.items():
                rest = {other: (1 - score) / 2 for other in LABELS if other != label}
                rows.append(Prediction(self.project, keys[number], "sentiment", name, version, label, score,
                                       {label: score, **rest}, True, now()))
            predictions.write(conn, rows)
        route(self.store, self.project)
        self.push(guesses, version)

    def push(self, guesses: dict[int, tuple[str, float]], version: str) -> None:
        """What the ML backend does after it predicted: push all but the blind ones."""
        with self.store.read() as conn:
            rows = conn.execute(sa.select(tasks.c.id, tasks.c.key, tasks.c.blind).where(
                tasks.c.project_id == self.project, tasks.c.id.in_(list(guesses)))).all()
        seeing = [row for row in rows if not row.blind]
        self.admin.import_predictions(self.project, [
            {"task": row.id, "result": choice(guesses[row.id][0]), "score": guesses[row.id][1],
             "model_version": version} for row in seeing])
        with self.store.write() as conn:
            predictions.mark_pushed(conn, f"project-{self.project}", version, [row.key for row in seeing])

    def shown(self, task_id: int) -> dict[str, Any]:
        """A task as Label Studio shows it."""
        return self.admin.task_data(self.project, [task_id])[0]

    def key(self, task_id: int) -> int:
        """Our key of a task."""
        with self.store.read() as conn:
            return int(conn.scalar(sa.select(tasks.c.key).where(
                tasks.c.project_id == self.project, tasks.c.id == task_id)) or 0)

    def route(self, task_id: int) -> routes.Route:
        """Where a task stands."""
        with self.store.read() as conn:
            key = self.key(task_id)
            return routes.of_tasks(conn, [key])[key]

    def asked(self, task_id: int) -> list[int]:
        """Ids of those who are being asked about a task."""
        with self.store.read() as conn:
            key = self.key(task_id)
            return [a.annotator_id for a in assignments.of_tasks(conn, [key]).get(key, []) if a.state == "open"]

    @property
    def ids(self) -> list[int]:
        """Label Studio's ids of the tasks."""
        return [int(row["id"]) for row in self.admin.all_ids(self.project)]

    def person(self, annotator: int) -> Person:
        """The person with this id."""
        return next(p for p in self.people if p.id == annotator)


def hire(admin: LabelStudio, project: int, count: int) -> list[Person]:
    """Sign people up in Label Studio."""
    people = []
    for number in range(count):
        with admin.sign_up(f"p{number}.{time.time_ns()}@example.com", "a good password", "Pat", str(number)) as session:
            me, token = session.whoami(), session.token()
        people.append(Person(int(me["id"]), str(me["email"]), annotators.queue_name(int(me["id"])), project,
                             LabelStudio(admin.url, token), token))
    return people


def assemble(store: Store, server: Any, project: int, count: int) -> Team:
    """Connect a project, as `cueloop connect` would, with `count` people and a machine's account."""
    admin = LabelStudio(server.url, server.admin_token)
    people = hire(admin, project, count)
    machine = hire(admin, project, 1)[0]
    machine.client.close()
    row = admin.project(project)
    with store.write() as conn:
        annotators.put(conn, [{"id": p.id, "email": p.email, "first_name": "Pat"} for p in people])
        annotators.put(conn, [{"id": machine.id, "email": machine.email}], kind=annotators.MACHINE)
        projects.put(conn, project, title=row["title"], label_config=row["label_config"], mode="connected",
                     connected_at=now())
    return Team(store, admin, project, people, machine.token)


def patches(fake: Any, task: int) -> int:
    """How often a task was written."""
    return fake.faults.calls.count(("PATCH", f"/api/tasks/{task}/"))


def answer_everything(team: Team, label: str = "positive", skip: tuple[int, ...] = ()) -> None:
    """Everybody answers what they are asked, except about the tasks in `skip`."""
    for task in team.ids:
        if task not in skip:
            for person in team.asked(task):
                team.person(person).answer(task, label)
