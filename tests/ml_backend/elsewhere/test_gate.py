"""A pushed version serves only if it is no worse than what serves; our own model is compared with it in turn."""

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from console.cli import main
from cueloop.label_config import parse
from cueloop.store import models
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import consensus_data, due, jobs, registry
from ml_backend.artifacts import Artifacts
from ml_backend.elsewhere import gate
from ml_backend.policy.in_force import policy
from ml_backend.retrain import retrain
from ml_backend.triggers.examine import examine
from sync import voices
from sync.observations import observe
from tests.ml_backend.conftest import CONFIG


@pytest.fixture
def run(store, tmp_path, monkeypatch):
    """Runs a command on the test's store; (exit code, facts or what was said)."""
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CUELOOP_DATABASE_URL", store.url.render_as_string(hide_password=False))

    def run(*words):
        done = CliRunner().invoke(main, [*map(str, words)])
        text = done.stdout if done.exit_code in (0, 3) else done.output
        return done.exit_code, json.loads(text) if "--json" in words else text
    return run


def champion(store):
    with store.read() as conn:
        found = models.champion(conn, 1)
    return found and (found.name, found.version)


def test_the_first_must_beat_the_mere_frequencies(scene, run):
    blind = scene.tasks(120)
    bad, good = (scene.write(scene.said(blind, accuracy), f"{name}.jsonl")
                 for name, accuracy in (("bad", 0.1), ("good", 0.9)))
    code, facts = run("predictions", "push", bad, "--model", "llm@bad", "--champion", "--json")
    assert (code, facts["champion"]) == (3, False)
    assert "worse" in facts["gate"]
    assert champion(scene.store) is None
    code, facts = run("predictions", "push", good, "--model", "llm@good", "--champion", "--json")
    assert (code, facts["champion"]) == (0, True)
    assert champion(scene.store) == ("llm", "good")


def test_a_worse_one_is_refused_and_can_be_forced(scene, run):
    blind = scene.tasks(150)
    for name, accuracy in (("good", 0.95), ("worse", 0.6)):
        path = scene.write(scene.said(blind, accuracy), f"{name}.jsonl")
        code, facts = run("predictions", "push", path, "--model", f"{name}@{name}-1", "--champion", "--json")
    assert code == 3
    assert "of the champion on the same 150 tasks" in facts["gate"]
    assert champion(scene.store) == ("good", "good-1")
    with scene.store.read() as conn:
        assert models.get(conn, "worse", "worse-1").card["parent"] == "good@good-1"
    # When somebody wants it all the same, then it serves the project, and the other can be put back
    assert run("models", "promote", "worse@worse-1", "--reason", "a try")[0] == 0
    assert champion(scene.store) == ("worse", "worse-1")
    assert run("models", "promote", "good@champion")[0] == 0
    assert champion(scene.store) == ("good", "good-1")


def test_without_enough_blind_answers_the_gate_says_no(scene):
    found = scene.push(scene.said(scene.tasks(9))).version
    judged = gate.pass_through(scene.store, found, actor="test")
    assert not judged.promoted
    assert "9 held-out tasks cannot compare it" in judged.reason


def test_another_control_that_the_champion_answers_must_not_fall_silent(scene, store):
    blind = scene.tasks(60)
    first = scene.push(scene.said(blind, 0.9)).version
    gate.pass_through(store, first, actor="test")
    with store.write() as conn:     # given a champion that answers one more control
        row = conn.execute(sa.select(s.predictions).limit(1)).one()._asdict()
        conn.execute(s.predictions.insert().values(**{**row, "key": None, "control": "mood"}))
        conn.execute(s.projects.update().values(label_config=scene.project.config.replace(
            "</View>", '<Choices name="mood" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>')))
    second = scene.push(scene.said(blind, 0.9), version="two", control="topic").version
    judged, _ = gate.judge(store, second)
    assert not judged.promoted
    assert "says nothing of it" in judged.reason


def test_our_own_model_is_compared_with_what_the_pipeline_said(scene, store, settings):
    # Given a pipeline in service that is always right about 150 tasks
    blind = scene.tasks(150)
    best = scene.push(scene.said(blind, 1.0)).version
    assert gate.pass_through(store, best, actor="test").promoted
    # When our own model is trained for the project
    with store.read() as conn:
        data = consensus_data.datasets(conn, 1)
    outcome = retrain(store, Artifacts(settings.artifacts), "llm", data, actor="test", project_id=1)
    # Then both are judged on the same held-out tasks, and ours is no better
    [comparison] = outcome.verdict.comparisons
    assert comparison.rival == "the champion"
    assert comparison.tasks == data[0].held_out().sum()
    assert comparison.rival_accuracy == 1.0
    assert not outcome.verdict.promoted
    assert champion(store) == ("llm", "one")
    # And when the pipeline is often wrong, ours takes its place and predicts
    worse = scene.push(scene.said(blind, 0.4), version="worse").version
    registry.promote(store, worse, actor="test", reason="", for_project=True)
    outcome = retrain(store, Artifacts(settings.artifacts), "llm", data, actor="test", project_id=1)
    assert outcome.verdict.promoted
    assert champion(store) == ("llm", outcome.version.version)


def test_what_is_due_while_a_pipeline_serves(scene, store):
    blind, open_ = scene.tasks(120), scene.tasks(3, seed=1, labelled=False)
    found = scene.push(scene.said(blind, 0.9)).version
    with store.read() as conn:      # pushing is no training
        assert examine(conn, 1, policy(conn, 1)).why is not None
    gate.pass_through(store, found, actor="test")
    with store.write() as conn:
        assert due.prelabelling_due(conn, 1, due.PRELABEL_REST)         # it is not in Label Studio yet
        conn.execute(s.predictions.update().values(pushed_at=s.predictions.c.created_at))
        conn.execute(s.rollouts.insert().values(project_id=1, name=found.name, version=found.version, state="done",
                                                counts={}, started_at=now(), updated_at=now(), ended_at=now()))
        assert not due.prelabelling_due(conn, 1, due.PRELABEL_REST)     # of three tasks it said nothing: so be it
    scene.push(scene.said(open_))
    with store.read() as conn:
        assert due.prelabelling_due(conn, 1, due.PRELABEL_REST)         # these wait for being pushed


def test_two_versions_side_by_side(scene, run):
    blind = scene.tasks(100)
    right = scene.said(blind, 1.0)
    half = [{**record, "label": "food"} if n % 2 else record for n, record in enumerate(right)]
    for name, records in (("one", right), ("two", half)):
        path = scene.write(records, f"{name}.jsonl")
        assert run("predictions", "push", path, "--model", f"{name}@{name}-1")[0] == 0
    code, facts = run("models", "compare", "one@one-1", "two@two-1", "--json")
    [report] = facts["controls"]
    wrong = sum(a["label"] != b["label"] for a, b in zip(right, half, strict=True))
    assert code == 0
    assert report["tasks"] == 100
    assert [m["accuracy"] for m in report["models"]] == pytest.approx([1.0, 1 - wrong / 100])
    assert report["difference"]["accuracy"] == pytest.approx(wrong / 100)
    assert report["agree"] == pytest.approx(1 - wrong / 100)
    assert next(one["right"] for one in report["labels"]) == [1.0, 1.0]
    assert sum(sum(row.values()) for row in report["said"].values()) == 100
    text = run("models", "compare", "one@one-1", "two@two-1")[1]
    assert "100 tasks that people answered blind" in text
    # And where one of them said nothing, the cards are shown
    run("predictions", "push", scene.write([{"task": scene.tasks(1, seed=5)[0], "label": "food"}]), "--model", "x@x-1")
    code, text = run("models", "compare", "one@one-1", "x@x-1")
    assert code == 0
    assert "held out" in text


def test_the_commands_tell_what_there_is(scene, run):
    path = scene.write(scene.said(scene.tasks(60)))
    code, facts = run("predictions", "push", path, "--model", "llm@llm-1", "--dry-run", "--json")
    assert (code, facts["new"], facts["controls"]) == (0, 60, {})
    assert run("predictions", "list")[1].startswith("Nothing was pushed yet")
    code, text = run("predictions", "push", path, "--model", "llm@llm-1")
    assert code == 0
    assert "60 records" in text
    assert "60 tasks answered blind" in text
    assert "llm@llm-1" in run("predictions", "list")[1]
    assert run("predictions", "calibrate", "llm@llm-1", "--json")[1]["controls"]["topic"]["blind"] == 60
    assert run("models", "show", "llm@llm-1", "--json")[1]["kind"] == "elsewhere"
    assert "llm@llm-1" in run("models", "list")[1]
    # And a dry run of a file that is wrong says no, and why
    bad = scene.write([{"task": 1, "label": "fod"}], "bad.jsonl")
    code, facts = run("predictions", "push", bad, "--model", "llm@llm-2", "--dry-run", "--json")
    assert (code, facts["wrong"], "'fod' is no label" in facts["problems"][0]) == (3, 1, True)
    code, text = run("predict", "--model", "llm@llm-1", "--csv", bad, "--out", scene.folder / "out.csv")
    assert (code, "was not trained here" in text) == (1, True)
    # And wrong calls are told
    assert run("predictions", "push", path, "--model", "llm")[0] == 2
    assert run("predictions", "push", path, "--model", "llm@x", "--dry-run", "--champion")[0] == 2
    code, text = run("predictions", "push", scene.folder / "none.jsonl", "--model", "llm@x")
    assert (code, "Traceback" in text) == (1, False)


def test_in_service_it_is_a_voice_in_the_consensus_but_not_about_tasks_it_was_trained_on(scene, store):
    blind = scene.tasks(60)
    said = [record | {"trained": n < 2} for n, record in enumerate(scene.said(blind, 0.9))]
    gate.pass_through(store, scene.push(said).version, actor="test")
    control = parse(CONFIG).modelled[0]
    seen = observe(blind[:4], [1] * 4, [scene.truth[key] for key in blind[:4]], labels=control.labels, seen=[False] * 4)
    with store.read() as conn:
        voice = voices.read(conn, 1, control, seen)
    assert voice.usable.tolist() == [False, False, True, True]
    assert voice.probabilities.sum(axis=1) == pytest.approx(1)


def test_the_worker_learns_scores_anew_and_predicts_nothing(scene, store, tmp_path, monkeypatch):
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CUELOOP_DATABASE_URL", store.url.render_as_string(hide_password=False))
    # Given a pipeline in service that nobody has judged, in a project that is only watched
    first = scene.tasks(60, labelled=False)
    found = scene.push(scene.said(first, 0.9)).version
    registry.promote(store, found, actor="test", reason="", for_project=True)
    with store.write() as conn:
        conn.execute(s.projects.update().values(mode="observe"))
        conn.execute(s.changes.delete())
    # When people answered
    with store.write() as conn:
        for key in first:
            scene.project._label(conn, key, scene.truth[key], 1, False, 0.95)
    with store.read() as conn:
        assert due.prelabelling_due(conn, 1, due.PRELABEL_REST)
    report = jobs.prelabel(1, "llm")
    # Then its scores are learned, nothing else is predicted, and the rules look at those tasks again
    assert report["predicted"] == 0
    with store.read() as conn:
        assert models.champion(conn, 1).card["controls"]["topic"]["held_out"]["tasks"] == 60
        assert min(conn.scalars(sa.select(s.predictions.c.score))) > 0.5
        assert set(conn.scalars(sa.select(s.changes.c.task))) == set(first)
        assert not due.prelabelling_due(conn, 1, due.PRELABEL_REST)
