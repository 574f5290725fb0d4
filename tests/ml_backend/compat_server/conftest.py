"""The real label-studio-ml 1.0.9, in an environment of its own, in front of a model of ours."""

from __future__ import annotations

import os

import pytest
from pydantic import SecretStr

from benchmarks import upstream
from cueloop.errors import PartFailed
from cueloop.store import Store
from tests.ml_backend import server as serving
from tests.ml_backend.conftest import CONFIG, dataset, examples

LABEL_STUDIO = "heartex/1.23.2"
"""Its User-Agent: what it is answered is stored."""


@pytest.fixture(scope="session")
def real_python():
    """The Python that has label-studio-ml 1.0.9; where there is no network it may be missing, but never in CI."""
    try:
        return upstream.python()
    except PartFailed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    """Settings of a home with a trained model `topics`, without a password."""
    settings = serving.settings_in(tmp_path_factory.mktemp("home")).model_copy(update={"ml_password": SecretStr("")})
    store = Store.open(settings.store_url)
    serving.train_now(settings, store, [dataset(examples(90))])
    store.close()
    return settings


def setup(client, project="1.1795339044", config=CONFIG):
    """The version that /setup tells, asked as Label Studio asks."""
    body = {"project": project, "schema": config, "hostname": "http://localhost:8080", "access_token": "a token",
            "extra_params": None}
    return client.post("/setup", json=body).raise_for_status().json()["model_version"]


def first(answer):
    """The likeliest of what was answered to a task: Label Studio gets alternatives in a list."""
    return answer[0] if isinstance(answer, list) else answer
