"""The documentation tells the truth: pages match the code, every command has help with an example."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from console.cli import main

ROOT = Path(__file__).parents[2]


def _generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generate()
COMMANDS = list(GENERATE._walk("cueloop", main))


def test_pages_say_what_the_code_says():
    # In a process of its own: click remembers the help option of commands that other tests called alone.
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_has_help_with_an_example(path, command):
    assert command.help, f"{path} has no help"
    if not isinstance(command, click.Group):
        assert "Example" in command.help, f"{path} --help shows no example"


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_option_says_what_it_does(path, command):
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not silent, f"{path}: no help for {silent}"


def test_every_link_in_the_docs_leads_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_readme_names_only_make_verbs_and_commands_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for verb in re.findall(r"`?make (\w+)", readme):
        assert re.search(rf"^{verb}:", makefile, re.MULTILINE), f"README: there is no `make {verb}`"
    known = {path for path, _ in COMMANDS}
    for words in re.findall(r"cueloop ((?:[a-z-]+ ?)+)", " ".join(re.findall(r"`cueloop [^`]+`", readme))):
        first = words.split()[0]
        assert f"cueloop {first}" in known, f"README: there is no `cueloop {first}`"
