"""The ML backend as a user runs it: `cueloop serve` in a process of its own, and a worker beside it."""

import os
import sys
from pathlib import Path

import httpx
import psutil

from console.parts import ports
from console.parts.process import Process
from cueloop.settings import Settings
from tests.ml_backend.server import AUTH


class Live:
    """`cueloop serve ARGUMENTS` on the store, artifacts and Redis of some settings."""

    def __init__(self, settings: Settings, *arguments: str, **environ: str) -> None:
        """Starts it and waits until it answers. `environ`: more settings for it."""
        self.home, self.port = Path(settings.home), ports.free()
        self.environ = surroundings(settings) | environ
        self.process = Process(
            "cueloop serve", [sys.executable, "-m", "console", "serve", "--port", str(self.port), *arguments],
            log=self.home / "logs" / f"serve-{self.port}.log", environ=self.environ, ready=self._answers)
        self.process.start()
        self.client = self.another()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def another(self, **more) -> httpx.Client:
        """A client of its own, with the password."""
        return httpx.Client(**{"base_url": self.url, "auth": AUTH, "timeout": 30} | more)

    def servers(self) -> list[psutil.Process]:
        """The process that was started and those it started, without the leash that holds them."""
        return psutil.Process(self.process.pid()).children(recursive=True)

    def asked(self, route: str) -> int:
        """How often a route was answered, by all processes."""
        lines = self.client.get("/metrics").raise_for_status().text.splitlines()
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines
                   if line.startswith("cueloop_ml_requests_total{") and f'route="{route}"' in line)

    def log(self) -> str:
        """All that it has written."""
        return self.process.log.read_text()

    def stop(self) -> None:
        """End it and all that it started."""
        self.client.close()
        self.process.stop()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", auth=AUTH, timeout=5).status_code < 500
        except httpx.TransportError:
            return False


def worker(settings: Settings, **environ: str) -> Process:
    """A running `cueloop worker` on the same store and Redis; its caller stops it."""
    process = Process("cueloop worker", [sys.executable, "-m", "console", "worker"],
                      log=Path(settings.home) / "logs" / "worker.log", environ=surroundings(settings) | environ,
                      ready=lambda: True)
    process.start()
    return process


def surroundings(settings: Settings) -> dict[str, str]:
    """The environment of a process that works with these settings."""
    return os.environ | {
        "CUELOOP_HOME": str(settings.home), "CUELOOP_DATABASE_URL": settings.store_url,
        "CUELOOP_ARTIFACTS_URL": settings.artifacts, "CUELOOP_REDIS_URL": settings.redis_url,
        "CUELOOP_ML_USER": settings.ml_user, "CUELOOP_ML_PASSWORD": settings.ml_password.get_secret_value(),
        "OMP_NUM_THREADS": "1"}
