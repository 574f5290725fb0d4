"""Routing in the store alone, on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cueloop import audit, sampling
from cueloop.errors import NotFound
from cueloop.store import Store, annotators, projects, routes, schema
from cueloop.store import rules as stored_rules
from cueloop.store.columns import now
from routing import context
from routing.advice import advise
from routing.explaining.explain import explain, task_id
from routing.language import rules
from routing.language.actions import Queues
from routing.people import windows
from routing.rehearse import rehearse
from routing.route import route
from routing.showing.contested import contested
from routing.showing.restore import suspects

CONFIG = """<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">
<Choice value="negative"/><Choice value="neutral"/><Choice value="positive"/></Choices></View>"""

ASK_TWO = "version: 1\nrules: [{name: two, when: answers < 2, ask: {n: 2}}]"


@pytest.fixture
def project(any_store: Store) -> Store:
    """A store with a connected project of 40 tasks and 6 people."""
    with any_store.write() as conn:
        projects.put(conn, 1, title="Test", label_config=CONFIG, mode="connected", connected_at=now())
        annotators.put(conn, [{"id": n, "email": f"p{n}@example.com"} for n in range(1, 7)])
        conn.execute(schema.tasks.insert(), [
            {"project_id": 1, "id": n, "created_at": now(), "updated_at": now(), "data": {"text": str(n)}, "cue": {},
             "overlap": 1, "is_labeled": False, "blind": False} for n in range(100, 140)])
    return any_store


def apply(store: Store, text: str) -> bool:
    """Put rules in force."""
    with store.write() as conn:
        return context.put_in_force(conn, 1, rules.parse(text), "test")


def test_a_project_without_rules_gets_the_default_ones(project: Store) -> None:
    route(project, 1)
    with project.read() as conn:
        stored = stored_rules.in_force(conn, 1)
        assert stored is not None
        assert stored.hash == context.default().hash
        assert sampling.audit_share(conn, 1) == 0.05
        assert audit.verify(conn) == 1


def test_rules_are_put_in_force_once_and_their_file_may_vanish(project: Store) -> None:
    assert apply(project, ASK_TWO)
    assert not apply(project, ASK_TWO)
    assert apply(project, ASK_TWO.replace("two", "deux"))
    assert apply(project, ASK_TWO)                  # back again
    with project.read() as conn:
        assert context.in_force(conn, 1).rules[0].name == "two"
        assert audit.verify(conn) == 3


def test_two_processes_that_route_at_once_ask_nobody_twice_and_no_task_too_many(project: Store) -> None:
    apply(project, ASK_TWO)
    other = Store(project.url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: route((project, other)[n % 2], 1), range(8)))
    other.close()
    table = schema.assignments
    with project.read() as conn:
        per_task = dict(conn.execute(sa.select(table.c.task, sa.func.count()).group_by(table.c.task)).all())
        assert set(per_task.values()) == {2}
        assert len(per_task) == 40
        assert routes.counts(conn, 1) == {"asked": 40}


def test_samples_are_stable_nested_and_of_the_stated_size() -> None:
    small = {key for key in range(20_000) if sampling.is_sampled(key, "audit:1", 0.05)}
    large = {key for key in range(20_000) if sampling.is_sampled(key, "audit:1", 0.2)}
    assert small < large
    assert len(small) / 20_000 == pytest.approx(0.05, abs=0.006)
    other = {key for key in range(20_000) if sampling.is_sampled(key, "audit:2", 0.05)}
    assert len(small & other) / 20_000 == pytest.approx(0.0025, abs=0.002)


def test_advice_names_what_the_file_alone_cannot_show(project: Store) -> None:
    tried = rules.parse("""
version: 1
rules:
  - {name: a, when: predicted == "positiv" and score("angry") > 0.1, ask: {n: 9, people: [p1@exampel.com]}}
""")
    with project.read() as conn:
        said = advise(context.read(conn, 1, now(), rules=tried))
    assert said[0] == ("rules.yaml:4: rule a names p1@exampel.com, who is no annotator of this project, "
                       "did you mean p1@example.com?")
    assert "can ask nobody" in said[1]
    assert "'angry'" in said[2]
    assert "'positiv', which no modelled control of this project has, did you mean positive?" in said[3]
    assert len(said) == 4


def test_a_task_is_found_by_id_or_link_and_a_wrong_one_is_named(project: Store) -> None:
    route(project, 1)
    assert task_id("http://ls/projects/1/data?tab=4&task=107") == task_id(" 107 ") == 107
    assert explain(project, 1, "107")["state"] == "asked"
    with pytest.raises(NotFound, match="neither a task id nor a link"):
        explain(project, 1, "the first one")
    with pytest.raises(NotFound, match="Task 7 of project 1 is not in the store"):
        explain(project, 1, 7)


def test_a_dry_run_and_the_looks_before_a_write_work_on_both_databases(project: Store) -> None:
    found = rehearse(project, 1, rules.parse(ASK_TWO))
    assert found.states == {"asked": 40}
    with project.read() as conn:
        assert routes.counts(conn, 1) == {}
    route(project, 1)
    with project.write() as conn:
        keys = list(conn.scalars(sa.select(schema.tasks.c.key)))
        moment = now()
        for data in ({"text": "1"}, {"text": "one"}):       # the second one is an edit by somebody else
            conn.execute(schema.task_versions.insert().values(
                task=keys[0], data=data, updated_at=moment, seen_at=moment, ours=False))
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == keys[0]).values(
            base_at=moment - timedelta(seconds=1), written_at=moment + timedelta(seconds=1)))
    with project.read() as conn:
        assert contested(conn, keys) == {keys[0]: 1}
        assert suspects(conn, 1) == [keys[0]]
        assert len(routes.dirty(conn, 1, 10)) == 10
        assert routes.dirty(conn, 1, 10, accepted=True) == []


def test_a_window_is_hours_of_work_at_the_annotators_own_pace(project: Store) -> None:
    with project.write() as conn:
        for person, seconds in ((1, 600.0), (2, 36.0)):
            conn.execute(schema.performance.insert().values(
                project_id=1, control="sentiment", annotator_id=person, answers=9, skips=0, accuracy=0.9, low=0.8,
                high=1.0, labels=[], confusion=[], counts=[], median_lead_time=seconds, updated_at=now()))
        found = windows.read(conn, 1, annotators.people(conn), Queues(), now())
    assert [w.size for w in found] == [20, 200] + [22] * 4      # at least 20; two hours; the others at the usual pace
    assert not any(w.absent or w.idle or w.at_work for w in found)
