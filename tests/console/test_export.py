"""The labelled dataset: the customer's fields, the label, who decided it; nothing of ours, nothing half written."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console import export
from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store, schema
from sync import quality
from tests.sync import quality_store as given

WEIGHTS = {"project_id": 1, "rules_hash": "abc123", "candidates": [], "probability": 1.0,
           "created_at": given.START, "inputs": {}}


def labelled_project(store: Store) -> list[int]:
    """Five tasks: two answered by people, one pinned by a reviewer, one accepted by the machine, one untouched."""
    keys = given.project(store, tasks=5)
    given.answers(store, 1, [(k, w, "good") for k in keys[:3] for w in (1, 2, 3)])
    given.answers(store, 1, [(keys[0], w, "film") for w in (1, 2)], "topic")
    with store.write() as conn:
        given.answer(conn, 1, keys[2], 9, "mood", "bad", truth=True)
        conn.execute(schema.annotations.insert().values(
            unique_id=f"{keys[0]}-1", project_id=1, task=keys[0], id=11, annotator_id=1, was_cancelled=False,
            ground_truth=False, guideline_version=2, created_at=given.START, updated_at=given.START,
            result=[{"from_name": "mood", "value": {"choices": ["good"]}},
                    {"from_name": "why", "value": {"text": ["loved it"]}}]))
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == keys[1]).values(
            data={"text": "=1+1", "cue_queue": ",w3,", "tags": ["a", "b"]}))
        conn.execute(schema.decisions.insert().values(
            **WEIGHTS, task=keys[3], control="mood", kind="accept", rule="sure", chosen="bad", model_version="m-7",
            guideline_version=1))
        conn.execute(schema.predictions.insert().values(
            project_id=1, task=keys[3], control="mood", model="default", version="m-7", label="bad", score=0.98,
            probabilities={"good": 0.02, "bad": 0.98}, out_of_fold=True, created_at=given.START))
        conn.execute(schema.routes.insert().values(
            task=keys[3], project_id=1, state="accepted", wanted={}, dirty=False, audit=False, plan={},
            updated_at=given.START))
    quality.recompute(store, 1)
    return keys


def test_every_label_says_who_or_what_decided_it(any_store: Store) -> None:
    labelled_project(any_store)
    rows = {row["id"]: row for row in export.rows(any_store, 1)}
    # the untouched task is left out unless everything is asked for
    assert sorted(rows) == [1, 2, 3, 4]
    assert sorted(row["id"] for row in export.rows(any_store, 1, everything=True)) == [1, 2, 3, 4, 5]
    people, truth, machine = (rows[n]["labels"]["mood"] for n in (1, 3, 4))
    assert (people["label"], people["decided_by"], people["annotators"], people["answers"], people["guideline"]) == (
        "good", "people", [1, 2, 3], 3, 2)
    assert 0.5 < people["probability"] <= 1
    assert (truth["label"], truth["decided_by"], truth["probability"]) == ("bad", "ground-truth", 1.0)
    assert machine == {"label": "bad", "value": None, "probability": 0.98, "decided_by": "machine", "annotators": [],
                       "answers": 0, "model_version": "m-7", "rules": "abc123", "guideline": 1}
    assert (rows[4]["status"], rows[1]["status"]) == ("accepted", None)
    # each control has its own label
    assert rows[1]["labels"]["topic"]["label"] == "film"
    assert rows[2]["labels"]["topic"] is None


@pytest.fixture
def store_at_home(home: Settings) -> Store:
    """The store that commands open."""
    store = Store.open(home.store_url)
    labelled_project(store)
    store.close()
    return store


def run(*words: str, code: int = 0) -> Any:
    """Run `cueloop` with these words."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("form", ["jsonl", "csv", "label-studio"])
def test_no_form_has_a_key_of_ours(store_at_home: Store, form: str) -> None:
    text = run("export", "--as", form, "--all").stdout
    assert "cue_" not in text
    assert "text 5" in text
    assert "loved it" in text if form == "label-studio" else True


def test_jsonl_has_a_task_a_line(store_at_home: Store) -> None:
    rows = [json.loads(line) for line in run("export").stdout.splitlines()]
    assert [row["id"] for row in rows] == [1, 2, 3, 4]
    assert rows[1]["data"] == {"text": "=1+1", "tags": ["a", "b"]}


def test_csv_has_a_column_for_each_field_and_fact(store_at_home: Store) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export", "--as", "csv").stdout)))
    assert rows[0]["text"] == "text 1"
    assert rows[0]["mood.label"] == "good"
    assert rows[0]["mood.annotators"] == "1 2 3"
    assert rows[0]["topic.label"] == "film"
    assert rows[1]["tags"] == '["a", "b"]'
    assert rows[3]["mood.decided_by"] == "machine"


def test_label_studio_form_has_one_annotation_and_passes_through_what_is_not_modelled(store_at_home: Store) -> None:
    tasks = json.loads(run("export", "--as", "label-studio").stdout)
    results = tasks[0]["annotations"][0]["result"]
    assert [(item["from_name"], item["value"]) for item in results] == [
        ("mood", {"choices": ["good"]}), ("topic", {"choices": ["film"]}), ("why", {"text": ["loved it"]})]
    assert tasks[2]["annotations"][0]["ground_truth"]
    assert tasks[0]["meta"]["cueloop"]["labels"]["mood"]["decided_by"] == "people"


def test_a_file_that_exists_is_refused_without_force(store_at_home: Store, tmp_path: Path) -> None:
    out = tmp_path / "labelled.jsonl"
    out.write_text("precious")
    refused = run("export", "--out", str(out), code=1)
    assert f"{out} exists already" in refused.output
    assert out.read_text() == "precious"
    facts = json.loads(run("export", "--out", str(out), "--force", "--json").stdout)
    assert facts == {"out": str(out), "format": "jsonl", "tasks": 4}
    assert len(out.read_text().splitlines()) == 4


def test_an_export_that_fails_leaves_nothing(store_at_home: Store, tmp_path: Path) -> None:
    # given a customer's field that is named like a column of ours
    with store_at_home.write() as conn:
        conn.execute(schema.tasks.update().values(data={"mood.label": "x"}))
    store_at_home.close()
    failed = run("export", "--as", "csv", "--out", str(tmp_path / "out.csv"), code=1)
    assert "'mood.label'" in failed.output
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []
    missing = run("export", "--out", str(tmp_path / "no" / "out.csv"), code=1)
    assert "does not exist" in missing.output
