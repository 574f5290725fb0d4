"""`cueloop route thresholds`: of a project and of a file, for people and for programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store, figures
from routing.thresholds import keep
from tests.routing.thresholds.audits import audit, later, project, promote, spread
from tests.routing.thresholds.test_in_store import sample


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    """The store of this home."""
    opened = Store.open(home.store_url)
    yield opened
    opened.close()


def run(*words: object) -> Result:
    """Call the command line."""
    return CliRunner().invoke(main, ["route", "thresholds", *map(str, words)], catch_exceptions=False)


def test_a_project_tells_threshold_saving_and_what_rules_rest_on(store: Store) -> None:
    # Given many blind audits, of which one was wrong, and a price
    keys = project(store)
    promote(store, keys, score=spread(0.7, 1.0, 50))
    audit(store, sample(keys), label=lambda n: "spam" if n == 7 else "ok")
    keep.refresh(store, 1, now=later(0))
    with store.write() as conn:
        figures.write(conn, 1, figures.PROJECT, "flow", {"cost": {
            "unit": "EUR", "per_answer": {"value": 0.5}, "spent": {"people": 100.0, "people_hours": 5.0}}})
    # When an admin asks
    said = run("--error", "5%", "--json")
    assert said.exit_code == 0
    facts = json.loads(said.stdout)
    assert (facts["model"], facts["error"], facts["confidence"]) == ("project-1@v1", 0.05, 0.95)
    (control,) = facts["controls"]
    everything, ok, spam = control["classes"]
    assert (everything["label"], ok["label"], spam["label"]) == ("", "ok", "spam")
    assert 0.7 <= ok["score"] < 0.8
    assert ok["errors"] == 1
    assert ok["low"] < 1 / ok["above"] < ok["high"] < 0.05
    assert spam["score"] is None
    assert spam["why"] == "the model predicts no such task"
    assert control["sampled"] == control["audited"] == ok["audited"] == len(sample(keys))
    saving = ok["saving"]
    assert saving["takes"] > 500
    assert saving["audits"] == pytest.approx(saving["takes"] * 0.3 / 0.7, abs=0.01)
    assert saving["hours"] == pytest.approx((saving["answers"] - saving["audits"]) * 5 / 200, abs=0.01)
    assert saving["money"] == pytest.approx((saving["answers"] - saving["audits"]) * 0.5, abs=0.01)
    (rule,) = control["in_force"]
    assert (rule["threshold"], rule["score"]) == ('found("ok", error=5%)', ok["score"])
    # and for people
    text = run("--error", 0.05, "--label", "ok").stdout
    assert "Project 1, model project-1@v1. Error below 5 %, with 95 % confidence:" in text
    assert f"  ok  {' ' * 8}  {ok['score']:.4f}".split() == [*text.splitlines()[4].split()[:2]]
    assert "EUR" in text
    assert "rules in force:" in text


def test_where_none_is_safe_the_answer_is_no_and_says_what_is_missing(store: Store) -> None:
    keys = project(store, 200)
    assert "no model is in service" in run().stdout
    promote(store, keys, score=spread(0.7, 1.0, 50))
    assert run().exit_code == 3
    assert "no audited task yet" in run().stdout or "more audited tasks" in run().stdout
    audit(store, sample(keys))
    said = run("--error", "0.1%", "--label", "ok")
    assert said.exit_code == 3
    assert "more audited tasks predicted as ok would make" in said.stdout
    audit(store, sample(keys), label="spam", at=later(1), person=2)
    assert "so far the error is above the target" in run("--label", "ok").stdout


@pytest.mark.parametrize(("words", "message"), [
    (("--error", "2"), "'2' is not a share between 0% and 100%"),
    (("--confidence", "sure"), "'sure' is not a share"),
    (("--csv", "x.csv", "--project", "1"), "give one of them"),
    (("--csv", "x.csv", "--control", "topic"), "a file has none")])
def test_wrong_calls_are_refused_with_what_to_do(home: Settings, words: tuple[str, ...], message: str) -> None:
    said = run(*words)
    assert said.exit_code == 2
    assert message in said.stderr


def test_unknown_controls_and_labels_are_named(store: Store) -> None:
    project(store, 5)
    runner = CliRunner()
    for words, message in ((["--label", "ham"], "There is no label 'ham'; there are: ok, spam"),
                           (["--control", "mood"], "no single choice named 'mood'; there are: topic")):
        said = runner.invoke(main, ["route", "thresholds", *words])
        assert message in str(said.exception) + said.output


def rows(path: Path, lines: list[list[object]]) -> Path:
    """A CSV file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def test_a_file_of_predictions_needs_no_store(home: Settings, tmp_path: Path) -> None:
    # Given predictions of which two thirds have a truth, nearly all right above 0.8
    rng = np.random.default_rng(1)
    score = rng.random(3_000) / 2 + 0.5
    wrong = rng.random(3_000) < np.where(score > 0.8, 0.005, 0.4)
    file = rows(tmp_path / "predicted.csv", [["row", "label", "score", "truth"], *(
        [n, "ok", f"{s:.5f}", ("spam" if bad else "ok") if n % 3 else ""]
        for n, (s, bad) in enumerate(zip(score, wrong, strict=True)))])
    said = run("--csv", file, "--error", "5%", "--json")
    assert said.exit_code == 0
    facts = json.loads(said.stdout)
    assert (facts["rows"], facts["audited"]) == (3_000, 2_000)
    everything, ok = facts["classes"]
    assert everything["score"] == ok["score"]
    assert 0.75 < ok["score"] < 0.82
    assert ok["share"] == pytest.approx((score >= ok["score"]).mean(), abs=0.01)
    assert "2000 of 3000 rows have a truth" in run("--csv", file, "--error", "5%").stdout
    assert run("--csv", file, "--error", "0.05%").exit_code == 3
    assert not (home.home / "cueloop.db").exists()


@pytest.mark.parametrize(("lines", "message"), [
    ([["label", "score"], ["ok", 1]], "no column 'truth'"),
    ([["label", "score", "truth"]], "no rows below the header"),
    ([["label", "score", "truth"], ["ok", "1.2", "ok"]], "line 2, column 'score': '1.2' is not a probability"),
    ([["label", "score", "truth"], ["ok", "nan", "ok"]], "'nan' is not a probability"),
    ([["label", "score", "truth"], ["ok"]], "line 2, column 'score'"),
    ([["label", "score", "truth"], ["", "0.5", "ok"]], "line 2, column 'label': empty"),
    ([["label", "score", "truth"], ["ok", "0.5", ""]], "is empty in every row"),
    ([], "no column 'label'")])
def test_bad_files_are_refused_with_line_and_column(home: Settings, tmp_path: Path, lines: list[list[object]],
                                                    message: str) -> None:
    said = CliRunner().invoke(main, ["route", "thresholds", "--csv", str(rows(tmp_path / "bad.csv", lines))])
    assert message in str(said.exception) + said.output
    assert said.exit_code == 1
