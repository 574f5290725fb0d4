"""`cueloop replay`: recorded answers in; reveals and their consensus out; clear words for bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import main

ANSWERS = [(f"t{t}", f"w{w}", "good" if (t + (w == 3)) % 2 else "bad") for t in range(12) for w in (1, 2, 3, 4)]
"""Four people; the third always says the opposite."""


def write(path: Path, rows: list[tuple[str, ...]] = ANSWERS, header: str = "task,worker,label") -> str:
    """A CSV file of answers."""
    path.write_text(header + "\n" + "".join(",".join(row) + "\n" for row in rows))
    return str(path)


def run(*words: object, code: int = 0) -> Any:
    """Run `cueloop replay`."""
    result = CliRunner().invoke(main, ["replay", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("policy", ["uniform", "information"])
def test_reveals_are_recorded_pairs_in_the_order_asked_and_each_once(tmp_path: Path, policy: str) -> None:
    out = tmp_path / "out"
    said = run("--answers", write(tmp_path / "a.csv"), "--policy", policy, "--budget", 20, "--cap", 2, "--out", out)
    rows = table(out / "reveals.csv")
    assert list(rows[0]) == ["step", "task", "annotator"]
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 21)]
    pairs = {(row["task"], row["annotator"]) for row in rows}
    assert len(pairs) == 20
    assert pairs <= {(task, worker) for task, worker, _ in ANSWERS}
    assert "20 of 48 recorded answers" in said.output


def test_the_consensus_is_what_quality_says_of_the_revealed_answers(tmp_path: Path) -> None:
    # given answers that were replayed, and a file of only those that were asked for
    out = tmp_path / "out"
    run("--answers", write(tmp_path / "a.csv"), "--policy", "information", "--budget", 30, "--out", out)
    said = {(task, worker): label for task, worker, label in ANSWERS}
    asked = sorted((row["task"], row["annotator"]) for row in table(out / "reveals.csv"))
    write(tmp_path / "b.csv", [(*pair, said[pair]) for pair in asked])
    # when quality judges that file
    done = CliRunner().invoke(main, ["quality", "--answers", str(tmp_path / "b.csv"), "--out", str(tmp_path / "q")])
    assert done.exit_code == 0, done.output
    # then both files say the same of every task
    mine, theirs = ({row["task"]: (row["label"], row["answers"], round(float(row["probability"]), 4))
                     for row in table(folder / "consensus.csv")} for folder in (out, tmp_path / "q"))
    assert mine == theirs


def test_facts_as_json_count_what_was_asked(tmp_path: Path) -> None:
    # given a file in which one answer was given twice: the last one counts
    path = write(tmp_path / "a.csv", [*ANSWERS, ("t0", "w1", "good")])
    facts = json.loads(run("--answers", path, "--policy", "uniform", "--budget", 500, "--out", tmp_path / "out",
                           "--json").stdout)
    assert (facts["recorded"], facts["replaced"], facts["asked"], facts["stopped"]) == (48, 1, 48, False)
    assert (facts["least"], facts["most"], facts["answered"], facts["annotators"]) == (4, 4, 12, 4)
    assert facts["files"] == ["reveals.csv", "consensus.csv"]


def test_rules_ask_until_they_want_no_more(tmp_path: Path) -> None:
    # given rules that ask for two answers to everything, and a third where the two differ
    (tmp_path / "rules.yaml").write_text(
        "version: 1\nrules:\n"
        "  - {name: two, when: answers < 2, ask: {n: 2}}\n"
        "  - {name: torn, when: disagreement > 0 and answers < 3, ask: {n: 1}}\n")
    said = run("--answers", write(tmp_path / "a.csv"), "--policy", f"rules:{tmp_path / 'rules.yaml'}", "--budget", 48,
               "--out", tmp_path / "out", "--json")
    # then a budget for all four answers is not spent, and the consensus is of what was asked
    facts = json.loads(said.stdout)
    assert facts["stopped"]
    labels = {(task, worker): label for task, worker, label in ANSWERS}
    asked: dict[str, list[str]] = {}
    for row in table(tmp_path / "out" / "reveals.csv"):
        asked.setdefault(row["task"], []).append(labels[row["task"], row["annotator"]])
    assert len(asked) == 12
    assert all(len(given) == (2 if len(set(given[:2])) == 1 else 3) for given in asked.values())


def test_answers_marked_as_ground_truth_are_never_revealed(tmp_path: Path) -> None:
    rows = [(*row, str(row[1] == "w4").lower()) for row in ANSWERS]
    path = write(tmp_path / "a.csv", rows, "task,annotator,label,ground_truth")
    run("--answers", path, "--policy", "information", "--budget", 99, "--out", tmp_path / "out")
    assert {row["annotator"] for row in table(tmp_path / "out" / "reveals.csv")} == {"w1", "w2", "w3"}


def test_a_folder_that_has_something_is_refused_without_force(tmp_path: Path) -> None:
    words = ["--answers", write(tmp_path / "a.csv"), "--policy", "uniform", "--budget", 5, "--out", tmp_path / "out"]
    run(*words)
    before = (tmp_path / "out" / "reveals.csv").read_text()
    assert "exists already" in run(*words, "--seed", 1, code=1).output
    assert (tmp_path / "out" / "reveals.csv").read_text() == before
    run(*words, "--seed", 1, "--force")
    assert (tmp_path / "out" / "reveals.csv").read_text() != before


@pytest.mark.parametrize(("words", "code", "what"), [
    (["--policy", "best", "--budget", "5"], 1, "no policy 'best'. Policies: uniform, information"),
    (["--policy", "rules:nowhere.yaml", "--budget", "5"], 1, "nowhere.yaml"),
    (["--policy", "uniform", "--budget", "0"], 2, "--budget"),
    (["--policy", "uniform", "--budget", "5", "--cap", "0.5"], 2, "--cap"),
    (["--policy", "uniform", "--budget", "5", "--cap", "nan"], 2, "--cap is not a number"),
])
def test_a_wrong_call_is_told(tmp_path: Path, words: list[str], code: int, what: str) -> None:
    said = run("--answers", write(tmp_path / "a.csv"), *words, "--out", tmp_path / "out", code=code)
    assert what in said.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "text", "what"), [
    ("a.csv", "task,worker\nt1,w1\n", "no column 'label'"),
    ("a.csv", "task,worker,label\n", "no answers below the header"),
    ("a.json", "[]", "reads CSV or JSON lines"),
    ("a.csv", "task,worker,label,ground_truth\nt1,w1,x,true\n", "no answer that somebody could have been asked for"),
])
def test_a_file_that_cannot_be_replayed_is_told(tmp_path: Path, name: str, text: str, what: str) -> None:
    (tmp_path / name).write_text(text)
    words = ["--answers", tmp_path / name, "--policy", "information", "--budget", 5, "--out", tmp_path / "out"]
    said = run(*words, code=1)
    assert what in said.output
    assert not (tmp_path / "out").exists()
