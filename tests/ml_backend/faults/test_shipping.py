"""Faults 13, 16, 17 and 24: passwords that headers break, no figures, undeclared packages, shell strings."""

import ast
import base64
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from cueloop.store import Store
from tests.ml_backend.conftest import Project, dataset, examples
from tests.ml_backend.live import Live
from tests.ml_backend.server import AUTH, predict, settings_in, task, train_now

ROOT = Path(__file__).parents[3]
OURS = {"cueloop", "sync", "routing", "ml_backend", "guidelines", "console"}


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A server as a user runs it."""
    settings = settings_in(tmp_path_factory.mktemp("shipping"))
    store = Store.open(settings.store_url)
    Project(store, 1)
    train_now(settings, store, [dataset(examples(90))])
    store.close()
    server = Live(settings, "--model", "topics")
    yield server
    server.stop()


@pytest.mark.parametrize("header", [
    "Bearer x", "Basic", "Basic !!!", "Basic " + base64.b64encode("jürgen:pässwort".encode()).decode(),
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), b"Basic \xc3\xbc\xff", "Digest username=x", "," * 500])
def test_fault_13_no_header_breaks_the_password(live, header):
    """Upstream: a Bearer header or a user with an umlaut is a 500."""
    for method, path in (("GET", "/health"), ("POST", "/predict"), ("GET", "/metrics")):
        response = httpx.request(method, f"{live.url}{path}", headers={"Authorization": header})
        assert response.status_code == 401
        assert set(response.json()) == {"error"}


def test_fault_16_metrics_tell_requests_seconds_tasks_and_the_model(live):
    """Upstream's /metrics is {}, and its /health never looks at the model."""
    before, [answer] = _samples(live), predict(live.client, [task("bread")])
    after = _samples(live)
    grown = {key for key in after if after[key] > before.get(key, 0)}
    assert any("requests_total" in key and "/predict" in key and "200" in key for key in grown)
    assert any("seconds" in key and "/predict" in key for key in grown)
    assert any("tasks_total" in key for key in grown)
    assert any("model" in key and answer["model_version"] in key for key in after)
    assert live.client.get("/health").json()["models"] == {"topics": answer["model_version"]}


def test_fault_17_every_package_that_is_imported_is_declared_or_brought_by_one_that_is():
    """Upstream's WSGI module imports a package that nobody installs."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = declared["dependencies"] + declared["optional-dependencies"]["transformer"]
    names = {_package(line) for line in wanted}
    names |= {_package(line) for name in names for line in _needs(name) if "extra ==" not in line}
    provided = {module: {_plain(name) for name in found}
                for module, found in importlib.metadata.packages_distributions().items()}
    for file in sorted((ROOT / "ml_backend").rglob("*.py")):
        for module in _imports(file) - set(sys.stdlib_module_names) - OURS - {"__future__"}:
            by = provided.get(module, {_plain(module)})
            assert by & names or module == "label_studio_ml", f"{file.relative_to(ROOT)} imports {module}"


def test_fault_24_no_shell_and_no_secret_on_a_command_line(live):
    """Upstream builds shell strings, with the API key in them."""
    for room in ("ml_backend", "console", "cueloop"):
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                assert called not in {"os.system", "os.popen", "eval", "exec", "subprocess.getoutput"}, file
                if isinstance(node, ast.keyword) and node.arg == "shell":
                    assert ast.unparse(node.value) == "False", file
    for process in live.servers():
        assert AUTH[1] not in " ".join(process.cmdline())


def _samples(live):
    lines = live.client.get("/metrics").raise_for_status().text.splitlines()
    return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")}


def _package(requirement):
    return _plain(re.split(r"[\[<>=!~ ;(]", requirement)[0])


def _needs(name):
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # of an extra that is not installed
        return []


def _plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _imports(file):
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
