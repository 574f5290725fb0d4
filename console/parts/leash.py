"""Runs one command and ends it, with every process it started, when whoever holds the leash is gone.

The holder keeps the other end of our standard input. Closing it, on purpose or by dying (even by SIGKILL),
ends the command: SIGTERM first, SIGKILL to whatever is left after the grace. As a subreaper (Linux) we also
inherit grandchildren whose parents died, such as the job processes of an RQ worker.

    python -m console.parts.leash GRACE_SECONDS COMMAND ARGUMENT...
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

import psutil

PR_SET_CHILD_SUBREAPER = 36
"""From linux/prctl.h."""


def main(grace: float, command: list[str]) -> int:
    """Run the command until it ends or the leash is let go; gives its exit code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ignore)  # only the holder ends us; not SIG_IGN, which our child would inherit
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_holder, args=(child.pid,), daemon=True).start()
    code = child.wait()
    end_all(psutil.Process().children(recursive=True), grace)
    return code


def end_all(processes: list[psutil.Process], grace: float) -> None:
    """SIGTERM to all, SIGKILL to those that are still there after `grace` seconds."""
    for process in processes:
        _send(process, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(processes, timeout=grace)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing about a signal."""


def _end_with_holder(pid: int) -> None:
    while os.read(0, 1024):
        pass
    grace = float(sys.argv[1])
    child = psutil.Process(pid)
    family = [child, *child.children(recursive=True)]
    _send(child, signal.SIGTERM)  # the command first: a server knows best how to end its own workers
    psutil.wait_procs(family, timeout=grace)
    for process in family:
        _send(process, signal.SIGKILL)


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
