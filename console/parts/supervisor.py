"""Starts everything one home needs, waits until it is ready, restarts what dies, and ends it all."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from console.parts import engines, running, services
from console.parts.environment import Progress
from console.parts.label_studio import EmbeddedLabelStudio
from console.parts.process import Process
from console.parts.valkey import EmbeddedValkey
from cueloop import logs
from cueloop.errors import PartFailed
from cueloop.settings import Settings

LOOK_SECONDS = 0.5
"""How often the supervisor looks whether everything runs."""
BACKOFF = (1, 2, 4, 8, 15, 30, 60)
"""Seconds before a part that died is started again; the last one from then on."""
STEADY_SECONDS = 60
"""Who ran that long and dies is started again as if for the first time."""

log = logs.get(__name__)


class Supervisor:
    """Everything of one home, as a context manager: on entering it is ready, on leaving nothing runs.

    Label Studio and Valkey are embedded unless their URLs are set. `settings` names what was started.
    """

    def __init__(self, home: Path, *, progress: Progress = lambda _: None,
                 roles: Sequence[str] = services.ROLES) -> None:
        """Nothing runs before `start`. `roles`: which of Cueloop's own processes to run."""
        self.settings: Settings = engines.absolute(home)
        self.roles = tuple(roles)
        self.label_studio: EmbeddedLabelStudio | None = None
        self.parts: list[Process] = []
        self._progress = progress
        self._claim: running.Claim | None = None
        self._ending = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> Settings:
        """Start everything and wait until it is ready. Raises PartFailed, and then nothing is left running."""
        self._claim = running.Claim(self.settings.home)
        try:
            for name in running.end_leftovers(self.settings.home):
                self._progress(f"Ended {name}, which an earlier run had left behind.")
            self._start_engines()
            self._start_services()
        except BaseException:
            self.stop()
            raise
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()
        return self.settings

    def stop(self) -> None:
        """End everything, our own processes before what they rest on; nothing when nothing runs."""
        self._ending.set()
        if self._watcher is not None:
            self._watcher.join()
        ours = [part for part in self.parts if part.name in services.ROLES]
        engine = [part for part in self.parts if part.name not in services.ROLES]
        for group in (ours, engine):
            for part in group:
                part.let_go()
            for part in group:
                part.stop()
        self.parts = []
        if self._claim is not None:
            running.write(self.settings.home, {})
            self._claim.release()
            self._claim = None

    def __enter__(self) -> Supervisor:
        """Start everything."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """End everything."""
        self.stop()

    def _start_engines(self) -> None:
        """Label Studio and Valkey start at the same time; the first takes seconds."""
        if engines.embeds_label_studio(self.settings):
            self.label_studio = EmbeddedLabelStudio(self.settings.home, self.settings.label_studio_port,
                                                    progress=self._progress)
            self._launch(self.label_studio.prepare())
        if "worker" in self.roles and engines.embeds_redis(self.settings):
            valkey = EmbeddedValkey(self.settings.home)
            self._launch(valkey.prepare())
            self.settings = engines.found_redis(self.settings, valkey.url)
        self._wait(self.parts)
        if self.label_studio is not None:
            self.settings = engines.found_label_studio(self.settings, self.label_studio.url,
                                                       self.label_studio.admin_token)

    def _start_services(self) -> None:
        wanted = [services.process(role, self.settings) for role in self.roles]
        for part in wanted:
            self._launch(part)
        self._wait([part for part in wanted if part.name != "worker"])
        worker = [part for part in wanted if part.name == "worker"]
        try:
            self._wait(worker)
        except PartFailed as error:
            if engines.embeds_redis(self.settings):
                raise
            self._progress(f"{error} Jobs wait until your Redis answers; everything else goes on.")

    def _launch(self, part: Process) -> None:
        self.parts.append(part)
        part.launch()
        self._note()

    def _wait(self, parts: Sequence[Process]) -> None:
        for part in parts:
            part.wait_ready()
            self._progress(f"{part.name} is ready (log: {part.log}).")

    def _note(self) -> None:
        running.write(self.settings.home, {p.name: pid for p in self.parts if (pid := p.pid()) is not None})

    def _watch(self) -> None:
        """Start again what died, waiting longer each time."""
        deaths = dict.fromkeys((part.name for part in self.parts), 0)
        started = dict.fromkeys(deaths, time.monotonic())
        due: dict[str, float] = {}
        while not self._ending.wait(LOOK_SECONDS):
            for part in self.parts:
                now = time.monotonic()
                if part.alive():
                    if now - started[part.name] > STEADY_SECONDS:
                        deaths[part.name] = 0
                elif part.name not in due:
                    pause = BACKOFF[min(deaths[part.name], len(BACKOFF) - 1)]
                    deaths[part.name] += 1
                    due[part.name] = now + pause
                    log.warning("part ended, starting it again", part=part.name, pause=pause, log=str(part.log))
                elif now >= due[part.name]:
                    del due[part.name]
                    started[part.name] = now
                    part.launch()
                    self._note()
