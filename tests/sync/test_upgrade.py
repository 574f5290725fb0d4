"""A store that Cueloop 0.1 wrote, opened by this one: its answers of every shape count, and quality is computed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import command

from cueloop.store import Store, consensus, migrate, performance, projects, schema
from sync import answers, quality
from tests.sync.quality_store import START, TWO_CONTROLS


def item(control: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": control, "from_name": control, "to_name": "text", "type": kind, "value": value}


def older_store(url: str) -> None:
    """A store of schema 0002 with two tasks that two people answered: a choice, which counted, and a free text."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    conf = migrate.config()
    with engine.begin() as conn:
        conf.attributes["connection"] = conn
        command.upgrade(conf, "0002")
        conn.execute(schema.projects.insert().values(id=1, title="reviews", label_config=TWO_CONTROLS,
                                                     mode="connected", connected_at=START))
        for number, (task, who) in enumerate(((1, 5), (1, 6), (2, 5), (2, 6))):
            if who == 5:
                conn.execute(schema.tasks.insert().values(
                    key=task, project_id=1, id=task, created_at=START, updated_at=START, data={"text": "a"}, cue={},
                    blind=False))
            said = [item("mood", "choices", {"choices": ["good"]}), item("why", "textarea", {"text": ["I liked it"]})]
            at = START + timedelta(minutes=number)
            conn.execute(schema.annotations.insert().values(
                unique_id=f"u{number}", project_id=1, task=task, id=number, annotator_id=who, updated_by=who,
                result=said, answer=said, answered_at=at, was_cancelled=False, ground_truth=False, lead_time=3.0,
                created_at=at, updated_at=at))
            conn.execute(sa.text(
                "INSERT INTO answers (task, control, annotator_id, project_id, label, unique_id, ground_truth, "
                "answered_at) SELECT task, 'mood', annotator_id, 1, 'good', unique_id, ground_truth, answered_at "
                "FROM annotations WHERE unique_id = :id"), {"id": f"u{number}"})
    engine.dispose()


def test_answers_that_an_older_version_did_not_count_count_after_the_upgrade(any_store_url: str) -> None:
    # given a store of an older version
    older_store(any_store_url)
    # when this one opens it, and the first pull begins
    store = Store.open(any_store_url)
    changed = answers.bring_up_to_date(store, project_of(store))
    # then every task is looked at, and both controls are judged
    assert changed == {1, 2}
    quality.step(store, None, 1, changed)
    with store.read() as conn:
        for control, label in (("mood", "good"), ("why", "I liked it")):
            rows = consensus.of_project(conn, 1, control)
            assert {key: (row.label, row.answers) for key, row in rows.items()} == {1: (label, 2), 2: (label, 2)}
            assert {row.annotator_id for row in conn.execute(performance.of_project(1, control))} == {5, 6}
    # and that was it
    assert answers.bring_up_to_date(store, project_of(store)) == frozenset()
    store.close()


def project_of(store: Store) -> projects.Project:
    with store.read() as conn:
        return projects.get(conn, 1)
