"""A real Label Studio in front of label-studio-ml's own server in front of a model of ours."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from benchmarks import upstream
from console.cli import main
from cueloop.label_studio import LabelStudio
from cueloop.store import Store
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.server import train_now

pytestmark = pytest.mark.label_studio


def test_label_studio_connects_and_stores_each_prediction_once(
        real_python, label_studio, project_factory, home, tmp_path):
    # Given an exported model behind `label-studio-ml start`, connected to a project
    store = Store.open(home.store_url)
    train_now(home, store, [dataset(examples(90))])
    store.close()
    done = CliRunner().invoke(main, ["models", "export", "topics", str(tmp_path / "out"), "--as", "label-studio-ml",
                                     "--json"])
    version = json.loads(done.output)["version"]
    url, process = upstream.command(tmp_path / "out")
    try:
        with LabelStudio(label_studio.url, label_studio.admin_token) as client:
            some = examples(6, seed=4, clear=0.9)
            number = project_factory(label_studio, tasks=[{"text": e.text} for e in some], label_config=CONFIG)
            ids = sorted(row["id"] for row in client.all_ids(number))
            assert client.create_ml_backend(number, url, title="Theirs")["state"] == "CO"
            # When it asks for predictions twice
            for _ in range(2):
                client._http.call("POST", "/api/dm/actions", json={"selectedItems": {"all": False, "included": ids}},
                                  params={"id": "retrieve_tasks_predictions", "project": number})
            # Then every task has each version once: /setup told the version that the predictions carry
            for one, example in zip(ids, some, strict=True):
                stored = client.task(one)["predictions"]
                versions = [p["model_version"] for p in stored]
                assert len(versions) == len(set(versions))
                [best] = [p for p in stored if p["model_version"] == version]
                assert best["result"][0]["value"]["choices"] == [example.label]
    finally:
        process.stop()
