"""The embedded Label Studio of one home: from the cached environment, served by gunicorn on loopback."""

from __future__ import annotations

import shutil
from pathlib import Path
from secrets import token_hex, token_urlsafe

from console.parts import environment, health, ports, secrets
from console.parts.process import Process
from cueloop.errors import PartFailed

EMAIL = "admin@cueloop.local"
"""Who the admin of an embedded Label Studio is."""

WSGI = Path(__file__).parent / "wsgi_label_studio.py"
"""What gunicorn serves; it runs in Label Studio's environment."""

LOCK_SECONDS = 600
"""How long Label Studio keeps a task for whoever was shown it in the plain stream (its default is a day)."""

ALLOW_LOOPBACK = {"SSRF_PROTECTION_ENABLED": "false", "ML_BLOCK_LOCAL_IP": "false"}
"""Two switches, one for webhooks and one for ML backends: ours are on loopback, which both forbid by default."""


class EmbeddedLabelStudio:
    """A real Label Studio with an admin and a token of its own. Its data is in `home/label-studio`."""

    def __init__(self, home: Path, port: int = 0, *, progress: environment.Progress = lambda _: None) -> None:
        """`port` 0: the one this home had before, else a free one. Makes password and token once per home."""
        self.home = home.absolute()
        have = secrets.read(home)
        self.port = port or int(have.get("CUELOOP_LABEL_STUDIO_PORT", "0")) or ports.free()
        self.admin_email = EMAIL
        self.admin_password = have.get("CUELOOP_EMBEDDED_PASSWORD") or token_urlsafe(12)
        self.admin_token = have.get("CUELOOP_EMBEDDED_TOKEN") or token_hex(20)  # 40 characters: Django's limit
        self.log = self.home / "logs" / "label-studio.log"
        self._progress = progress
        self.process: Process | None = None

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> Process:
        """Everything but starting it: environment, database, secrets. Gives the process to start."""
        built = environment.ensure(self._progress)
        if not ports.is_free(self.port):
            raise PartFailed(f"Port {self.port}, which the Label Studio of {self.home} has, is taken by another "
                             f"program. End that, or put another CUELOOP_LABEL_STUDIO_PORT into "
                             f"{secrets.file(self.home)}.")
        data, serving = self.home / "label-studio", self.home / "label-studio" / "serving"
        serving.mkdir(parents=True, exist_ok=True)
        data.chmod(0o700)
        shutil.copy(WSGI, serving)  # alone in its folder: gunicorn puts that on the import path
        migrate = self._copy_template(built.template, data)
        secrets.put(self.home, CUELOOP_LABEL_STUDIO_PORT=str(self.port),
                    CUELOOP_EMBEDDED_LABEL_STUDIO=self.url,
                    CUELOOP_EMBEDDED_PASSWORD=self.admin_password, CUELOOP_EMBEDDED_TOKEN=self.admin_token)
        environ = environment.bare_environ(
            **ALLOW_LOOPBACK, **migrate,
            LABEL_STUDIO_BASE_DATA_DIR=str(data), TASK_LOCK_TTL=str(LOCK_SECONDS),
            CUELOOP_ADMIN_EMAIL=self.admin_email, CUELOOP_ADMIN_PASSWORD=self.admin_password,
            CUELOOP_ADMIN_TOKEN=self.admin_token)
        command = [str(built.python), "-m", "gunicorn", "wsgi_label_studio:application", "--chdir", str(serving),
                   "--bind", f"127.0.0.1:{self.port}", "-w", "2", "--threads", "8", "--preload",
                   "--timeout", "300", "--graceful-timeout", "5", "--no-control-socket"]
        self.process = Process("Label Studio", command, log=self.log, environ=environ,
                               ready=lambda: health.http_ok(self.port), ready_seconds=300)
        return self.process

    def start(self) -> None:
        """Prepare it, start it and wait until it is healthy."""
        self.prepare().start()

    def stop(self) -> None:
        """End it; nothing when it does not run."""
        if self.process is not None:
            self.process.stop()

    def _copy_template(self, template: Path, data: Path) -> dict[str, str]:
        """Put the migrated database there unless there is one; of an older version, have it migrated."""
        database, made_by = data / environment.DATABASE, data / "version"
        if not database.exists():
            fresh = database.with_suffix(".new")
            shutil.copy(template / environment.DATABASE, fresh)
            fresh.rename(database)
            made_by.write_text(environment.VERSION)
        if made_by.exists() and made_by.read_text() == environment.VERSION:
            return {}
        made_by.write_text(environment.VERSION)
        return {"CUELOOP_MIGRATE": "1"}
