"""`cueloop sync`, as the process that a supervisor starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from cueloop.store import Store
from sync.webhooks import PATH, SECRET_HEADER
from tests.sync.team import Team, choice
from tests.sync.test_loop import wait_for

MakeTeam = Callable[..., Team]
SECRET = "between us"


def command(us: Team, *arguments: str, **settings: str) -> dict[str, Any]:
    """What `subprocess` needs to run `cueloop sync` on the team's Label Studio and store."""
    surroundings = {"LABEL_STUDIO_URL": us.server.url, "LABEL_STUDIO_API_KEY": us.server.admin_token,
                    "CUELOOP_DATABASE_URL": us.store.url.render_as_string(hide_password=False), **settings}
    return {"args": [sys.executable, "-m", "console", "sync", *arguments], "env": os.environ | surroundings}


@contextmanager
def running(us: Team, port: int, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """The process while the block runs; it must end by itself within seconds of SIGTERM."""
    process = subprocess.Popen(**command(us, CUELOOP_HOOK_PORT=str(port), CUELOOP_HOOK_SECRET=SECRET, **settings),
                               stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: _healthy(port), 30)
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=4) == 0
    finally:
        process.kill()
        process.communicate()


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_hint_makes_it_look_at_once(fake_label_studio: Any, team: MakeTeam, port: int) -> None:
    # Given a process that would look by itself once a minute
    us = team(fake_label_studio, 3)
    with running(us, port, CUELOOP_SYNC_SECONDS="60"):
        url = f"http://127.0.0.1:{port}{PATH}"
        us.admin.create_webhook(us.project, url, headers={SECRET_HEADER: SECRET})
        # When somebody answers, then the answer is in the store within seconds
        began = time.monotonic()
        us.person("ann").annotate(us.tasks()[0], choice("positive"))
        wait_for(lambda: len(us.labels()) == 1, 10)
        assert time.monotonic() - began < 5
        # And whoever lacks the secret is turned away, without harm
        assert httpx.post(url, content=b"{").status_code == 403


def test_once_says_what_happened(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 3)
    us.person("ann").annotate(us.tasks()[0], choice("positive"))
    done = subprocess.run(**command(us, "--once", "--json"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (said,) = json.loads(done.stdout)
    assert (said["project"], said["tasks"], said["annotations"]) == (us.project, 3, 1)
    assert said["steps"]["sync.quality.step"] == "done"
    assert len(us.labels()) == 1
    # And again, for people to read
    done = subprocess.run(**command(us, "--once", "--full"), capture_output=True, text=True, timeout=60, check=False)
    assert f"project {us.project}: 0 tasks changed" in done.stdout


def test_once_fails_when_a_project_cannot_be_pulled(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 1)
    us.admin.delete_project(us.project)
    done = subprocess.run(**command(us, "--once", "--json"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    (said,) = json.loads(done.stdout)
    assert said["project"] == us.project
    assert "error" in said


def test_it_names_what_it_lacks(store: Store, fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 1)
    lacking = subprocess.run(**command(us, "--once", LABEL_STUDIO_URL=""), capture_output=True, text=True, timeout=60,
                             check=False)
    assert lacking.returncode == 1
    assert "LABEL_STUDIO_URL" in lacking.stderr
    assert "Traceback" not in lacking.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        refused = subprocess.run(**command(us, CUELOOP_HOOK_PORT=str(number)), capture_output=True, text=True,
                                 timeout=60, check=False)
    assert refused.returncode == 1
    assert f"127.0.0.1:{number}" in refused.stderr
    assert "Traceback" not in refused.stderr
