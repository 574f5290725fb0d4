"""What a team's class finds in its base: of both generations."""

import json
import sys

import pytest

from ml_backend.compat import given, supply
from ml_backend.compat.author import Author, WrongFile
from ml_backend.compat.base import LabelStudioMLBase
from ml_backend.compat.folder import gather, lay_out
from ml_backend.compat.generation import generation, trains
from ml_backend.compat.surroundings import within
from tests.ml_backend.compat.models_at import MODELS
from tests.ml_backend.conftest import CONFIG

BOXES = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="Airplane"/><Label value="Car" predicted_values="car, truck"/></RectangleLabels>
<Text name="text" value="$text"/><Text name="far" value="$far" valueType="url"/>
<Choices name="topic" toName="far"><Choice value="a"/><Choice value="b"/></Choices></View>"""


@pytest.mark.parametrize("arguments", [
    ((), {"label_config": CONFIG, "project_id": "7"}), (("7", CONFIG), {}), ((CONFIG, {"file": "x"}), {}),
    ((), {"label_config": CONFIG, "train_output": {"file": "x"}, "hostname": "http://here", "access_token": "t"})])
def test_constructors_of_both_generations_by_name_and_by_place(arguments):
    made = LabelStudioMLBase(*arguments[0], **arguments[1])
    assert made.label_config == CONFIG
    assert made.parsed_label_config["topic"]["labels"] == ["food", "money", "sport"]
    assert json.loads(made.get("parsed_label_config")) == made.parsed_label_config
    assert made.project_id in {"7", ""}
    assert made.train_output in ({}, {"file": "x"})
    assert made.get_first_tag_occurence("Choices", "Text") == ("topic", "text", "text")


def test_values_begin_as_the_version_kept_them_and_go_their_own_ways():
    with given.giving({"words": "1"}):
        one, other = LabelStudioMLBase(), LabelStudioMLBase()
    one.set("words", "2")
    assert (one.get("words"), other.get("words"), other.has("rest")) == ("2", "1", False)


def test_versions_count_up_and_extra_params_may_be_an_object():
    made = LabelStudioMLBase(label_config=CONFIG)
    assert (made.model_version, made.bump_model_version(), made.get("model_version")) == ("0.0.1", "0.1.0", "0.1.0")
    made.set_extra_params({"a": 1})
    assert made.extra_params == {"a": 1}
    made.set_extra_params('{"a": 2}')
    assert made.extra_params == {"a": 2}


def test_labels_of_a_model_are_mapped_by_predicted_values_and_names():
    made = LabelStudioMLBase(label_config=BOXES)
    assert made.build_label_map("label", ["car", "truck", "airplane", "boat"]) == {
        "car": "Car", "truck": "Car", "airplane": "Airplane"}


def test_only_fields_that_the_config_shows_as_addresses_are_followed(tmp_path, monkeypatch):
    (tmp_path / "fetched").write_text("what lies there")
    asked = []
    made = LabelStudioMLBase(label_config=BOXES)
    monkeypatch.setattr(made, "get_local_path", lambda url, task_id: asked.append(url) or str(tmp_path / "fetched"))
    texts = ["/etc/hostname", ".", "s3: is down", "upload the file failed", "http://127.0.0.1/x", "s3://bucket/key"]
    data = {"text": texts, "image": "/data/upload/1/a.jpg", "far": "http://127.0.0.1:1/x", "n": 3, "none": None}
    found = made.preload_task_data({"id": 1}, dict(data))
    assert found == data | {"image": "what lies there"}
    assert asked == ["/data/upload/1/a.jpg"]
    monkeypatch.setenv("CUELOOP_FETCH_HOSTS", "127.0.0.1:1")
    assert made.preload_task_data({"id": 1}, dict(data), read_file=False)["far"] == str(tmp_path / "fetched")


@pytest.mark.parametrize("address", [
    "/data/../api/users?d=1", "/data/%2e%2e/api/users?d=1", "/data/%252e%252e/api?d=1", "/data/upload/../../api",
    "/data/local-files/?d=../../etc/passwd", "/data/local-files/?d=%2e%2e/x", "upload/../api", "/data/upload\\..\\api",
    "http://studio.test/api/current-user/token", "http://studio.test:81/data/x", "http://u@studio.test/data/x",
    "http://studio.test@evil.test/data/x", "https://studio.test/data/x", "http://evil.test/data/x"])
def test_our_token_is_taken_to_contents_of_label_studio_only(monkeypatch, address):
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://studio.test")
    made = LabelStudioMLBase(label_config=BOXES)
    asked = []
    monkeypatch.setattr(made, "get_local_path", lambda url, task_id: asked.append(url) or url)
    preload = lambda value: made.preload_task_data({"id": 1}, {"image": value}, read_file=False)  # noqa: E731
    assert preload(address) == {"image": address}
    assert asked == []
    preload("http://studio.test/data/upload/1/a.jpg")
    assert len(asked) == 1


def test_a_folder_of_ones_own_per_instance_even_where_the_environment_is_read_late(tmp_path):
    import os

    with within(tmp_path / "a"):
        with within(tmp_path / "b"):
            assert os.getenv("MODEL_DIR") == os.environ["MODEL_DIR"] == str(tmp_path / "b")
        assert os.environ.get("MODEL_DIR") == str(tmp_path / "a")


@pytest.mark.parametrize(("file", "expected"), [
    ("older.py", ("1.0.9", True)), ("choices.py", ("1.0.9", True)), ("alone.py", ("1.0.9", False)),
    ("counting.py", ("2.x", True)), ("spans.py", ("2.x", False)), ("functions.py", ("2.x", True))])
def test_the_generation_is_read_from_the_signatures(file, expected):
    found = Author.of(str(MODELS / file)).load()
    assert (generation(found), trains(found)) == expected


def test_each_copy_of_a_file_has_globals_of_its_own():
    author = Author.of(str(MODELS / "counting.py"))
    one, other = author.load(), author.load()
    assert one is not other
    assert one.predict.__globals__ is not other.predict.__globals__


def test_a_class_is_named_where_there_are_several_and_told_where_there_is_none(tmp_path):
    assert Author.of(str(MODELS / "several.py") + ":Second").load().__name__ == "Second"
    with pytest.raises(WrongFile, match="several: First, Second"):
        Author.of(str(MODELS / "several.py")).load()
    with pytest.raises(WrongFile, match="no LabelStudioMLBase subclass"):
        Author.of(str(MODELS / "keywords.py")).load()
    with pytest.raises(WrongFile, match="'Third'"):
        Author.of(str(MODELS / "several.py") + ":Third").load()


def test_packages_of_old_are_found_in_the_sdk_and_the_server_is_not(tmp_path):
    supply.supply(real=False)
    from label_studio_tools.core.label_config import parse_config

    assert parse_config(CONFIG)["topic"]["type"] == "Choices"
    with pytest.raises(ImportError, match="takes the place of"):
        import label_studio_ml.api  # noqa: F401
    supply.withdraw()
    assert "label_studio_ml" not in sys.modules


def test_files_are_laid_out_as_they_were_written_and_again_when_they_were_spoilt(tmp_path):
    from cueloop.errors import ModelError
    from ml_backend.artifacts import BLOBS, Artifacts

    (tmp_path / "trained" / "deep").mkdir(parents=True)
    (tmp_path / "trained" / "deep" / "weights").write_bytes(b"1234")
    artifacts = Artifacts(f"file://{tmp_path}/artifacts")
    hashes = artifacts.write(gather(tmp_path / "trained"))
    folder = lay_out(artifacts, BLOBS, hashes, tmp_path)
    assert lay_out(artifacts, BLOBS, hashes, tmp_path) == folder
    (folder / "deep" / "weights").write_bytes(b"spoilt")
    assert lay_out(artifacts, BLOBS, hashes, tmp_path) == folder
    assert (folder / "deep" / "weights").read_bytes() == b"1234"
    with pytest.raises(ModelError, match="outside its folder"):
        lay_out(artifacts, BLOBS, {"../weights": "0"}, tmp_path)
    next(path for path in (tmp_path / "artifacts" / BLOBS).rglob("*") if path.is_file()).write_bytes(b"evil")
    (folder / "deep" / "weights").write_bytes(b"spoilt")
    with pytest.raises(ModelError, match="SHA-256"):
        lay_out(artifacts, BLOBS, hashes, tmp_path)
