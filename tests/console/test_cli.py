"""The command line's habits: exit codes, no tracebacks, quick help."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from console import cli
from cueloop.errors import DataError


@pytest.fixture
def run():
    return CliRunner().invoke


def test_help_lists_commands_without_importing_any():
    heavy = "sys.modules.keys() & {'sklearn', 'label_studio_sdk', 'scipy', 'rq', 'flask', 'sqlalchemy', 'numpy'}"
    code = (f"import sys; from click.testing import CliRunner; from console.cli import main\n"
            f"assert CliRunner().invoke(main, ['--help']).exit_code == 0\nprint({heavy})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_foreseen_error_is_one_sentence_and_exit_code_1(run, monkeypatch):
    @click.command()
    def broken():
        raise DataError("ratings.csv, line 3: no column 'label'.")

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: broken)
    result = run(cli.main, ["broken"])
    assert result.exit_code == 1
    assert result.output == "cueloop: ratings.csv, line 3: no column 'label'.\n"


def test_the_answer_no_is_exit_code_3(run, monkeypatch):
    @click.command()
    def gate():
        raise cli.Answer

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: gate)
    assert run(cli.main, ["gate"]).exit_code == 3


def test_an_unknown_command_is_a_wrong_call(run):
    assert run(cli.main, ["fly"]).exit_code == 2
