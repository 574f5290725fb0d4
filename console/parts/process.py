"""One part that runs as a process of its own: started on a leash, ready when it says so, logged to a file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from console.parts import leash
from cueloop.errors import PartFailed

TAIL = 5
"""How many last lines of a log are told when a part fails."""
LOG_BYTES = 20_000_000
"""A log that is longer when its part starts is set aside as `NAME.log.1`."""


class Process:
    """A command with a log file, an environment and a question that tells whether it is ready."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environ: Mapping[str, str],
                 ready: Callable[[], bool], ready_seconds: float = 60, grace: float = 10) -> None:
        """Nothing runs before `start`. `grace`: seconds between asking it to end and ending it."""
        self.name = name
        self.command = list(command)
        self.log = log
        self.environ = dict(environ)
        self.ready = ready
        self.ready_seconds = ready_seconds
        self.grace = grace
        self._leash: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it without waiting. Its output is added to its log."""
        self.stop()  # what is left of the run before, when it is started again
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.rename(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as out:
            self._leash = subprocess.Popen(
                [sys.executable, "-P", leash.__file__, str(self.grace), *self.command],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=self.environ,
                start_new_session=True)  # Ctrl-C in the terminal is for the supervisor alone

    def wait_ready(self) -> None:
        """Wait until it is ready. Raises PartFailed with the end of its log when it ends or takes too long."""
        until = time.monotonic() + self.ready_seconds
        while not self.ready():
            if not self.alive():
                self.stop()
                raise PartFailed(f"{self.name} ended while starting. {self._last_words()}")
            if time.monotonic() > until:
                self.stop()
                raise PartFailed(f"{self.name} was not ready after {self.ready_seconds:.0f} s. "
                                 f"{self._last_words()}")
            time.sleep(0.1)

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.launch()
        self.wait_ready()

    def alive(self) -> bool:
        """Whether it runs."""
        return self._leash is not None and self._leash.poll() is None

    def pid(self) -> int | None:
        """Process id of its leash: the root of all its processes; None before the first launch."""
        return self._leash.pid if self._leash is not None else None

    def stop(self) -> None:
        """End it and all that it started; nothing when it does not run."""
        self.let_go()
        if self._leash is not None:
            self._leash.wait(timeout=2 * self.grace + 15)

    def let_go(self) -> None:
        """Ask it to end without waiting, so that several can end at the same time."""
        if self._leash is not None and self._leash.stdin is not None:
            self._leash.stdin.close()

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL:]
        return f"Its log is {self.log}" + (", and ends:\n  " + "\n  ".join(lines) if lines else ".")
