"""`cueloop models export`: a folder with which label-studio-ml's own server serves a model of ours."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop.store import Store
from cueloop.store.schema import model_versions
from ml_backend import registry
from ml_backend.compat import ours_app
from ml_backend.predictions import OUT_OF_FOLD
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.server import task, train_now


@pytest.fixture
def run(home, tmp_path, monkeypatch):
    """Runs `cueloop models export` in a home with a model `topics` in service."""
    store = Store.open(home.store_url)
    train_now(home, store, [dataset(examples(90))])
    store.close()
    monkeypatch.chdir(tmp_path)

    def runs(*arguments, code=0):
        result = CliRunner().invoke(main, ["models", "export", *arguments, "--as", "label-studio-ml"])
        assert result.exit_code == code, result.output
        return result.output
    return runs


def test_a_version_goes_along_whole_and_without_what_it_was_trained_on(run, home, tmp_path):
    said = json.loads(run("topics", "out", "--json"))
    folder = tmp_path / "out"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "_wsgi.py", "home", "model.py",
                                                              "requirements.txt"]
    assert said["version"] in (folder / "model.py").read_text()
    assert not list(folder.rglob(OUT_OF_FOLD))
    assert "flask==" in (folder / "requirements.txt").read_text()
    # When the folder is elsewhere and the home is gone
    (tmp_path / "home").rename(tmp_path / "gone")
    folder.rename(tmp_path / "moved")
    try:
        door = ours_app.behind(f"topics@{said['version']}", tmp_path / "moved" / "home")
        answer = door.post("/predict", json={"tasks": [task("bread and soup")], "label_config": CONFIG}).get_json()
        assert answer["results"][0]["result"][0]["value"]["choices"] == ["food"]
        assert answer["results"][0]["model_version"] == said["version"]
    finally:
        ours_app.close()


def test_one_that_follows_has_no_model(run, tmp_path):
    assert "topics@champion" in run("topics", "out", "--follow")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.md", "_wsgi.py", "model.py",
                                                                          "requirements.txt"]
    assert "CUELOOP_HOME" in (tmp_path / "out" / "README.md").read_text()
    run("topics@champion", "other", "--follow", code=2)


def test_a_folder_that_exists_is_replaced_only_by_force_and_only_if_it_is_ours(run, tmp_path):
    run("topics", "out", "--follow")
    assert "--force" in run("topics", "out", code=1)
    run("topics", "out", "--force")
    assert (tmp_path / "out" / "home").is_dir()
    # When something of somebody's lies in it, or all of it is somebody's
    (tmp_path / "out" / "mine").write_text("mine")
    (tmp_path / "other").mkdir()
    for folder in ("out", "other", "."):
        assert "not replaced" in run("topics", folder, "--force", code=1)
    assert (tmp_path / "out" / "mine").read_text() == "mine"


def test_a_version_with_a_damaged_file_leaves_nothing(run, home, tmp_path):
    max((path for path in (home.home / "artifacts").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
        ).write_bytes(b"cut")
    assert "SHA-256" in run("topics", "out", code=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_what_is_no_model_of_ours_is_refused(run, home, monkeypatch):
    monkeypatch.setitem(registry.LOADERS, "strange", "nowhere:nothing")
    store = Store.open(home.store_url)
    with store.write() as conn:
        conn.execute(model_versions.update().values(kind="strange"))
    store.close()
    assert "cueloop serve" in run("topics", "out", code=1)
