"""What is installed is what is in the tree: packages and data files are listed one by one and none may be forgotten."""

import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("cueloop", "sync", "routing", "ml_backend", "guidelines", "console")
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def in_the_tree(pattern):
    found = [path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob(pattern)]
    return [path for path in found if "__pycache__" not in path.parts]


def test_every_package_is_listed():
    packages = {".".join(path.parent.parts) for path in in_the_tree("__init__.py")}
    assert packages == set(CONFIG["packages"])


def test_every_module_is_in_a_package():
    assert [path for path in in_the_tree("*.py") if ".".join(path.parent.parts) not in CONFIG["packages"]] == []


def test_every_data_file_is_listed():
    listed = {Path(*package.split(".")) / name for package, patterns in CONFIG["package-data"].items()
              for pattern in patterns for name in [p.name for p in (ROOT / Path(*package.split("."))).glob(pattern)]}
    data = {path for path in in_the_tree("*") if (ROOT / path).is_file() and path.suffix != ".py"}
    assert data == listed


@pytest.mark.parametrize("name", ["cueloop.txt", "label-studio.txt"])
def test_pins_are_exact(name):
    lines = [line for line in (ROOT / "constraints" / name).read_text().splitlines() if line]
    assert [line for line in lines if "==" not in line] == []


def test_what_is_installed_here_is_what_is_pinned():
    pins = {line.split("==")[0].lower().replace("_", "-"): line.split("==")[1]
            for line in (ROOT / "constraints" / "cueloop.txt").read_text().splitlines() if line}
    # an index may build a version once more for its machines: 2.13.0+cpu
    here = {d.metadata["Name"].lower().replace("_", "-"): d.version.partition("+")[0] for d in distributions()}
    wrong = {name: (version, here[name]) for name, version in pins.items() if here.get(name, version) != version}
    assert wrong == {}
    loose = set(here) - set(pins) - {"cueloop", "pip", "setuptools", "wheel"}
    assert loose == set(), "not pinned in constraints/cueloop.txt"
