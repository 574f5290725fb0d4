"""`cueloop quality`: the same facts for a project and for a CSV file, and clear words for bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store, annotators
from tests.sync import quality_store as given

OURS = ("annotator", "name", "skips", "card")
"""What a project knows beyond a file: who people are, and what the store says of them."""

ANSWERS = [(f"t{t}", f"w{w}", "good" if (t + (w == 3)) % 2 else "bad") for t in range(12) for w in (1, 2, 3, 4)]
"""Four people; the third always says the opposite."""


def write(path: Path, rows: list[tuple[str, ...]], header: str = "task,annotator,label") -> str:
    """A CSV file of answers."""
    path.write_text(header + "\n" + "".join(",".join(row) + "\n" for row in rows))
    return str(path)


def run(*words: str, code: int = 0) -> Any:
    """Run `cueloop quality`."""
    result = CliRunner().invoke(main, ["quality", *words])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("column", ["annotator", "worker"])
def test_recorded_answers_give_three_files(home: Settings, tmp_path: Path, column: str) -> None:
    out = tmp_path / "quality"
    said = run("--answers", write(tmp_path / "a.csv", ANSWERS, f"task,{column},label"), "--out", str(out)).output
    consensus = {row["task"]: row for row in csv.DictReader((out / "consensus.csv").read_text().splitlines())}
    people = {row["annotator"]: row for row in csv.DictReader((out / "annotators.csv").read_text().splitlines())}
    agreement = json.loads((out / "agreement.json").read_text())
    assert [row["label"] for row in consensus.values()] == ["bad", "good"] * 6
    assert {row["answers"] for row in consensus.values()} == {"4"}
    assert all(float(row["probability"]) > 0.8 for row in consensus.values())
    assert float(people["w1"]["low"]) > 0.7
    assert float(people["w3"]["high"]) < 0.4
    assert list(people["w1"])[:5] == ["annotator", "answers", "accuracy", "low", "high"]
    assert agreement["value"] == pytest.approx(0.02, abs=0.05)
    assert (agreement["tasks"], agreement["answers"]) == (12, 48)
    assert "w3" in said


def test_a_project_and_a_file_tell_the_same(home: Settings, tmp_path: Path) -> None:
    # given the same answers in the store and in a file, and nothing computed yet
    store = Store.open(home.store_url)
    keys = given.project(store, tasks=12)
    given.answers(store, 1, [(keys[int(t[1:])], int(w[1:]), label) for t, w, label in ANSWERS])
    with store.write() as conn:
        annotators.put(conn, [{"id": n, "email": f"p{n}@example.com", "first_name": f"Person {n}"}
                              for n in range(1, 5)])
    store.close()
    # when both are asked
    project = json.loads(run("--project", "1", "--json").stdout)["controls"]["mood"]
    file = json.loads(run("--answers", write(tmp_path / "a.csv", ANSWERS), "--json").stdout)["controls"]["label"]
    # then every fact is equal, but for names
    cuts = {"by_label", "by_pair", "over_time"}     # in the order of the config, of people, and of the clock
    assert {k: v for k, v in project["agreement"].items() if k not in cuts} == {
        k: v for k, v in file["agreement"].items() if k not in cuts}
    assert project["consensus"]["mean_probability"] == file["consensus"]["mean_probability"]
    by_name = [{k: v for k, v in r.items() if k not in OURS} for r in project["annotators"]]
    assert by_name == [{k: v for k, v in r.items() if k not in OURS} for r in file["annotators"]]
    assert "Person 3" in run("--project", "1").output


def test_pairs_of_annotators_are_told_by_their_names(home: Settings) -> None:
    # given a project in which Wil always says the opposite
    store = Store.open(home.store_url)
    with store.write() as conn:
        annotators.put(conn, [{"id": n, "email": f"{name}@example.com", "first_name": name.title()}
                              for n, name in enumerate(("ann", "bob", "wil"), 1)])
    keys = given.project(store, tasks=12)
    given.answers(store, 1, [(key, who, "good" if (at + (who == 3)) % 2 else "bad")
                             for at, key in enumerate(keys) for who in (1, 2, 3)])
    store.close()
    # when its quality is told, then the pairs that agree least are people, not numbers
    said = run("--project", "1").output
    assert "Ann and Wil: " in said
    assert "Bob and Wil: " in said


def test_the_last_of_two_answers_counts_and_it_says_so(home: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [("t1", "w1", "bad"), ("t1", "w2", "good"), ("t1", "w1", "good")])
    facts = json.loads(run("--answers", file, "--json").stdout)
    assert facts["replaced"] == 1
    assert facts["controls"]["label"]["consensus"]["labels"] == {"good": 1.0}
    assert "1 answers replace an earlier one" in run("--answers", file).output


@pytest.mark.parametrize(("text", "message"), [
    ("task,who,label\nt,w,x\n", "line 1: no column 'annotator' or 'worker'. The header has: task, who, label"),
    ("task,worker,annotator,label\n", "line 1: more than one column 'annotator' or 'worker'"),
    ("", "line 1: no column 'task'. The header has: nothing"),
    ("task,worker,label\nt1,w1,x\nt2,,x\n", "line 3, column 'annotator': is empty"),
    ("task,worker,label\nt1,w1\n", "line 2, column 'label': is empty"),
    ('task,worker,label\nt1,w1,"x\n', "line 2: unexpected end of data"),
    ("task,worker,label\n", "no answers below the header"),
])
def test_bad_input_names_file_line_and_column(home: Settings, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(text)
    said = run("--answers", str(file), code=1).output
    assert said.startswith(f"cueloop: {file}")
    assert message in said


def test_a_file_that_is_not_there_or_not_text(home: Settings, tmp_path: Path) -> None:
    assert "No such file" in run("--answers", str(tmp_path / "none.csv"), code=1).output
    (tmp_path / "latin.csv").write_bytes("task,worker,label\nt,Jörg,x\n".encode("latin-1"))
    assert "is not UTF-8" in run("--answers", str(tmp_path / "latin.csv"), code=1).output


def test_a_folder_with_something_in_it_is_refused_without_force(home: Settings, tmp_path: Path) -> None:
    file, out = write(tmp_path / "a.csv", ANSWERS), tmp_path / "out"
    out.mkdir()
    run("--answers", file, "--out", str(out))
    assert "exists already" in run("--answers", file, "--out", str(out), code=1).output
    run("--answers", file, "--out", str(out), "--force")


def test_a_project_without_answers_is_told_so(home: Settings) -> None:
    store = Store.open(home.store_url)
    given.project(store, tasks=2)
    store.close()
    said = run("--project", "1").output
    assert "no answers yet" in said
    assert "no task has two answers" in said
