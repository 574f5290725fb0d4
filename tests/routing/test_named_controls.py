"""A rule may name a control of which rules do not speak otherwise: it then speaks of that one alone."""

from __future__ import annotations

from cueloop.store import Store, annotators, projects, routes, schema
from cueloop.store.columns import now
from cueloop.store.upsert import upsert
from routing import context
from routing.explaining.explain import explain
from routing.language import rules
from routing.route import route

CONFIG = """<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">
<Choice value="good"/><Choice value="bad"/></Choices>
<Labels name="entity" toName="text"><Label value="PER"/></Labels></View>"""

RULES = """
version: 1
rules:
  - {name: sure, when: answers >= 1, stop: {}}
  - {name: first, when: answers < 1, ask: {n: 1}}
  - {name: marks, control: entity, when: answers < 2, ask: {n: 1}}
"""


def answer(store: Store, person: int) -> None:
    """Somebody submits the task: a choice and no region."""
    at, name = now(), f"u{person}"
    with store.write() as conn:
        conn.execute(schema.annotations.insert().values(
            unique_id=name, project_id=1, task=1, id=person, annotator_id=person, result=[], was_cancelled=False,
            ground_truth=False, created_at=at, updated_at=at))
        for control, label, value in (("sentiment", "good", None), ("entity", "", [])):
            upsert(conn, schema.answers, [{
                "task": 1, "control": control, "annotator_id": person, "project_id": 1, "label": label, "value": value,
                "unique_id": name, "ground_truth": False, "review": False, "answered_at": at}])
            upsert(conn, schema.consensus, [{
                "task": 1, "control": control, "project_id": 1, "label": label, "probability": 0.9, "answers": person,
                "probabilities": {label: 0.9} if label else {}, "method": "test", "value": value, "updated_at": at}])


def test_the_named_control_holds_a_task_open_while_its_rule_matches_and_then_says_nothing(store: Store) -> None:
    with store.write() as conn:
        projects.put(conn, 1, title="Test", label_config=CONFIG, mode="connected", connected_at=now())
        annotators.put(conn, [{"id": n, "email": f"p{n}@example.com"} for n in range(1, 4)])
        conn.execute(schema.tasks.insert().values(
            project_id=1, id=100, created_at=now(), updated_at=now(), data={"text": "x"}, cue={}, overlap=1,
            is_labeled=False, blind=False))
        context.put_in_force(conn, 1, rules.parse(RULES), "test")
    answer(store, 1)
    route(store, 1)
    with store.read() as conn:
        found = routes.of_tasks(conn, [1])[1]
    assert (found.plan["rule"], found.plan["control"], found.state) == ("marks", "entity", routes.ASKED)
    answer(store, 2)
    route(store, 1)
    with store.read() as conn:
        assert routes.of_tasks(conn, [1])[1].state == routes.DONE
    told = {control["control"]: [rule["rule"] for rule in control["rules"]]
            for control in explain(store, 1, 100)["controls"]}
    assert told == {"sentiment": ["sure", "first"], "entity": ["marks"]}
