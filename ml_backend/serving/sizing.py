"""How many processes and threads the ML backend takes when nobody says: what this machine really gives it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import floor
from pathlib import Path

import psutil

THREADS = 32
"""Requests that a process takes at a time. Few predict, the others are read, written or wait: that takes no
processor, and a thread little memory."""
MOST_PROCESSES = 16
"""More are for those who ask for them: the store and the memory are shared with everything else."""
CGROUPS = Path("/sys/fs/cgroup")
SPARE = 4
"""Threads of a process that no prediction gets, so that `/health` is answered however many wait for one."""


def predictions(threads: int) -> int:
    """How many predictions may run or wait in a process of so many threads."""
    return max(1, threads - min(SPARE, threads // 2))


def processes(each: int) -> int:
    """As many as there are processors, but no more than fit into free memory with `each` bytes of their own.

    All share the models they start with; what is loaded later each has for itself, so `each` is a whole process.
    """
    return max(1, min(floor(cores()), free_memory() // max(each, 1), MOST_PROCESSES))


def cores(groups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> float:
    """Processors that this process may use: those it is bound to, or what its container may take of them."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1.0, min([float(bound), *_quotas(groups, own)]))


def free_memory(groups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes that can be taken without swapping and without a container's limit ending us."""
    return int(min([psutil.virtual_memory().available, *_rooms(groups, own)]))


def _quotas(groups: Path, own: Path) -> Iterator[float]:
    """Processors allowed by each group that we are in: cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`."""
    for folder in _folders(groups, own, "cpu"):
        quota, period = (*_words(folder / "cpu.max"), "", "")[:2]
        if not quota:
            quota, period = (*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us"), "", "")[:2]
        if quota.isdecimal() and period.isdecimal() and int(period):  # else `max` or -1: no limit
            yield int(quota) / int(period)


def _rooms(groups: Path, own: Path) -> Iterator[int]:
    """Bytes left under the limit of each group that we are in."""
    for folder in _folders(groups, own, "memory"):
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            most, taken = (*_words(folder / limit), "")[0], (*_words(folder / used), "")[0]
            if most.isdecimal() and taken.isdecimal():
                yield max(0, int(most) - int(taken))


def _folders(groups: Path, own: Path, controller: str) -> Iterator[Path]:
    """The folders of our groups and of all above them."""
    lines = own.read_text().splitlines() if own.exists() else []
    for line in lines:
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        root = groups / controller if names else groups  # v2 has one tree and no names
        folder = root / path.lstrip("/")
        yield root  # in a container this is our own group, whatever the path says
        while folder != root:
            yield folder
            folder = folder.parent


def _words(path: Path) -> list[str]:
    return path.read_text().split() if path.is_file() else []
