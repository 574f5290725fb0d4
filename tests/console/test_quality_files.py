"""`cueloop quality` on every kind of file: shapes of answers, exports, a model's probabilities, earlier history."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import main
from console.cli.quality import METHODS as OFFERED
from cueloop.settings import Settings
from sync import methods

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
<Labels name="names" toName="text"><Label value="PER"/><Label value="LOC"/></Labels></View>"""


def run(*words: str, code: int = 0) -> Any:
    """Run `cueloop quality`."""
    result = CliRunner().invoke(main, ["quality", *words])
    assert result.exit_code == code, result.output
    return result


def answers(path: Path, rows: list[tuple[Any, ...]]) -> str:
    path.write_text("task,annotator,label\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return str(path)


def table(path: Path) -> dict[str, dict[str, str]]:
    rows = list(csv.DictReader(path.read_text().splitlines()))
    return {row.get("task") or row["annotator"]: row for row in rows}


def span(start: int, end: int, label: str = "PER") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def test_the_methods_offered_are_those_that_there_are() -> None:
    assert set(OFFERED) == set(methods.METHODS)


def test_spans_in_json_lines_give_consensus_regions(home: Settings, tmp_path: Path) -> None:
    # given three people who mark a name, one of them a character too long, and one who marks nothing
    file, out = tmp_path / "spans.jsonl", tmp_path / "out"
    rows = [{"task": f"t{t}", "annotator": who, "value": value} for t in range(12) for who, value in (
        ("ann", [span(0, 9)]), ("bob", [span(0, 9)]), ("cid", [span(0, 10)]), ("dora", []))]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = run("--answers", str(file), "--kind", "spans", "--out", str(out)).output
    # then each task has that one span, and annotators their precision and recall
    found = [json.loads(line) for line in (out / "consensus.jsonl").read_text().splitlines()]
    assert {row["task"] for row in found} == {f"t{t}" for t in range(12)}
    assert [(r["start"], r["end"], r["label"]) for r in found[0]["value"]] == [(0, 9, "PER")]
    people = table(out / "annotators.csv")
    assert float(people["ann"]["accuracy"]) > float(people["dora"]["accuracy"])
    assert json.loads((out / "agreement.json").read_text())["value"] is not None
    assert "consensus.jsonl" in said


def test_an_export_of_label_studio_has_each_control_in_a_folder(home: Settings, tmp_path: Path) -> None:
    # given an export with a choice and names, a skip, an import that Label Studio calls ground truth, two answers
    def made(who: str, mood: str, *spans: tuple[int, int], **more: Any) -> dict[str, Any]:
        result = [{"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [mood]}}]
        result += [{"from_name": "names", "to_name": "text", "type": "labels",
                    "value": {"start": a, "end": b, "text": "x", "labels": ["PER"]}} for a, b in spans]
        return {"completed_by": {"email": who}, "result": result, "lead_time": 4.0,
                "updated_at": "2026-01-01T00:00:00Z", **more}

    tasks = [{"id": t, "annotations": [
        made("ann@x.y", "good", (0, 4)), made("bob@x.y", "good", (0, 4)),
        made("bob@x.y", "bad", updated_at="2025-01-01T00:00:00Z"), made("cid@x.y", "bad", was_cancelled=True),
        made("dora@x.y", "bad", ground_truth=True, updated_by=None)]} for t in range(3)]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    (tmp_path / "config.xml").write_text(CONFIG)
    out = tmp_path / "out"
    facts = json.loads(run("--answers", str(tmp_path / "export.json"), "--label-config", str(tmp_path / "config.xml"),
                           "--out", str(out), "--json").stdout)
    assert set(facts["controls"]) == {"mood", "names"}
    assert {row["label"] for row in table(out / "mood" / "consensus.csv").values()} == {"good"}
    assert set(table(out / "mood" / "annotators.csv")) == {"ann@x.y", "bob@x.y", "dora@x.y"}
    assert (out / "names" / "consensus.jsonl").exists()
    # and without its label config it cannot be read
    assert "--label-config" in run("--answers", str(tmp_path / "export.json"), code=1).output


@pytest.mark.parametrize(("kind", "said", "expected"), [
    ("multi", ["a|b", "b|a", "a"], ["a", "b"]), ("rating", ["4", "4", "5"], 4), ("number", ["10", "10.2", "9.8"], 10),
    ("taxonomy", ["x>y", "x>y", "x>z"], [["x", "y"]]), ("text", ["hello you", "hello you", "hullo you"], ["hello you"]),
])
def test_a_csv_cell_of_every_kind(home: Settings, tmp_path: Path, kind: str, said: list[str], expected: Any) -> None:
    # given three people who say about the same of every task
    rows = [(f"t{t}", f"w{w}", text) for t in range(15) for w, text in enumerate(said)]
    run("--answers", answers(tmp_path / "a.csv", rows), "--kind", kind, "--out", str(tmp_path / "out"))
    row = table(tmp_path / "out" / "consensus.csv")["t0"]
    found = json.loads(row["value"])
    assert (found == expected if not isinstance(expected, int) else
            abs((found["value"] if isinstance(found, dict) else found) - expected) < 0.5)
    assert 0 <= float(row["probability"]) <= 1


def test_a_distribution_has_no_winner(home: Settings, tmp_path: Path) -> None:
    rows = [(f"t{t}", f"w{w}", ("funny", "sad")[w % 2]) for t in range(15) for w in range(10)]
    run("--answers", answers(tmp_path / "a.csv", rows), "--kind", "distribution", "--out", str(tmp_path / "out"))
    row = table(tmp_path / "out" / "consensus.csv")["t0"]
    assert row["label"] == ""
    shares = json.loads(row["value"])["distribution"]
    assert shares["funny"]["low"] < 0.5 < shares["funny"]["high"]


LINES = [(f"t{t}", f"w{w}", "good" if t % 2 else "bad") for t in range(60) for w in range(3)]


@pytest.mark.parametrize("shape", ["wide", "long"])
def test_a_model_joins_as_one_more_voice(home: Settings, tmp_path: Path, shape: str) -> None:
    # given people who err on every fourth task, each on others, and a model that is right all the time
    truth = {f"t{t}": "good" if t % 2 else "bad" for t in range(120)}
    file = answers(tmp_path / "a.csv", [
        (f"t{t}", f"w{w}", "good" if (t % 2 == 1) != ((t + w) % 4 == 0) else "bad") for t in range(120)
        for w in range(3)])
    told = tmp_path / "p.csv"
    if shape == "wide":
        told.write_text("task,bad,good\n" + "".join(
            f"{task},{0.95 if label == 'bad' else 0.05},{0.05 if label == 'bad' else 0.95}\n"
            for task, label in truth.items()))
    else:
        told.write_text("id,label,score\n" + "".join(f"{task},{label},0.95\n" for task, label in truth.items()))
    alone = json.loads(run("--answers", file, "--json").stdout)["controls"]["label"]
    joined = json.loads(run("--answers", file, "--probabilities", str(told), "--json").stdout)["controls"]["label"]
    # then it has learned a weight, and the consensus is surer than without
    assert joined["model"]["weight"] > 0
    assert joined["consensus"]["mean_probability"] > alone["consensus"]["mean_probability"]
    # and people are judged by people alone
    assert joined["annotators"] == alone["annotators"]


@pytest.mark.parametrize(("text", "message"), [
    ("name,bad,good\nt0,1,0\n", "no column 'task'"), ("task,x,y\nt0,1,0\n", "neither columns"),
    ("task,bad,good\nt0,1.5,0\n", "line 2, column 'bad': '1.5' is no probability"),
    ("task,bad,good\nt0,0.9,0.9\n", "sum to 1.8"), ("task,bad,good\nother,1,0\n", "no line is about a task"),
])
def test_bad_probabilities_are_named(home: Settings, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    said = run("--answers", answers(tmp_path / "a.csv", LINES), "--probabilities", str(tmp_path / "p.csv"),
               code=1).output
    assert message in said


def test_what_was_known_of_an_annotator_is_taken_along(home: Settings, tmp_path: Path) -> None:
    # given somebody who is known to say the opposite, and a new file where he is one of two
    lines = [(f"t{t}", f"w{w}", "good" if (t % 2 == 1) != (w == 3) else "bad") for t in range(40) for w in range(4)]
    run("--answers", answers(tmp_path / "old.csv", lines), "--out", str(tmp_path / "old"))
    file = answers(tmp_path / "new.csv", [(f"n{t}", "w3", "good") for t in range(6)] + [
        (f"n{t}", "new", "bad") for t in range(6)])
    run("--answers", file, "--history", str(tmp_path / "old" / "history.json"), "--out", str(tmp_path / "new"))
    # then his word counts for its opposite
    assert {row["label"] for row in table(tmp_path / "new" / "consensus.csv").values()} == {"bad"}
    assert min(float(r["probability"]) for r in table(tmp_path / "new" / "consensus.csv").values()) > 0.7
    assert "is no history.json" in run("--answers", file, "--history", file, code=1).output


def test_of_few_answers_nothing_is_told(home: Settings, tmp_path: Path) -> None:
    file = answers(tmp_path / "a.csv", [*LINES, ("t0", "guest", "bad")])
    people = {r["annotator"]: r for r in json.loads(run("--answers", file, "--json").stdout)["controls"]["label"][
        "annotators"]}
    assert people["guest"]["accuracy"] is None
    assert people["guest"]["reason"] == "fewer than 10 answers"
    assert people["w0"]["accuracy"] is not None
    assert "fewer than 10 answers" in run("--answers", file).output
    told = json.loads(run("--answers", file, "--least", "1", "--json").stdout)["controls"]["label"]["annotators"]
    assert all(person["accuracy"] is not None for person in told)


@pytest.mark.parametrize("method", OFFERED)
def test_every_method(home: Settings, tmp_path: Path, method: str) -> None:
    out = tmp_path / "out"
    run("--answers", answers(tmp_path / "a.csv", LINES), "--method", method, "--out", str(out))
    assert table(out / "consensus.csv")["t1"]["label"] == "good"


@pytest.mark.parametrize(("line", "message"), [
    ("{", "line 1, column 1: not valid JSON"), ("[]", "an answer is an object"), ('{"task": "t"}', "'annotator'"),
    ('{"task": "t", "annotator": "a", "value": 3}', "the value of spans is a list"),
    ('{"task": "t", "annotator": "a", "value": [{"start": 1, "label": "x"}]}', "needs the number `end`"),
    ('{"task": "t", "annotator": "a", "value": [{"start": 3, "end": 1, "label": "x"}]}', "before it starts"),
    ('{"task": "t", "annotator": "a", "value": [], "answered_at": "now"}', "no ISO 8601"),
    ('{"task": "t", "annotator": "a", "value": [], "seconds": "long"}', "no number of seconds"),
])
def test_bad_lines_are_named(home: Settings, tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "a.jsonl").write_text(line + "\n")
    said = run("--answers", str(tmp_path / "a.jsonl"), "--kind", "spans", code=1).output
    assert f"{tmp_path / 'a.jsonl'}" in said
    assert message in said
