"""An invented pipeline's file on its way through a real Label Studio: pushed, calibrated, promoted, shown, routed."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from console.cli import main
from cueloop.label_studio import LabelStudio
from cueloop.store import predictions
from cueloop.store import schema as s
from ml_backend.push import push as push_to_label_studio
from ml_backend.rollout.showing import show
from routing.context import read as read_context
from routing.language import rules as rules_files
from routing.route import run as route
from tests.ml_backend.conftest import CONFIG, examples
from tests.ml_backend.elsewhere.conftest import Scene

pytestmark = pytest.mark.label_studio

RULES = """version: 1
rules:
  - {name: sure, when: score >= 0.8, accept: {audit: 0%}}
  - {name: doubtful, when: known(score), ask: {n: 1}}
"""


@pytest.fixture
def pipeline(label_studio, store, project_factory, tmp_path):
    """(client, scene, open ids, blind id): 150 tasks answered blind, 20 open, one that must stay blind."""
    some = examples(171)
    number = project_factory(label_studio, tasks=[{"text": e.text, "ticket": f"T-{n}"} for n, e in enumerate(some)],
                             label_config=CONFIG)
    with LabelStudio(label_studio.url, label_studio.admin_token) as client:
        ids = sorted(row["id"] for row in client.all_ids(number))
        scene = Scene(store, tmp_path, project_id=number)
        keys = scene.project.add(some[:150], ids=ids[:150])
        keys += scene.project.add(some[150:170], ids=ids[150:170], labelled=False)
        keys += scene.project.add(some[170:], ids=ids[170:], labelled=False, blind=True)
        yield client, scene, dict(zip(ids, keys, strict=True)), some


def test_from_a_file_to_label_studio_and_the_rules(pipeline, monkeypatch, tmp_path):
    client, scene, keys, some = pipeline
    number, ids = scene.project.id, list(keys)
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CUELOOP_DATABASE_URL", scene.store.url.render_as_string(hide_password=False))
    # Given a pipeline that says 0.97 where it is right in nine of ten cases, and 0.6 where it guesses
    said = []
    for n, (task, example) in enumerate(zip(ids, some, strict=True)):
        knows = n % 3 != 0
        right = n % 10 != 1 if knows else n % 2 == 0
        said.append({"task": task, "label": example.label if right else "food" if example.label != "food" else "money",
                     "score": 0.97 if knows else 0.6})
    path = scene.write(said)
    # When its file is pushed and asked to serve
    words = ["predictions", "push", str(path), "--model", "pipe@pipe-1", "--project", str(number), "--champion",
             "--json"]
    done = CliRunner().invoke(main, words)
    facts = json.loads(done.stdout)
    assert (done.exit_code, facts["champion"], facts["new"]) == (0, True, 171)
    report = facts["controls"]["topic"]
    assert report["calibration"]["ece_after"] < report["calibration"]["ece_before"] + 0.02
    # Then Label Studio shows it under its version, on open tasks only
    pushed = push_to_label_studio(scene.store, client, number, "pipe", "pipe-1")
    show(client, number, "pipe-1")
    assert (pushed.tasks, pushed.refused) == (170, {})
    assert client.project(number)["model_version"] == "pipe-1"
    [shown] = client.predictions(number, ids[155])
    assert shown["model_version"] == "pipe-1"
    assert shown["result"][0]["value"]["choices"] == [said[155]["label"]]
    with scene.store.read() as conn:
        kept = predictions.of_tasks(conn, "pipe", "pipe-1", list(keys.values()))
    assert shown["score"] == pytest.approx(kept[keys[ids[155]]][0].score)
    assert client.predictions(number, ids[170]) == []
    # And rules accept what it is rightly sure of, and ask people about the rest
    rules = rules_files.parse(RULES, "rules.yaml")
    open_ = {ids[n]: keys[ids[n]] for n in range(150, 170)}
    with scene.store.write() as conn:
        route(conn, read_context(conn, number, datetime.now(UTC), rules=rules))
        plans = {row.task: row.plan["kind"] for row in conn.execute(sa.select(s.routes.c.task, s.routes.c.plan))}
    wanted = {key: "accept" if kept[key][0].score >= 0.8 else "ask" for key in open_.values()}
    assert {key: plans[key] for key in wanted} == wanted
    assert set(wanted.values()) == {"accept", "ask"}
    # And a second time nothing is pushed twice
    again = CliRunner().invoke(main, words)
    assert json.loads(again.stdout)["new"] == 0
    assert push_to_label_studio(scene.store, client, number, "pipe", "pipe-1").tasks == 0
