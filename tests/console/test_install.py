"""`make` on a bare machine: what is missing is told in one line with what to do, and nothing is done twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "awk", "basename", "cat", "dirname", "df", "env", "make", "mkdir", "rm", "tail", "touch")
"""What a bare Linux has besides Python."""


@pytest.fixture
def bare(tmp_path):
    """A checkout on a machine with nothing but make: gives a function that runs it and what it said."""
    checkout, path = tmp_path / "checkout", tmp_path / "bin"
    path.mkdir()
    for tool in TOOLS:
        (path / tool).symlink_to(shutil.which(tool))
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        checkout.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, checkout)
    for name in ("tools", "constraints"):
        shutil.copytree(ROOT / name, checkout / name)

    def run(*arguments, **environ):
        done = subprocess.run(["make", *arguments], cwd=checkout, capture_output=True, text=True, check=False,
                              env={"PATH": str(path), "HOME": str(tmp_path)} | environ)
        return done.returncode, [line for line in (done.stdout + done.stderr).splitlines() if "***" not in line]

    run.path, run.checkout = path, checkout
    return run


def program(path, text):
    path.unlink(missing_ok=True)
    path.write_text(f"#!{shutil.which('sh')}\n{text}\n")
    path.chmod(0o755)


def test_no_python_is_told(bare):
    code, said = bare("install")
    assert code != 0
    assert len(said) == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in said[0]
    assert "apt install" in said[0]


def test_a_python_that_is_too_old_or_only_a_shim_is_passed_over(bare):
    program(bare.path / "python3.11", "exit 127")
    program(bare.path / "python3", "exit 1")
    assert "Python 3.11, 3.12 or 3.13 is needed" in bare("install")[1][0]


def test_no_venv_module_is_told(bare):
    program(bare.path / "python3.11", 'case "$2" in *venv*) exit 1;; esac; exit 0')
    code, said = bare("install")
    assert code != 0
    assert said == ["make: python3.11 lacks the venv module. Debian or Ubuntu: apt install python3.11-venv"]


def test_a_full_disk_is_told(bare):
    program(bare.path / "df", "echo header; echo disk 9 9 1500000 9% /")
    code, said = bare("demo")
    assert code != 0
    assert len(said) == 1
    assert "1 GB of free disk" in said[0]
    assert "need 4" in said[0]


def test_an_index_out_of_reach_is_told(bare):
    code, said = bare("install", PYTHON=sys.executable, PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="0",
                      PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert code != 0
    assert len(said) == 1
    assert "PyPI" in said[0]
    assert "PIP_INDEX_URL" in said[0]
    log = Path(said[0].rpartition("pip said: ")[2])
    assert "iniconfig" in log.read_text()
    assert not (bare.checkout / ".venv" / "installed").exists()


def test_the_second_time_nothing_is_installed(bare):
    (bare.checkout / ".venv").mkdir()
    for stamp in ("installed", "installed-dev"):
        (bare.checkout / ".venv" / stamp).touch()
    code, said = bare("install")
    assert code == 0
    assert "tools/install.sh" not in "".join(said)
    # but what a new version needs is
    os.utime(bare.checkout / ".venv" / "installed-dev", (0, 0))
    assert "Python 3.11, 3.12 or 3.13 is needed" in bare("install")[1][0]


def test_every_verb_is_in_the_help(bare):
    text = (ROOT / "Makefile").read_text()
    verbs = text.split(".PHONY: help ")[1].split("\n")[0].split()
    said = "\n".join(bare()[1])
    assert [verb for verb in verbs if f"make {verb} " not in said] == []


def test_ci_does_nothing_but_check_and_test():
    lines = [line.strip() for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    assert [line for line in lines if line.startswith("make")] == ["make check", "make test"]
    assert "set -eu" in lines
