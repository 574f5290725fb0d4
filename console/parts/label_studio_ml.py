"""label-studio-ml 1.0.9 in a virtual environment of its own, for the tests and benchmarks that meet the real one.

Its pins cannot stand beside Flask 3, so it never goes into ours. It borrows all else from there by a .pth file, Cueloop
included: the environment is a few megabytes and is made in seconds.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from console.parts import cache
from cueloop.errors import PartFailed

VERSION = "1.0.9"
"""The newest release of label-studio-ml on PyPI."""

LACKS = Path(__file__).parent / "label-studio-ml.txt"
"""What it needs beside itself (`requirements/label-studio-ml.txt` is a link to it)."""

Progress = Callable[[str], None]
"""Is told one sentence before each long step."""


def ensure(progress: Progress) -> Path:
    """The Python that can import label_studio_ml and Cueloop; its environment is built first when it is not there.

    Raises PartFailed, naming the log file, when it cannot be built.
    """
    def build(where: Path) -> None:
        progress(f"Installing label-studio-ml {VERSION} into {cache.folder()} (a few seconds, once per user).")
        _install(where / "venv", log)

    key = _key()
    log = cache.folder() / f"{key}.log"
    python = cache.once(key, build) / "venv" / "bin" / "python"
    if not python.exists():  # a link to a Python that has since been removed
        raise PartFailed(f"The Python under {python.parents[2]} is gone. Delete that folder and start again.")
    return python


def borrowed() -> tuple[str, ...]:
    """The folders that it takes all else from: our packages, those that our environment itself borrows, and Cueloop."""
    own = sysconfig.get_paths()["purelib"]
    others = [path for path in sys.path if Path(path).name == "site-packages" and path != own]
    return own, *others, str(Path(__file__).resolve().parents[2])


def _key() -> str:
    kept = LACKS.read_bytes() + "\n".join(borrowed()).encode()
    return (f"label-studio-ml-{VERSION}-{hashlib.sha256(kept).hexdigest()[:12]}"
            f"-py{sys.version_info.major}{sys.version_info.minor}")


def _install(venv: Path, log: Path) -> None:
    python = venv / "bin" / "python"
    _run([sys.executable, "-m", "venv", "--without-pip", str(venv)], log)
    site = next(venv.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text("\n".join(borrowed()) + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "--no-deps", f"label-studio-ml=={VERSION}"], log)
    _run([*pip, "-r", str(LACKS)], log)
    _run([str(python), "-c", "import label_studio_ml.api, label_studio_ml.server, ml_backend"], log)


def _run(command: list[str], log: Path) -> None:
    with log.open("a") as out:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise PartFailed(f"label-studio-ml {VERSION} could not be installed ({done.returncode}). Check that PyPI (or "
                         f"your PIP_INDEX_URL) is reachable and start again. What was said is in {log}.")


if __name__ == "__main__":  # for `make test`; the tests that need it are skipped without it and say why
    try:
        ensure(lambda line: print(line, flush=True))  # noqa: T201
    except PartFailed as error:
        sys.exit(str(error))
