"""The environment of the real label-studio-ml 1.0.9: what is in it, what is not, and what happens without a network."""

from __future__ import annotations

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from console.parts import label_studio_ml
from cueloop.errors import PartFailed

ROOT = Path(__file__).parents[3]


def _pins(file):
    lines = [line for line in file.read_text().splitlines() if "==" in line and not line.startswith("#")]
    return {line.split("==")[0].lower(): line.split("==")[1].split()[0] for line in lines}


def test_it_has_1_0_9_with_flask_3_and_cueloop_and_ours_has_it_not(real_python):
    code = ("import json; from importlib.metadata import version; import label_studio_ml.api, ml_backend, flask; "
            "print(json.dumps([version('label-studio-ml'), version('flask'), ml_backend.__file__]))")
    done = subprocess.run([real_python, "-c", code], cwd="/", capture_output=True, text=True, check=True)
    release, flask, where = json.loads(done.stdout)
    assert (release, flask) == (label_studio_ml.VERSION, _pins(label_studio_ml.LACKS)["flask"])
    assert Path(where).parents[1] == ROOT
    assert find_spec("label_studio_ml") is None


def test_what_it_lacks_stands_in_the_repo_with_a_word_of_why():
    file = ROOT / "requirements" / "label-studio-ml.txt"
    assert file.resolve() == label_studio_ml.LACKS.resolve()
    wanted, ours = _pins(file), _pins(ROOT / "constraints" / "cueloop.txt")
    # Then no version differs from the one that Cueloop itself is tested with
    assert {name: pin for name, pin in wanted.items() if name in ours} == {
        name: ours[name] for name in wanted if name in ours}
    assert all("  # " in line for line in file.read_text().splitlines() if "==" in line and not line.startswith("#"))


def test_without_a_network_it_says_so_and_leaves_nothing_that_counts(tmp_path, monkeypatch):
    for name, value in (("XDG_CACHE_HOME", str(tmp_path)), ("PIP_INDEX_URL", "http://127.0.0.1:9/"),
                        ("PIP_EXTRA_INDEX_URL", ""), ("PIP_FIND_LINKS", ""), ("PIP_RETRIES", "0"),
                        ("PIP_CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(name, value)
    with pytest.raises(PartFailed, match="PyPI") as told:
        label_studio_ml.ensure(lambda line: None)
    kept = sorted(path.suffix for path in (tmp_path / "cueloop").iterdir())
    assert kept == [".lock", ".log"]
    assert str(next((tmp_path / "cueloop").glob("*.log"))) in str(told.value)
