"""`cueloop serve --model-class` as people run it, in processes of its own, and with the real label-studio-ml 1.0.9."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from benchmarks import upstream
from console.cli import main
from cueloop.errors import PartFailed
from tests.ml_backend.compat.models_at import MODELS
from tests.ml_backend.served import Served
from tests.ml_backend.server import predict, task

REAL = """
import json, sys
sys.path.append(sys.argv[1])
from ml_backend.compat.author import Author
found = {}
for file in sys.argv[2:]:
    served = Author.of(file).load()
    base = next(parent for parent in served.__mro__ if parent.__name__ == "LabelStudioMLBase")
    found[served.__name__] = sys.modules[base.__module__].__file__ or ""
config = '<View><Text name="text" value="$text"/><Choices name="topic" toName="text"><Choice value="a"/>' \\
         '<Choice value="b"/></Choices></View>'
from pathlib import Path
from cueloop.settings import Settings
from ml_backend.compat.instance import Instance
made = Instance.make(Author.of(sys.argv[2]), Path(sys.argv[1]) / "none", config, 1, Settings())
found["answer"] = made.ask([{"data": {"text": "x"}}], {"context": None})[0]["result"][0]["value"]["choices"]
print(json.dumps(found))
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path / "home"))

    def runs(*arguments):
        return CliRunner().invoke(main, ["serve", "--port", "0", *arguments])
    return runs


@pytest.mark.parametrize(("file", "why"), [
    ("several.py", "several: First, Second. Name one as several.py:CLASS"), ("keywords.py", "no LabelStudioMLBase"),
    ("several.py:Third", "no LabelStudioMLBase subclass 'Third'"), ("none.py", "no Python file")])
def test_a_file_that_cannot_be_served_is_a_wrong_call(run, file, why):
    said = run("--model-class", str(MODELS / file))
    assert said.exit_code == 2
    assert why in " ".join(said.output.split())


def test_what_fails_while_it_is_imported_is_told_with_file_and_line_and_no_traceback(run):
    said = run("--model-class", str(MODELS / "unset.py"))
    assert said.exit_code == 1
    assert "unset.py, line 4: ModuleNotFoundError" in str(said.output)
    assert "Traceback" not in said.output


def test_several_processes_serve_a_class_and_stay_what_they_are(tmp_path):
    served = Served(tmp_path, "--model-class", str(MODELS / "counting.py"), "--model", "words", "--processes", "2")
    try:
        version = served.client.post("/setup", json={"project": "1.1", "schema": "<View/>"}).json()["model_version"]
        for _ in range(10):
            [answer] = predict(served.client, [task("bread", id=1)])
            assert (answer["model_version"], len(answer["result"])) == (version, 1)
        health = served.client.get("/health").json()
        assert (health["status"], health["models"]) == ("UP", {"words": version})
    finally:
        served.stop()


def test_with_the_real_one_installed_older_classes_stand_on_it_and_newer_ones_on_ours():
    try:
        packages = subprocess.run(
            [str(upstream.python()), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True).stdout.strip()
    except PartFailed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    files = [str(MODELS / name) for name in ("older.py", "choices.py", "counting.py")]
    said = subprocess.run([sys.executable, "-c", REAL, packages, *files], check=True, capture_output=True, text=True)
    found = json.loads(said.stdout.splitlines()[-1])
    assert found["Older"].startswith(packages)
    assert found["Choices"].startswith(packages)
    assert found["Counting"].endswith("ml_backend/compat/base.py")
    assert found["answer"] == ["a"]
