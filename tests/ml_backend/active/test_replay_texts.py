"""`cueloop replay --texts`: labelled texts in, curves out; clear words for bad input."""

from __future__ import annotations

import csv
import json
import random

import pytest
from click.testing import CliRunner

from console.cli import main
from tests.ml_backend.conftest import LABELS, text_about


@pytest.fixture
def tickets(tmp_path):
    """A file of 240 tickets with a split."""
    rng = random.Random(0)
    path = tmp_path / "tickets.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ticket", "body", "topic", "part"])
        for number in range(240):
            label = LABELS[number % 3]
            writer.writerow([f"t{number}", text_about(label, rng, 0.5), label, "test" if number % 4 == 3 else "train"])
    return path


def run(*words):
    return CliRunner().invoke(main, ["replay", *map(str, words)])


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_writes_the_curves_of_learning_and_of_random_order(tickets, tmp_path):
    # when tickets are played again
    result = run("--texts", tickets, "--text", "body", "--label", "topic", "--id", "ticket", "--split", "part",
                 "--policy", "learning", "--budget", 60, "--seeds", 2, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert (facts["texts"], facts["judges"], facts["labels"]) == (180, 60, 3)
    # then every size of both orders and seeds has its line, with an interval around it
    curve = table(tmp_path / "out" / "curve.csv")
    assert list(curve[0]) == ["policy", "seed", "labels", "accuracy", "macro_f1", "low", "high"]
    assert {(row["policy"], row["seed"]) for row in curve} == {(p, s) for p in ("learning", "random") for s in "01"}
    assert all(float(row["low"]) <= float(row["accuracy"]) <= float(row["high"]) for row in curve)
    assert {row["labels"] for row in curve} >= {"20", "60"}
    # and no text that judges was ever asked, none twice
    asked = table(tmp_path / "out" / "reveals.csv")
    judges = {row["ticket"] for row in table(tickets) if row["part"] == "test"}
    for policy in ("learning", "random"):
        own = [row["task"] for row in asked if row["policy"] == policy and row["seed"] == "0"]
        assert len(own) == len(set(own)) == 60
        assert not judges & set(own)
    assert set(facts["needed"]) == {"learning", "random", "times_fewer"}


def test_without_budget_it_ends_when_it_is_good_and_says_how_many_labels_that_took(tickets, tmp_path):
    result = run("--texts", tickets, "--text", "body", "--label", "topic", "--policy", "learning", "--seeds", 1,
                 "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "'learning' needs" in result.output
    assert "'random' needs" in result.output
    assert "curve.csv" in result.output
    # and it is refused to write over it, unless asked to
    again = ["--texts", tickets, "--text", "body", "--label", "topic", "--policy", "random", "--seeds", 1,
             "--out", tmp_path / "out"]
    assert run(*again).exit_code == 1
    assert run(*again, "--force").exit_code == 0


@pytest.mark.parametrize(("words", "said"), [
    (["--policy", "learning"], "either --answers FILE or --texts FILE"),
    (["--texts", "{file}", "--policy", "learning"], "--text COL and --label COL"),
    (["--answers", "{file}", "--policy", "uniform"], "--budget"),
    (["--answers", "{file}", "--policy", "uniform", "--budget", "3", "--id", "x"], "--id goes with --texts"),
    (["--texts", "{file}", "--text", "body", "--label", "topic", "--cap", "2", "--policy", "random"], "--cap"),
])
def test_a_wrong_call_says_what_is_missing(tickets, tmp_path, words, said):
    result = run(*[word.format(file=tickets) for word in words], "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("change", "said"), [
    (lambda rows: [row | {"topic": "food"} for row in rows], "nothing to learn"),
    (lambda rows: [row | {"part": "train"} for row in rows], "0 rows are left to judge"),
    (lambda rows: [row | {"ticket": "t1"} for row in rows], "came before"),
    (lambda rows: [row | {"body": " "} for row in rows], "row 1, column 'body': empty"),
    (lambda rows: [{k: v for k, v in row.items() if k != "topic"} for row in rows], "there is no column 'topic'"),
])
def test_bad_files_are_refused_with_the_place(tickets, tmp_path, change, said):
    rows = change(table(tickets))
    with tickets.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    result = run("--texts", tickets, "--text", "body", "--label", "topic", "--id", "ticket", "--split", "part",
                 "--policy", "learning", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "out").exists()


def test_an_unknown_policy_names_those_there_are(tickets, tmp_path):
    result = run("--texts", tickets, "--text", "body", "--label", "topic", "--policy", "information",
                 "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "learning, random" in result.output
