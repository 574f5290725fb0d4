"""Two versions side by side: figures, confusions, and which tasks change their label."""

import csv
import json

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from console.cli import main
from cueloop.label_config import parse
from cueloop.settings import load
from cueloop.store import Store
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.elsewhere.evidence import Truth
from ml_backend.versions import compare
from ml_backend.versions.sayings import Saying
from tests.ml_backend.conftest import CONFIG, Project, dataset, examples
from tests.ml_backend.server import train_now

[TOPIC] = parse(CONFIG).modelled
FOOD, MONEY = Truth("food", 0.9), Truth("money", 0.9)


def saying(label, score=0.8, fresh=True):
    rest = (1 - score) / 2
    return Saying(label, score, fresh, {"food": rest, "money": rest, "sport": rest} | {label: score})


def test_what_changes_is_counted_by_pair_and_judged_where_people_answered_blind():
    one = {1: saying("food"), 2: saying("food"), 3: saying("food"), 4: saying("money"), 5: saying("sport")}
    other = {1: saying("money"), 2: saying("money"), 3: saying("sport"), 4: saying("money"), 6: saying("food")}
    truths = {1: MONEY, 2: FOOD, 4: MONEY, 3: Truth("gone", 0.9)}
    told = compare.report(TOPIC, truths, one, other)
    assert told["changed"] == {"of": 4, "tasks": 3, "pairs": [
        {"one": "food", "other": "money", "tasks": 2, "judged": 2, "right": [1, 1]},
        {"one": "food", "other": "sport", "tasks": 1, "judged": 1, "right": [0, 0]}]}
    # Of the three that judge: one is right about 2 and 4, the other about 1 and 4
    assert told["tasks"] == 3
    assert [m["confusion"] for m in told["models"]] == [
        {"food": {"food": 1}, "money": {"food": 1, "money": 1}}, {"food": {"money": 1}, "money": {"money": 2}}]
    assert [m["macro_f1"] for m in told["models"]] == pytest.approx([2 / 3, 0.4], abs=1e-6)
    assert sum(bin_["tasks"] for bin_ in told["models"][0]["reliability"]) == 3
    json.dumps(told, allow_nan=False)


def test_what_a_version_was_trained_on_judges_nobody():
    one, other = {1: saying("food", fresh=False)}, {1: saying("money")}
    told = compare.report(TOPIC, {1: FOOD}, one, other)
    assert told["tasks"] == 0
    assert told["changed"]["pairs"] == [{"one": "food", "other": "money", "tasks": 1, "judged": 0, "right": [0, 0]}]


def test_nothing_said_is_a_report_too():
    assert compare.report(TOPIC, {1: FOOD}, {}, {})["changed"] == {"of": 0, "tasks": 0, "pairs": []}


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """A project with a champion that predicted, and a challenger of other labels that never did."""
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    settings = load()
    store = Store.open(settings.store_url)
    project = Project(store)
    project.add(examples(60), blind=True)
    project.add(examples(30, seed=7), labelled=False)
    first = train_now(settings, store, [dataset(examples(90, seed=3))], 1, "project-1")
    second = train_now(settings, store, [dataset(examples(90, seed=4, wrong=0.4))], 1, "project-1")
    with store.write() as conn:     # as if the gate had refused it
        conn.execute(s.predictions.delete().where(s.predictions.c.version == second))
    registry.rollback(store, "project-1", actor="test")
    yield store, first, second
    store.close()


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["models", "compare", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_a_challenger_that_never_predicted_is_asked_and_nothing_is_written(scene, tmp_path):
    store, first, second = scene
    with store.read() as conn:
        before = conn.scalar(sa.select(sa.func.count()).select_from(s.predictions))
    pair = f"project-1@{first}", f"project-1@{second}"
    facts = json.loads(run(*pair, "--json", "--changed", "changed.csv"))
    [report] = facts["controls"]
    assert report["changed"]["of"] == 90
    assert report["changed"]["tasks"] > 0
    with (tmp_path / "changed.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["task", "control", "one", "one_score", "other", "other_score", "people",
                             "people_probability"]
    assert len(rows) == report["changed"]["tasks"]
    assert all(row["one"] != row["other"] for row in rows)
    assert {row["people"] for row in rows} > {""}      # of some people said something, of others nobody did
    assert np.array([float(row[name]) for row in rows for name in ("one_score", "other_score")]).max() <= 1
    text = run(*pair)
    assert f"{report['changed']['tasks']} of 90 tasks change their label" in text
    with store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.predictions)) == before
    # And the file is not overwritten unasked
    assert "--force" in run(*pair, "--changed", "changed.csv", code=1)
    run(*pair, "--changed", "changed.csv", "--force")


def test_a_deleted_version_is_compared_by_what_it_predicted_or_by_its_card(scene):
    store, first, second = scene
    with store.write() as conn:
        conn.execute(s.model_versions.update().where(s.model_versions.c.version == second).values(
            deleted_at=s.model_versions.c.created_at))
    said = run(f"project-1@{first}", f"project-1@{second}")
    assert "held out" in said or "not judged yet" in said
