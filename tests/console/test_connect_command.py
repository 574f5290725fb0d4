"""`cueloop connect` and `disconnect` as processes: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(home: Settings, fake_label_studio: Any) -> Run:
    """Runs a command of this home against the fake."""
    def run(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        known = {"CUELOOP_HOME": str(home.home), "LABEL_STUDIO_URL": fake_label_studio.url,
                 "LABEL_STUDIO_API_KEY": fake_label_studio.admin_token}
        return subprocess.run([sys.executable, "-m", "console", *args], capture_output=True, text=True, check=False,
                              env=os.environ | known | environ)
    return run


def test_connect_observe_and_disconnect_print_json_and_nothing_else_there(
        run: Run, fake_label_studio: Any, project_factory: Callable[..., int]) -> None:
    project = str(project_factory(fake_label_studio, tasks=[{"text": "one"}, {"text": "two"}]))

    observed = run("connect", "--project", project, "--observe", "--json")
    connected = run("connect", "--project", project, "--json")
    again = run("connect", "--project", project)
    gone = run("disconnect", "--json")

    assert [said.returncode for said in (observed, connected, again, gone)] == [0, 0, 0, 0], observed.stderr
    assert json.loads(observed.stdout)["observed"]["tasks"] == 2
    assert len(json.loads(connected.stdout)["writes"]) == 3
    assert "Nothing to change." in again.stdout
    assert "webhook" in " ".join(json.loads(gone.stdout)["undone"])
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        assert admin.webhooks(int(project)) == []


@pytest.mark.parametrize(("args", "environ", "code", "told"), [
    (["--project", "77"], {}, 1, "has no project 77 that this token may see. It has: "),
    ([], {}, 2, "--project ID"),
    (["--project", "1", "--observe", "--dry-run"], {}, 2, "--observe goes alone"),
    (["--project", "1"], {"LABEL_STUDIO_API_KEY": "wrong"}, 1, "Check LABEL_STUDIO_API_KEY"),
    (["--project", "1"], {"LABEL_STUDIO_API_KEY": ""}, 1, "LABEL_STUDIO_API_KEY is not set"),
    (["--project", "1"], {"LABEL_STUDIO_URL": ""}, 1, "LABEL_STUDIO_URL is not set"),
    (["--project", "1"], {"LABEL_STUDIO_URL": "http://127.0.0.1:9"}, 1, "cannot be reached")])
def test_a_wrong_call_and_a_wrong_setting_are_one_sentence(run: Run, args: list[str], environ: dict[str, str],
                                                           code: int, told: str) -> None:
    said = run("connect", *args, **environ)

    assert said.returncode == code, said.stderr
    assert told in said.stderr
    assert "Traceback" not in said.stderr


def test_disconnecting_what_was_never_connected_says_so(run: Run) -> None:
    said = run("disconnect", "--project", "5")

    assert said.returncode == 1
    assert "Project 5 is not connected" in said.stderr
