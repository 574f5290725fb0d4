"""Names and files that lead elsewhere: in a version's row, in the folder of a class, in what is pushed."""

import gzip
import json
import os
from dataclasses import replace

import pytest

from cueloop.errors import CueloopError, DataError, ModelError
from cueloop.store import predictions
from ml_backend import registry
from ml_backend.artifacts import BLOBS, Artifacts, sha256
from ml_backend.compat.folder import fill, gather, lay_out
from ml_backend.elsewhere import files
from ml_backend.elsewhere.push import Source, push
from tests.ml_backend.conftest import Project, examples

AWAY = ["../secret", "a/../../secret", "/etc/passwd", "a//b", "./a", "a\\..\\b", "", "a/.", "file:///etc/passwd",
        "a\nb", "\x00"]


@pytest.fixture
def artifacts(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    return Artifacts(f"file://{tmp_path / 'artifacts'}")


@pytest.mark.parametrize("name", AWAY)
def test_a_name_that_leads_away_is_neither_read_nor_written(artifacts, tmp_path, name):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError, match="cannot be a file"):
        artifacts.read("models/m/1", {name: sha256(b"secret")})
    with pytest.raises(ModelError, match="cannot be a file"):
        artifacts.read(BLOBS, {name: sha256(b"secret")})
    with pytest.raises(ModelError, match="cannot be a file"):
        artifacts.read(BLOBS, {"a": name})
    with pytest.raises(ModelError, match="cannot be a file"):
        artifacts.write({"good": b"1", name: b"2"})
    with pytest.raises(ModelError):
        lay_out(artifacts, "models/m/1", {name: sha256(b"secret")}, tmp_path / "home")
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.is_file()] == []


@pytest.mark.parametrize("path", ["..", "../..", "models/../..", "/tmp"])
def test_a_version_whose_row_points_elsewhere_is_not_loaded(artifacts, settings, store, train, path):
    train()
    with store.read() as conn:
        version = registry.resolve(conn, "topics")
    with pytest.raises(ModelError):
        registry.load(Artifacts(settings.artifacts), replace(version, path=path), store)


def test_a_class_finds_its_files_in_folders_of_its_own(artifacts, tmp_path):
    hashes = artifacts.write({"a": b"1", "deep/b": b"2"})
    old = os.umask(0)
    try:
        folder = lay_out(artifacts, BLOBS, hashes, tmp_path / "home")
        fill(tmp_path / "work", artifacts, BLOBS, hashes)
    finally:
        os.umask(old)
    assert (folder.stat().st_mode & 0o777, (tmp_path / "work").stat().st_mode & 0o777) == (0o700, 0o700)


@pytest.mark.parametrize("make", [
    lambda place, target: place.symlink_to(target), lambda place, target: place.symlink_to("../secret"),
    lambda place, target: place.symlink_to(target.parent), lambda place, target: os.mkfifo(place),
    lambda place, target: place.symlink_to(place)])
def test_a_link_or_a_pipe_in_the_folder_of_a_class_is_no_part_of_a_version(tmp_path, make):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "model.bin").write_bytes(b"1")
    make(tmp_path / "made" / "more", tmp_path / "secret")
    with pytest.raises(ModelError, match="more"):
        gather(tmp_path / "made")


def test_a_file_that_is_altered_where_it_was_laid_out_is_laid_out_again(artifacts, tmp_path):
    hashes = artifacts.write({"a": b"1"})
    folder = lay_out(artifacts, BLOBS, hashes, tmp_path)
    (folder / "a").unlink()
    (folder / "a").symlink_to(tmp_path / "secret")
    assert (lay_out(artifacts, BLOBS, hashes, tmp_path) / "a").read_bytes() == b"1"


# --- predictions from elsewhere -----------------------------------------------------------------------------------

@pytest.fixture
def pushed(store, tmp_path):
    """Pushes the bytes of a file to a project of three tasks; its count of new predictions, or what is wrong."""
    Project(store).add(examples(3), labelled=False)

    def go(content, name="said.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        try:
            return push(store, 1, Source(path), "llm", "one", actor="test").count.new
        except CueloopError as error:
            return str(error)
    return go


def line(**fields):
    return json.dumps({"task": 1, "label": "food", **fields}).encode() + b"\n"


@pytest.mark.parametrize("content", [
    line(score=float("nan")), line(score=float("inf")), line(score=-0.1),
    b'{"task": 1, "label": "food", "score": 1e400}', b'{"task": 1, "label": "food", "explanation": {"a": 1e400}}',
    line(probabilities={"food": float("nan"), "money": 1}), line(task=True), line(task=1.5), line(task="1 OR 1=1"),
    line(task=10**30), line(task=-1), line(label="=HYPERLINK(1)"), line(label=["food"]), line(label={"a": 1}),
    line(explanation={"weight": float("nan")}), line(explanation={"a": [float("inf")]}), line() + line(),
    line() + line(label="money"), gzip.compress(line()), b"PK\x03\x04" + bytes(100), b"\xff\xfe" + line(),
    b"[" * 100_000,
    b'{"task": 1' + b"0" * 5_000 + b', "label": "food"}', b'{"task": 1, "label": "\\ud83d"}',
    line(result=[{"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["food"]},
                  "score": float("nan")}])], ids=range(25))
def test_what_cannot_be_is_refused_and_nothing_is_written(pushed, store, content):
    said = pushed(content)
    assert isinstance(said, str), said
    assert "Traceback" not in said
    assert len(said) < 2_000
    with store.read() as conn:
        assert not predictions.of_tasks(conn, "llm", "one", [1, 2, 3])


@pytest.mark.parametrize("content", [
    b"\xef\xbb\xbf" + line(), line().replace(b"\n", b"\r\n") + b"\r\n\r\n", line(explanation="x" * 1_000_000),
    line(explanation="\x00 and \ud83d half"), line(explanation={"=1+1": "@cmd"})])
def test_what_is_odd_and_clear_is_taken_and_served_as_json(pushed, store, content):
    assert pushed(content) == 1
    with store.read() as conn:
        [row] = predictions.of_tasks(conn, "llm", "one", [1])[1]
    json.dumps(row.explanation, allow_nan=False)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
def test_a_pipe_a_folder_and_a_device_are_no_files_of_predictions(tmp_path, make, suffix):
    path = tmp_path / f"said{suffix}"
    make(path)
    for read in (lambda: list(files.records(path)), lambda: files.sha256(path)):
        with pytest.raises(DataError, match="no regular file"):
            read()


def test_a_line_without_end_costs_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1_000)
    path = tmp_path / "said.jsonl"
    path.write_bytes(line() + b" " * 5_000 + line())
    records = files.records(path)
    assert next(records).fields["task"] == 1
    with pytest.raises(DataError, match="line 2: longer than 1000"):
        next(records)


@pytest.mark.parametrize("region", [
    {"value": {"start": float("nan"), "end": 3, "text": "abc", "labels": ["X"]}},
    {"value": {"start": 0, "end": 10**400, "text": "abc", "labels": ["X"]}},
    {"value": {"start": 0, "end": 3, "text": "abc", "labels": ["X"]}, "meta": {"why": float("inf")}},
    {"value": {"start": 0, "end": 3, "text": "abc", "labels": [["X"]]}}, {"value": ["X"]}, {}])
def test_regions_that_no_json_can_hold_are_refused(region):
    from cueloop.label_config import parse
    from ml_backend.elsewhere.told import Reading, read
    from ml_backend.elsewhere.wrong import Wrong

    config = parse('<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="X"/></Labels></View>')
    with pytest.raises(Wrong, match="result"):
        read({"task": 1, "result": [{"from_name": "l", "to_name": "t", "type": "labels"} | region]},
             Reading(config, "one"))
