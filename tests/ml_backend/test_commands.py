"""The ML engineer's commands, offline: train, predict, models, serve."""

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop.store import Store, models, predictions
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.dataset import HELD_OUT, drawn
from ml_backend.training import train
from tests.ml_backend.conftest import Project, dataset, examples


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `cueloop ...` with a home of its own, no Redis and no Label Studio."""
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def runs(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == code, result.output
        return result.output
    return runs


def _write(path, some, header=("text", "label")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *((e.text, e.label) for e in some)])
    return path


@pytest.fixture
def texts(tmp_path):
    return _write(tmp_path / "texts.csv", examples(90))


TRAIN = ("train", "--text", "text", "--label", "label", "--model", "topics", "--csv")


def test_train_predict_and_look_without_label_studio_redis_or_network(run, texts, tmp_path):
    trained = json.loads(run(*TRAIN, texts, "--json"))
    assert trained["promoted"]
    new = _write(tmp_path / "new.csv", examples(30, seed=3), header=("text", "id"))
    said = run("predict", "--model", "topics", "--csv", new, "--out", tmp_path / "out.csv", "--id", "id")
    assert "30 rows labelled" in said
    with (tmp_path / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == ["id", "label", "score"]
    assert sum(row["id"] == row["label"] for row in found) > 24      # the id column holds the right label here
    assert all(0 < float(row["score"]) <= 1 for row in found)
    assert trained["version"] in run("models", "list")
    assert json.loads(run("models", "show", "topics", "--json"))["aliases"] == ["champion"]


def test_without_an_id_column_rows_are_numbered(run, texts, tmp_path):
    run(*TRAIN, texts)
    run("predict", "--model", "topics", "--csv", texts, "--out", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "row,label,score"
    assert [line.split(",")[0] for line in lines[1:4]] == ["1", "2", "3"]
    assert len(lines) == 91


def test_a_worse_model_exits_3_and_is_not_promoted(run, texts, tmp_path):
    first = json.loads(run(*TRAIN, texts, "--json"))["version"]
    # Given the same file with wrong labels on all rows but those that are held out
    wrong = [replace(e, label="food") if e.label == "sport" and drawn(e.text) >= HELD_OUT else e for e in examples(90)]
    said = json.loads(run(*TRAIN, _write(tmp_path / "wrong.csv", wrong), "--json", code=3))
    assert not said["promoted"]
    assert "worse" in said["reason"]
    assert json.loads(run("models", "show", "topics", "--json"))["version"] == first
    # Then it can be looked at, compared and put in service all the same
    assert said["version"] in run("models", "compare", "topics", "topics@challenger")
    run("models", "promote", "topics@challenger", "--reason", "a test")
    assert json.loads(run("models", "show", "topics", "--json"))["version"] == said["version"]


def test_promote_and_rollback(run, texts):
    first = json.loads(run(*TRAIN, texts, "--json"))["version"]
    second = json.loads(run(*TRAIN, texts, "--json"))["version"]
    assert first in run("models", "rollback", "topics")
    assert json.loads(run("models", "show", "topics", "--json"))["version"] == first
    assert second in run("models", "promote", f"topics@{second}")
    assert json.loads(run("models", "show", "topics@previous", "--json"))["version"] == first


def test_an_existing_output_is_refused_without_force(run, texts, tmp_path):
    run(*TRAIN, texts)
    out = tmp_path / "out.csv"
    out.write_text("mine")
    assert "exists" in run("predict", "--model", "topics", "--csv", texts, "--out", out, code=1)
    assert out.read_text() == "mine"
    run("predict", "--model", "topics", "--csv", texts, "--out", out, "--force")
    assert out.read_text().startswith("row,label,score")


def test_a_bad_row_leaves_no_output(run, texts, tmp_path):
    run(*TRAIN, texts)
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\na,b\nc\n")
    said = run("predict", "--model", "topics", "--csv", bad, "--out", tmp_path / "out.csv", code=1)
    assert "bad.csv, row 2, column 'label'" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.csv", "home", "texts.csv"]


@pytest.mark.parametrize(("content", "expected"), [
    (b"text,label\n,food\n", "row 1, column 'text': empty"),
    (b"text,label\na,food\nb,\n", "row 2, column 'label': empty"),
    (b"text,other\na,b\n", "no column 'label'"), (b"", "the file is empty"), (b"text,label\na,b,c\n", "row 1"),
    (b"text,label\n\xff\xfe,a\n", "not UTF-8"), (b'text,label\n"a,b\n', "quotes"),
    (b"text,label\na,food\nb,food\n", "two classes"), (b"text,label\n", "two classes")])
def test_bad_training_files_are_told_with_file_column_and_row(run, tmp_path, content, expected):
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    said = run(*TRAIN, bad, code=1)
    assert expected in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("arguments", "code", "expected"), [
    (("train", "--csv", "x.csv"), 2, "--text"), (("train", "--text", "a"), 2, "--csv"),
    ((*TRAIN, "nowhere.csv"), 1, "nowhere.csv"),
    (("predict", "--model", "topics", "--csv", "x", "--out", "y"), 1, "no model 'topics'"),
    (("models", "show", "nothing"), 1, "no model 'nothing'"), (("models", "list", "nothing"), 1, "no model"),
    (("serve", "--model", "nothing", "--port", "0"), 1, "no model 'nothing'"),
    (("serve", "--host", "0.0.0.0"), 1, "CUELOOP_ML_PASSWORD"),
    (("train", "--csv", "x.csv", "--text", "a", "--label", "b", "--model", "../x"), 1, "x.csv")])
def test_wrong_calls_say_what_to_do(run, arguments, code, expected):
    said = run(*arguments, code=code)
    assert expected in said
    assert "Traceback" not in said


def test_serve_answers_over_http_and_stops_on_sigterm(run, texts, tmp_path):
    run(*TRAIN, texts)
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "serve", "--model", "topics", "--port", "0"],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        env={**os.environ, "CUELOOP_HOME": str(tmp_path / "home")})
    try:
        url = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        answer = httpx.post(f"{url}/predict", json={"tasks": [{"data": {"text": "bread and soup"}}]}, timeout=30).json()
        assert answer["results"][0]["result"][0]["value"]["choices"] == ["food"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stdout.close()


def test_serving_imports_neither_the_sdk_nor_torch():
    code = "import sys, ml_backend.app, ml_backend.models.text_linear; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True,
                          check=True)
    assert {"label_studio_sdk", "torch", "pandas", "sklearn"}.isdisjoint(done.stdout.split())


def test_a_connected_project_is_trained_by_hand_from_its_consensus(run, tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'cueloop.sqlite3'}")
    Project(store, 7).add(examples(90))
    said = json.loads(run("train", "--json"))        # the only connected project
    assert (said["model"], said["promoted"]) == ("project-7", True)
    assert said["card"]["source"] == "consensus"
    with store.read() as conn:
        assert models.champion(conn, 7).version == said["version"]
        assert predictions.missing(conn, 7, "project-7", said["version"], "topic") == []
    store.close()
    assert "Project 8 is not connected" in run("train", "--project", "8", code=1)


def test_a_model_with_several_controls_asks_which_one(run, texts, tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'cueloop.sqlite3'}")
    heads = train(dataset(examples(60))).head, replace(train(dataset(examples(60))).head, control="mood")
    artifacts = Artifacts(f"file://{tmp_path / 'home' / 'artifacts'}")
    saved = registry.save(store, artifacts, Bundle(heads), {"controls": {}}, name="two", kind="text-linear")
    store.close()
    ask = ("predict", "--model", f"two@{saved.version}", "--csv", texts, "--out", tmp_path / "out.csv")
    assert "topic, mood: name one with --control" in run(*ask, code=1)
    run(*ask, "--control", "mood")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 91
