"""Label Studio in a virtual environment of its own, with a migrated database that has no user in it.

Its pins clash with ours, and its first start spends minutes on migrations, so both are made once per user and
kept in the cache, keyed by version and pins. A database with an admin would keep that admin's token valid in
every copy: the template has none.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.parts import cache
from cueloop.errors import PartFailed

VERSION = "1.23.2"
"""The Label Studio that Cueloop is tested with."""

PINS = Path(__file__).parent / "label-studio.txt"
"""Every package of its environment with its version (`constraints/label-studio.txt` is a link to it)."""

DATABASE = "label_studio.sqlite3"
"""The file name that Label Studio gives its SQLite database."""

ROOM = 2.0
"""Gigabytes that must be free before the environment is built (it ends at about 1)."""

QUIET = {
    "COLLECT_ANALYTICS": "False", "LATEST_VERSION_CHECK": "false",  # no telemetry, no call home
    "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "",  # has an address built in: only an empty value turns it off
}
"""Environment variables that keep Label Studio from talking to anybody."""

Progress = Callable[[str], None]
"""Is told one sentence before each long step."""


@dataclass(frozen=True, slots=True)
class LabelStudioEnvironment:
    """Where the cached Label Studio is: its Python, and a data folder with a migrated, user-less database."""

    python: Path
    template: Path


def ensure(progress: Progress) -> LabelStudioEnvironment:
    """Label Studio's environment from the cache; built first when it is not there (minutes, network).

    Raises PartFailed, naming the log file, when it cannot be built.
    """
    def build(where: Path) -> None:
        cache.need_space(ROOM)
        progress(f"Installing Label Studio {VERSION} into {cache.folder()} "
                 "(290 MB to download, 1 GB on disk, 2 to 6 minutes, once per user).")
        _install(where / "venv", log)
        progress("Preparing Label Studio's database (about a minute, once per user).")
        _migrate(where / "venv" / "bin" / "python", where / "template", log)

    key = f"label-studio-{VERSION}-{_fingerprint()}"
    log = cache.folder() / f"{key}.log"
    ready = cache.once(key, build)
    python = ready / "venv" / "bin" / "python"
    if not python.exists():  # a link to a Python that has since been removed
        raise PartFailed(f"The Python under {ready} is gone. Delete that folder and start again.")
    return LabelStudioEnvironment(python, ready / "template")


def bare_environ(**more: str) -> dict[str, str]:
    """Environment for Label Studio's processes: it reads names as common as HOST, DEBUG or PASSWORD.

    So it gets the few it needs from ours, no proxy (it only talks to loopback), the quiet switches and `more`.
    """
    keep = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
    return {k: os.environ[k] for k in keep if k in os.environ} | QUIET | more


def _fingerprint() -> str:
    pins = hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    return f"{pins}-py{sys.version_info.major}{sys.version_info.minor}"


def _install(venv: Path, log: Path) -> None:
    _run([sys.executable, "-m", "venv", str(venv)], log, dict(os.environ),
         "Python's venv module does not work; on Debian or Ubuntu: apt install python3-venv.")
    # Scripts in bin/ name the folder they were built in, which is renamed: always `python -m`.
    _run([str(venv / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
          f"label-studio=={VERSION}", "gunicorn", "-c", str(PINS)], log, dict(os.environ),
         "Check that PyPI (or your PIP_INDEX_URL) is reachable and start again.")


def _migrate(python: Path, template: Path, log: Path) -> None:
    template.mkdir()
    start = "import sys; from label_studio.server import main; sys.argv = ['label-studio', 'shell']; main()"
    _run([str(python), "-c", start], log, bare_environ(LABEL_STUDIO_BASE_DATA_DIR=str(template)),
         "Label Studio could not make its database.", stdin="pass\n")
    if not (template / DATABASE).exists():
        raise PartFailed(f"Label Studio made no database. What it said is in {log}.")
    (template / ".env").unlink(missing_ok=True)  # its secret key: every copy makes its own


def _run(command: list[str], log: Path, environ: dict[str, str], advice: str, stdin: str = "") -> None:
    with log.open("a") as out:
        done = subprocess.run(command, env=environ, input=stdin, text=True, stdout=out,
                              stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise PartFailed(f"`{' '.join(command[1:4])} …` failed ({done.returncode}). {advice} "
                         f"What it said is in {log}.")


if __name__ == "__main__":  # so that `make test` builds it where progress can be seen
    ensure(lambda line: print(line, flush=True))  # noqa: T201
