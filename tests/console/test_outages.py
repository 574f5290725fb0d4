"""What people at work notice when parts of Cueloop are down: nothing. On a real Label Studio, with real processes."""

import time
from secrets import token_hex

import pytest
import sqlalchemy as sa

from console.connect import connect
from console.parts import ports
from console.parts.supervisor import Supervisor
from cueloop.label_config import parse, to_result
from cueloop.label_studio import LabelStudio
from cueloop.store import Store
from cueloop.store import schema as s
from cueloop.store.annotators import queue_name
from routing import context
from routing.language import rules
from routing.showing.queues import next_task_body
from tests.conftest import SENTIMENT

RULES = """version: 1
queues: {at_least: 3, at_most: 6}
rules:
  - {name: done, when: answers >= 2, stop: {}}
  - {name: two, when: answers < 2, ask: {n: 1, max: 2}}
"""
CONTROL = parse(SENTIMENT).modelled[0]
TASKS, PEOPLE = 20, 3
PATIENCE = 5.0
"""Longest that a person waits for Label Studio in this test, in seconds."""


class Annotator:
    """Somebody who works through their queue link and always finds the text neutral."""

    def __init__(self, admin, project):
        email, password = f"{token_hex(6)}@people.example", token_hex(8)
        session = admin.sign_up(email, password, "Some", "One")
        self.id, self.email, self.slowest = int(session.whoami()["id"]), email, 0.0
        self.client, self.body = LabelStudio(admin.url, session.token()), next_task_body(project, queue_name(self.id))
        session.close()

    def work(self):
        """Answer one task of the queue; gives its id, or None when there is none."""
        began = time.monotonic()
        task = self.client.next_task(int(self.body["project"]), self.body)
        if task is not None:
            self.client.annotate(int(task["id"]), to_result(CONTROL, "neutral"))
        self.slowest = max(self.slowest, time.monotonic() - began)
        return None if task is None else int(task["id"])


class Books:
    """What the store of a home knows of a project."""

    def __init__(self, settings, project):
        self.store, self.project = Store.open(settings.store_url), project

    def count(self, table, *where):
        query = sa.select(sa.func.count()).select_from(table).where(table.c.project_id == self.project, *where)
        with self.store.read() as conn:
            return conn.execute(query).scalar_one()

    def asked(self):
        """Whether everybody has open questions: tasks are judged first, then people are asked."""
        with self.store.read() as conn:
            return len(set(conn.scalars(sa.select(s.assignments.c.annotator_id).where(
                s.assignments.c.project_id == self.project, s.assignments.c.state == "open")))) == PEOPLE

    def caught_up(self, answers, seconds=40.0):
        """Wait until every answer is pulled, judged and routed, and Label Studio shows what was decided."""
        end = time.monotonic() + seconds
        while not (self.count(s.answers) == answers and self.count(s.routes) == TASKS and self.asked()
                   and self.count(s.routes, s.routes.c.dirty) == 0):
            assert time.monotonic() < end, (self.count(s.answers), answers, self.count(s.routes, s.routes.c.dirty))
            time.sleep(0.1)


@pytest.fixture
def team(home, label_studio, project_factory, monkeypatch):
    """A home that works with the Label Studio of the tests, a project, and three people."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.admin_token)
    project = project_factory(label_studio, tasks=[{"text": f"Sentence {n}."} for n in range(TASKS)])
    with LabelStudio(label_studio.url, label_studio.admin_token) as admin:
        people = [Annotator(admin, project) for _ in range(PEOPLE)]
        yield home, project, admin, people
        for person in people:
            person.client.close()


@pytest.mark.label_studio
def test_outages_stop_nobody_and_everything_resumes(team, monkeypatch):
    home, project, admin, people = team
    done = 0
    # given a Redis that is dead from the start
    monkeypatch.setenv("CUELOOP_REDIS_URL", f"redis://127.0.0.1:{ports.free()}/0")
    said = []
    with Supervisor(home.home, progress=said.append) as supervisor:
        assert "Jobs wait until your Redis answers" in "\n".join(said)
        books = Books(supervisor.settings, project)
        connect(supervisor.settings, books.store, admin, project, pilot=[p.email for p in people])
        with books.store.write() as conn:
            context.put_in_force(conn, project, rules.parse(RULES, "rules.yaml"), "test")
        books.caught_up(0)
        # when people work
        for _ in range(2):
            for person in people:
                assert person.work() is not None
                done += 1
            books.caught_up(done)
        # then pull, consensus and routing went on without it
        assert books.count(s.consensus) > 0
        assert books.count(s.decisions) > 0
        books.store.close()

    # given that everything of ours is down, the ML backend too: the queues still hold work for everybody
    meanwhile = {person.id: 0 for person in people}
    for _ in range(2):
        for person in people:
            meanwhile[person.id] += person.work() is not None
    assert min(meanwhile.values()) >= 1
    done += sum(meanwhile.values())

    # when Cueloop is started again, with a Redis this time
    monkeypatch.delenv("CUELOOP_REDIS_URL")
    with Supervisor(home.home) as supervisor:
        books = Books(supervisor.settings, project)
        # then it finds what was done meanwhile, nothing twice and nothing lost
        books.caught_up(done)
        assert books.count(s.annotations, s.annotations.c.deleted_at.is_(None)) == done
        # and people have work again
        assert any(person.work() is not None for person in people)
        books.store.close()
    # and nobody ever waited for a part that was down
    assert max(person.slowest for person in people) < PATIENCE
