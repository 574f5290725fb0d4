"""Measuring fairly: every figure of memory in a process of its own, times of one run side by side."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any


@dataclass(frozen=True, slots=True)
class Child:
    """What a function returned in a process of its own, and that process's largest memory, in MB."""

    result: Any
    megabytes: float


def in_child(function: Callable[..., Any], *arguments: Any) -> Child:
    """Call a function of a module in a fresh process. Raises RuntimeError when it fails there."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    try:
        found = ours.recv()
    except EOFError:
        found = None
    process.join()
    if found is None:
        raise RuntimeError(f"{function.__name__} ended with exit code {process.exitcode}")
    return Child(*found)


def peak() -> float:
    """Largest memory of this process so far (or since `forget_peak`), in MB.

    Not `ru_maxrss` on Linux: a process inherits that from the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1e6 if sys.platform == "darwin" else 1e3)


def forget_peak() -> float:
    """Let the peak start from what is in use now, in MB; where the system cannot, it stays what it was."""
    gc.collect()
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
    return peak()


def least(run: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Least processor time of several runs, in seconds, and the last one's result."""
    best, result = float("inf"), None
    for _ in range(times):
        began = process_time()
        result = run()
        best = min(best, process_time() - began)
    return best, result


def verdict(what: str, found: float, goal: float, unit: str = "", *, at_least: bool = False) -> bool:
    """Print a figure beside its goal; whether it is met."""
    met = found >= goal if at_least else found <= goal
    print(f"  {what:42} {found:8.2f} {unit:3} goal {'at least' if at_least else 'at most'} {goal:g} {unit} "
          f"{'met' if met else 'MISSED'}")
    return met


def _call(pipe: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    result = function(*arguments)
    pipe.send((result, peak()))
    pipe.close()
