"""Versions of a model whose files are small."""

import pytest

from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.training import train
from tests.ml_backend.conftest import dataset, examples


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "artifacts"


@pytest.fixture
def artifacts(folder):
    return Artifacts(f"file://{folder}")


@pytest.fixture(scope="session")
def bundle():
    return Bundle((train(dataset(examples(60))).head,))


@pytest.fixture
def keep(store, artifacts):
    """Keeps a version with these files; without any, with one of its own and one that all share."""
    count = [0]

    def go(name="topics", **files):
        count[0] += 1
        content = {key: value.encode() for key, value in files.items()} or {
            "own": f"{name} {count[0]}".encode(), "shared": b"an encoder"}
        return registry.keep(store, artifacts, content, {"controls": {}, "parent": None}, name=name, kind="text-linear")
    return go


@pytest.fixture
def promote(store):
    return lambda version, **how: registry.promote(store, version, actor="test", reason="", **how)


@pytest.fixture
def champion(store):
    def of(name="topics"):
        with store.read() as conn:
            return registry.resolve(conn, name)
    return of
