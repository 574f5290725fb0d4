"""Cueloop's own processes as the supervisor starts them: the same commands as anywhere else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from console.parts import health, ports, secrets
from console.parts.process import Process
from cueloop.errors import PartFailed
from cueloop.settings import Settings

ROLES = ("sync", "serve", "worker")
"""Commands that keep a loop running."""


def process(role: str, settings: Settings) -> Process:
    """The process of one role (`sync`, `serve` or `worker`) with these settings.

    Raises PartFailed when the port that it would listen on is taken.
    """
    for owner, port, name in (("sync", settings.hook_port, "CUELOOP_HOOK_PORT"),
                              ("serve", settings.ml_port, "CUELOOP_ML_PORT")):
        if role == owner and not ports.is_free(port):
            raise PartFailed(f"Port {port}, which `{role}` listens on, is taken by another program. End that, or "
                             f"put another {name} into {secrets.file(settings.home)} and connect again.")

    def worker_ready() -> bool:
        return _registered(settings.redis_url, made.pid())

    ready = {
        "sync": lambda: health.http_ok(settings.hook_port),
        "serve": lambda: health.http_ok(settings.ml_port, user=settings.ml_user,
                                        password=settings.ml_password.get_secret_value()),
        "worker": worker_ready,
    }
    # -P: a folder `cueloop` where somebody happens to stand, such as a clone, is not to be taken for the package
    made = Process(role, [sys.executable, "-P", "-m", "console", role], log=settings.home / "logs" / f"{role}.log",
                   environ=environ(settings), ready=ready[role], ready_seconds=120, grace=15)
    return made


def environ(settings: Settings) -> dict[str, str]:
    """Environment of a process of ours: what it inherits, and where home, Label Studio and Redis are."""
    return os.environ | {
        "CUELOOP_HOME": str(Path(settings.home).absolute()),
        "LABEL_STUDIO_URL": settings.label_studio_url,
        "LABEL_STUDIO_API_KEY": settings.label_studio_api_key.get_secret_value(),
        "CUELOOP_REDIS_URL": settings.redis_url,
    }


def _registered(redis_url: str, root: int | None) -> bool:
    """Whether an RQ worker that descends from process `root` has registered itself."""
    from redis import Redis
    from redis.exceptions import RedisError
    from rq import Worker

    if root is None:
        return False
    try:
        family = {child.pid for child in psutil.Process(root).children(recursive=True)}
        with Redis.from_url(redis_url, socket_timeout=2) as client:
            return any(worker.pid in family for worker in Worker.all(connection=client))
    except (RedisError, psutil.NoSuchProcess):
        return False
