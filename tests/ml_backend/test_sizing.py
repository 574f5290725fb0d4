"""As many processes as the machine gives: processors it is bound to, a container's quota, memory that is left."""

import os

import pytest

from ml_backend.serving import sizing


@pytest.fixture
def machine(tmp_path):
    """A cgroup tree of our own: `machine(files, line)` writes it and gives where it is."""
    def made(files, line="0::/app/serve\n"):
        for name, text in files.items():
            (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "groups" / name).write_text(text)
        (tmp_path / "own").write_text(line)
        return tmp_path / "groups", tmp_path / "own"
    return made


def bound():
    return len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("files", "line", "cores"), [
    ({"app/serve/cpu.max": "100000 100000\n"}, "0::/app/serve\n", 1),            # version 2, our own group
    ({"app/cpu.max": "100000 100000", "app/serve/cpu.max": "max 100000"}, "0::/app/serve\n", 1),   # the one above
    ({"cpu.max": "50000 100000"}, "0::/\n", 1),                                   # half a processor is one
    ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/docker/1\n", 1),
    ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/\n", None),
    ({"cpu.max": "max 100000"}, "0::/\n", None), ({}, "", None)])
def test_processors_by_binding_and_quota(machine, files, line, cores):
    assert sizing.cores(*machine(files, line)) == (cores or bound())


@pytest.mark.parametrize(("files", "line", "left"), [
    ({"app/memory.max": "1000000", "app/memory.current": "400000"}, "0::/app/serve\n", 600_000),
    ({"memory.max": "1000", "memory.current": "4000"}, "0::/\n", 0),
    ({"memory/memory.limit_in_bytes": "5000", "memory/memory.usage_in_bytes": "1000"}, "9:memory:/\n", 4000)])
def test_memory_under_a_limit(machine, files, line, left):
    assert sizing.free_memory(*machine(files, line)) == left


@pytest.mark.parametrize(("cores", "free", "each", "count"), [
    (4.0, 10_000, 1_000, 4), (4.0, 2_500, 1_000, 2), (4.0, 10, 1_000, 1), (2.5, 10_000, 1, 2), (64.0, 10**9, 1, 16),
    (2.0, 10_000, 0, 2)])
def test_no_more_processes_than_processors_and_than_fit(monkeypatch, cores, free, each, count):
    monkeypatch.setattr(sizing, "cores", lambda: cores)
    monkeypatch.setattr(sizing, "free_memory", lambda: free)
    assert sizing.processes(each) == count


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (2, 1), (4, 2), (8, 4), (32, 28)])
def test_some_threads_are_never_for_predictions(threads, most):
    assert sizing.predictions(threads) == most
