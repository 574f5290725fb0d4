"""`cueloop quality` on files that nobody meant for it: a clear sentence or a defined result, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop.settings import Settings

REGION = {"start": 1, "end": 5, "label": "PER", "unit": 0}
BOX = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "label": "cat", "unit": 0}

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
<Rating name=".." toName="text"/><Number name="a/b" toName="text"/><Number name="a b" toName="text"/>
<TextArea name="Mood" toName="text"/></View>"""


@pytest.fixture(autouse=True)
def somewhere(home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def quality(*words: str, code: int = 0) -> str:
    """What is printed; an exception is a failure of the test."""
    result = CliRunner().invoke(main, ["quality", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def facts(*words: str) -> dict[str, Any]:
    """The control's facts, from JSON without NaN."""
    def refuse(name: str) -> None:
        raise ValueError(name)

    found: dict[str, Any] = json.loads(quality(*words, "--json"), parse_constant=refuse)
    return found["controls"]


def lines(*values: Any, **more: Any) -> str:
    """A file of JSON lines: an answer each, of another annotator each, to one task."""
    rows = [{"task": "t", "annotator": f"a{n}", "value": value, **more} for n, value in enumerate(values)]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "answers.jsonl"


def table(text: str, name: str = "answers.csv") -> str:
    Path(name).write_text(text)
    return name


@pytest.mark.parametrize(("header", "sentence"), [
    ("item_id,annotator,label", "no column 'task'. The header has: item_id, annotator, label. Rename the column that"),
    ("task;annotator;label", "It is separated by semicolons"), ("task\tannotator\tlabel", "It is separated by tabs"),
    ("task,task,annotator,label", "more than one column 'task'")])
def test_a_header_that_cannot_be_used_says_what_to_do(header: str, sentence: str) -> None:
    assert sentence in quality("--answers", table(f"{header}\nt,a,x,y\n"), code=1)


def test_ratings_in_words_are_levels_in_the_order_of_the_labels() -> None:
    # given three people about twelve tasks, one of whom is always a level higher
    words = ("none", "mild", "strong")
    people = (("a", 0), ("b", 0), ("c", 1))
    rows = [f"t{t},{who},{words[min(t % 3 + off, 2)]}" for t in range(12) for who, off in people]
    file = table("task,annotator,label\n" + "\n".join(rows) + "\n")
    refused = quality("--answers", file, "--kind", "rating", code=1)
    assert "'none' is no number. Name the labels in their order" in refused
    found = facts("--answers", file, "--kind", "rating", "--labels", ",".join(words))["label"]
    assert found["agreement"]["level"] == "ordinal"
    quality("--answers", file, "--kind", "rating", "--labels", ",".join(words), "--out", "out")
    assert Path("out/consensus.csv").read_text().splitlines()[2].startswith("t1,mild,")
    # a level that is none of the labels is an error, as is a list of labels that is none
    assert "'mild' is none of --labels: none, strong" in quality(
        "--answers", file, "--kind", "rating", "--labels", "none,strong", code=1)
    assert "'none' twice" in quality("--answers", file, "--labels", "none,none", code=2)
    assert "an empty label" in quality("--answers", file, "--labels", "none,,mild", code=2)


@pytest.mark.parametrize(("kind", "value"), [
    ("number", 1e300), ("number", 10**400), ("number", float("nan")), ("number", float("inf")), ("rating", True),
    ("multi", [""]), ("taxonomy", [[""]]), ("spans", [{**REGION, "end": float("inf")}]),
    ("spans", [{**REGION, "unit": None}]), ("spans", [{**REGION, "unit": []}]), ("spans", [{**REGION, "label": " "}]),
    ("segments", [{**REGION, "start": 1e300}]), ("boxes", [{**BOX, "width": -1}]),
    ("boxes", [{**BOX, "rotation": float("nan")}]), ("boxes", [{**BOX, "rotation": "x"}]),
    ("boxes", [{**BOX, "rotation": []}]), ("polygons", [{"points": [[1, 2], [1e300, 2], [3, 3]], "label": "cat"}])])
def test_values_that_can_be_none_are_refused_with_their_line(kind: str, value: Any) -> None:
    assert "answers.jsonl, line 1" in quality("--answers", lines(value), "--kind", kind, code=1)


@pytest.mark.parametrize(("kind", "values"), [
    ("number", [1e50, -1e50, 1e-300]), ("rating", [1e50, 3]), ("spans", [[{**REGION, "end": 10**15}], [REGION]]),
    ("segments", [[{**REGION, "start": -1e15}], []]), ("boxes", [[{**BOX, "width": 1e15}], [{**BOX, "height": 0}]]),
    ("polygons", [[{"points": [[1, 1], [1, 1], [1, 1]], "label": "cat"}]] * 2)])
def test_extreme_values_have_a_defined_result(kind: str, values: list[Any]) -> None:
    assert facts("--answers", lines(*values), "--kind", kind)["label"]["consensus"]["tasks"] == 1


@pytest.mark.parametrize("text", ['{"task": "t", "annotator": "a", "value": ' + "9" * 5000 + "}",
                                  '{"task": "t", "annotator": "a", "value": ' + "[" * 100_000,
                                  '{"task": NaN, "annotator": "a", "value": 1}',
                                  '{"task": true, "annotator": "a", "value": 1}'])
def test_json_that_python_cannot_hold_is_refused(text: str) -> None:
    Path("odd.jsonl").write_text(text)
    assert "odd.jsonl, line 1" in quality("--answers", "odd.jsonl", "--kind", "number", code=1)


def test_a_name_that_is_no_text_is_written_escaped() -> None:
    file = lines(None, None, task="\ud800", label="x")
    quality("--answers", file, "--out", "out")
    assert "\\ud800,x" in Path("out/consensus.csv").read_text()


ROWS = "task,annotator,label\n" + "".join(f"t{t},a{a},{'AB'[t % 2]}\n" for t in range(12) for a in range(3))


@pytest.mark.parametrize("change", [
    {"counts": "x"}, {"annotators": [[], 1, 2]}, {"counts": [[[float("inf"), 0], [0, 0]]] * 3},
    {"counts": [[[float("nan"), 0], [0, 0]]] * 3}, {"counts": [[[-1, 0], [0, 0]]] * 3}, {"labels": 5}])
def test_a_history_that_is_none_is_refused(change: dict[str, Any]) -> None:
    file = table(ROWS)
    quality("--answers", file, "--out", "out")
    told = json.loads(Path("out/history.json").read_text())
    Path("odd.json").write_text(json.dumps(told | change))
    assert "is no history.json" in quality("--answers", file, "--history", "odd.json", code=1)


def test_a_history_of_other_answers_says_so() -> None:
    quality("--answers", table(ROWS), "--out", "out")
    other = table(ROWS.replace(",A", ",X").replace(",B", ",Y"), "other.csv")
    assert "knows nothing of these annotators" in quality(
        "--answers", other, "--history", "out/history.json", code=1)


def test_a_model_that_speaks_of_other_labels_says_so() -> None:
    model = table("task,label,probability\nt0,Z,0.5\n", "model.csv")
    assert "no line is about a label of the answers (A, B)" in quality(
        "--answers", table(ROWS), "--probabilities", model, code=1)


def exported(*annotations: dict[str, Any]) -> list[str]:
    Path("config.xml").write_bytes(b"\xef\xbb\xbf" + CONFIG.encode())
    Path("export.json").write_text(json.dumps([{"id": 7, "annotations": list(annotations)}]))
    return ["--answers", "export.json", "--label-config", "config.xml"]


def by(who: Any, *result: Any, **more: Any) -> dict[str, Any]:
    mood = {"from_name": "mood", "value": {"choices": ["good"]}}
    return {"id": 1, "completed_by": who, "result": [mood, *result], **more}


def test_odd_results_and_lead_times_of_an_export_are_no_answers() -> None:
    # given results that Label Studio keeps when somebody posts them
    odd = [5, None, {"from_name": "mood", "value": 5}, {"from_name": "a/b", "value": {"number": 10**400}},
           {"from_name": "..", "value": []}]
    found = facts(*exported(by(1, *odd, lead_time="x"), by({"id": 2}, lead_time=-5), by("c@x.org", lead_time=[1]),
                            {"id": 2, "completed_by": 9, "result": [{"from_name": "mood", "value": {"choices": 5}}]}))
    assert list(found) == ["mood"]
    assert {one["annotator"] for one in found["mood"]["annotators"]} == {"1", "2", "c@x.org"}
    for nobody in ({}, [1], "", True, None):
        assert "`completed_by` names nobody" in quality(*exported(by(nobody)), code=1)


def test_an_export_of_the_wrong_kind_says_which_to_take() -> None:
    words = exported()
    Path("export.json").write_text(json.dumps([{"id": 1, "text": "x", "mood": "good", "annotator": 1}]))
    assert "Export the project as JSON (not JSON_MIN)" in quality(*words, code=1)


def test_every_control_has_a_folder_of_its_own_inside_out(somewhere: Path) -> None:
    # given controls named like a way out, like one another without what a folder cannot have, and but for capitals
    more = [{"from_name": name, "value": {kind: 3}} for name, kind in (("..", "rating"), ("a/b", "number"),
                                                                      ("a b", "number"))]
    words = exported(*(by(n, *more, {"from_name": "Mood", "value": {"text": ["x"]}}) for n in (1, 2)))
    quality(*words, "--out", "deep/out")
    assert sorted(one.name for one in Path("deep/out").iterdir()) == ["Mood-2", "a_b", "a_b-2", "control", "mood"]
    assert [one.name for one in Path("deep").iterdir()] == ["out"]


def test_a_place_that_cannot_be_written_is_told_before_the_work(somewhere: Path) -> None:
    file = table(ROWS)
    assert "answers.csv is no folder" in quality("--answers", "none.csv", "--out", f"{file}/x", code=1)
    assert "answers.csv is no folder" in quality("--answers", "none.csv", "--out", file, "--force", code=1)
    assert "File name too long" in quality("--answers", "none.csv", "--out", "x" * 300, code=1)
    assert Path(file).read_text() == ROWS


def test_what_fails_while_writing_leaves_nothing(monkeypatch: pytest.MonkeyPatch, somewhere: Path) -> None:
    # given a disk that is full after the first files
    from console import quality_files

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    file = table(ROWS)
    monkeypatch.setattr(quality_files, "_json", full)
    assert "out: cannot be written: No space left on device" in quality("--answers", file, "--out", "out", code=1)
    assert sorted(one.name for one in somewhere.iterdir() if one.name != "home") == ["answers.csv"]
