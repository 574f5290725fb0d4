"""The project of the year: people at work in Label Studio, the sync loop, a worker, and somebody at a terminal."""

from __future__ import annotations

import json
import random

import sqlalchemy as sa
from click.testing import CliRunner

from console.cli import main
from console.cli.sync import _steps
from cueloop import settings
from cueloop.label_studio import LabelStudio
from cueloop.queue import work
from cueloop.store import Store, models
from cueloop.store import schema as s
from sync.loop import once
from tests.ml_backend.conftest import CONFIG, LABELS
from tests.ml_backend.year.texts import NEXT, Letters
from tests.routing.team import hire

RULES = """version: 1
queues: {at_least: 100, at_most: 300}
rules:
  - {name: clear, when: score >= 0.98 and answers < 1, accept: {audit: 30%}}
  - {name: done, when: answers >= 1, stop: {}}
  - {name: first, when: answers < 1, ask: {n: 1}}
"""
POLICY = """version: 1
models: text-linear
train: {least_new: 10}
"""
MISTAKES = 0.03
"""Share of their answers that people who know what they do get wrong."""


class Company:
    """One project, three people, and all the machinery that a `cueloop up` has, run by hand."""

    def __init__(self, server, make, redis_url, home, clock, monkeypatch):
        self.clock, self.redis_url = clock, redis_url
        self.folder = home.home
        self.letters = Letters()
        self._random = random.Random(7)
        self.id = make(server, label_config=CONFIG)
        self.client = LabelStudio(server.url, server.admin_token)
        self.people = {person.id: person.client for person in hire(self.client, self.id, 3)}
        self.people[int(self.client.whoami()["id"])] = self.client     # whoever runs it labels, too
        self.truth, self.misled = {}, lambda task: False
        for name, value in {"CUELOOP_REDIS_URL": redis_url, "LABEL_STUDIO_URL": server.url,
                            "LABEL_STUDIO_API_KEY": server.admin_token}.items():
            monkeypatch.setenv(name, value)
        self.run("connect", "--project", self.id)
        self.apply("route", "apply", text=RULES)
        self.apply("training", "apply", text=POLICY)
        self.store = Store.open(settings.load().store_url)

    def run(self, *arguments, code=0):
        """A command, as a person types it; what it prints."""
        done = CliRunner().invoke(main, [str(a) for a in arguments])
        assert done.exit_code == code, done.output
        return done.output

    def facts(self, *arguments):
        """The same with --json."""
        return json.loads(self.run(*arguments, "--json"))

    def apply(self, *command, text):
        """A file is written and applied by that command."""
        file = self.folder / "file.txt"
        file.write_text(text)
        return self.run(*command, file)

    def new(self, texts):
        """Tasks arrive with these texts; their ids."""
        ids = self.client.import_tasks(self.id, [{"data": {"text": text}} for text in texts])
        self.truth |= {number: self.letters.truth[text] for number, text in zip(ids, texts, strict=True)}
        return ids

    def listen(self):
        """Two minutes pass, and the sync loop takes a round."""
        self.clock.later(minutes=2)
        [said] = once(settings.load(), self.store, self.client, steps=_steps())
        assert set(said.get("steps", {}).values()) == {"done"}, said

    def rounds(self, count=1):
        """The same so many times, each with a worker that works off what was queued."""
        for _ in range(count):
            self.listen()
            work(self.redis_url, burst=True)

    def asked(self):
        """(annotator, task's id) of all that people are asked now, what is most wanted first."""
        with self.store.read() as conn:
            return [(row.annotator_id, row.id) for row in conn.execute(
                sa.select(s.assignments.c.annotator_id, s.tasks.c.id)
                .join(s.tasks, s.tasks.c.key == s.assignments.c.task)
                .where(s.assignments.c.state == "open").order_by(s.assignments.c.key))]

    def answer(self, most, about=lambda task: True):
        """People answer so many of the tasks that they are asked; the loop listens whenever they wait for more."""
        left, idle = most, 0
        while left and idle < 3:
            asked = [(who, task) for who, task in self.asked() if about(task)][:left]
            for who, task in asked:
                self.people[who].annotate(task, self.result(self.says(task)), lead_time=6.0)
            left, idle = left - len(asked), 0 if asked else idle + 1
            if left:
                self.listen()
        return most - left

    def says(self, task):
        right = NEXT[self.truth[task]] if self.misled(task) else self.truth[task]
        wrong = self._random.random() < MISTAKES
        return self._random.choice([one for one in LABELS if one != right]) if wrong else right

    @staticmethod
    def result(label):
        return [{"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]

    def versions(self):
        """All versions, oldest first."""
        with self.store.read() as conn:
            return list(reversed(models.versions(conn)))

    def newest(self):
        """The version that was trained last."""
        return self.versions()[-1]

    def champion(self):
        """The version in service."""
        with self.store.read() as conn:
            return models.champion(conn, self.id)

    def rows(self, table, *where):
        """What stands in the store, oldest first."""
        with self.store.read() as conn:
            return conn.execute(sa.select(table).where(*where).order_by(*table.primary_key)).all()

    def trainings(self):
        """(state, why) of all training jobs."""
        return [(row.state, row.why) for row in self.rows(s.jobs, s.jobs.c.kind == "train")]

    def shown(self):
        """The version that Label Studio shows."""
        return self.client.project(self.id)["model_version"]

    def predicted(self, version):
        """Ids of the tasks that carry its prediction in Label Studio."""
        return self.client.ids_with_prediction(self.id, version)

    def close(self):
        """Everybody goes home."""
        for client in self.people.values():
            client.close()
        self.store.close()
