"""`cueloop serve` as people start it: a command with processes of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from tests.ml_backend.server import AUTH


class DidNotStart(Exception):
    """What it said before it ended."""


class Served:
    """The running command. `processes` are those that answer."""

    def __init__(self, home, *options, host="127.0.0.1", environ=None):
        self.log = tempfile.NamedTemporaryFile("w+", prefix="serve-", suffix=".log", dir=home)  # noqa: SIM115
        self.command = subprocess.Popen(
            [sys.executable, "-m", "console", "serve", "--host", host, "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=os.environ | {"CUELOOP_HOME": str(home), "CUELOOP_ML_USER": AUTH[0], "CUELOOP_ML_PASSWORD": AUTH[1],
                              "OMP_NUM_THREADS": "1"} | (environ or {}))
        self.line = self.command.stdout.readline()
        if not self.line:
            self.command.wait(30)
            self.command.stdout.close()
            with self.log:
                raise DidNotStart(self.said())
        self.url = re.search(r"http://\S+", self.line).group()
        self.port = int(self.url.rsplit(":", 1)[1])
        self.family = psutil.Process(self.command.pid)
        self.client = httpx.Client(base_url=self.url, auth=AUTH, timeout=60)
        count = int(re.search(r"(\d+) process", self.line).group(1))
        until(lambda: len(self.processes) == count)

    @property
    def processes(self):
        return [child.pid for child in self.family.children()]

    def said(self):
        """All that it logged."""
        return Path(self.log.name).read_text()

    def metric(self, metric, /, **labels):
        """The value of a metric; None where it is not told."""
        wanted = "".join(f'.*{key}="{re.escape(value)}"' for key, value in sorted(labels.items()))
        for line in self.client.get("/metrics").raise_for_status().text.splitlines():
            if re.match(rf"{metric}(\{{{wanted}.*\}})? [^ ]+$", line):
                return float(line.rsplit(" ", 1)[1])
        return None

    def stop(self):
        """End it as `docker stop` does. Its exit code."""
        self.client.close()
        everybody = [self.family, *self.family.children(recursive=True)] if self.family.is_running() else []
        self.command.send_signal(signal.SIGTERM)
        code = self.command.wait(30)
        assert not psutil.wait_procs(everybody, timeout=30)[1]
        self.command.stdout.close()
        self.log.close()
        return code


def until(true, seconds=60):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found
