"""This machine: home, disk, packages, store, processes and their logs."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from console.doctor.finding import Finding, bad, doubtful, good
from console.parts import running, secrets
from cueloop import audit
from cueloop.errors import StoreError
from cueloop.settings import Settings
from cueloop.store import Store

OURS = ("cueloop", "sync", "routing", "ml_backend", "guidelines", "console")
TIGHT, FULL = 4e9, 0.5e9
"""Free bytes from which down the disk is doubtful, and bad."""
TAIL = 200_000
"""Bytes of each log that are looked at, from its end."""


def home(settings: Settings) -> list[Finding]:
    """The folder, who may read its secrets, and how much room is left."""
    where = settings.home.absolute()
    file = secrets.file(where)
    found = []
    if file.exists() and file.stat().st_mode & 0o077:
        found.append(bad("home", f"{file} can be read by others, and it holds tokens.", f"chmod 600 {file}"))
    else:
        found.append(good("home", f"{where}" + ("" if file.exists() else " (new: nothing was connected yet)")))
    free = shutil.disk_usage(next(path for path in (where, *where.parents) if path.exists())).free
    says = f"{free / 1e9:.1f} GB free"
    if free < FULL:
        found.append(bad("disk", says, "Make room: SQLite and the logs fail on a full disk."))
    elif free < TIGHT:
        found.append(doubtful("disk", says, "The first `make demo` wants about 4 GB."))
    else:
        found.append(good("disk", says))
    return found


def packages(_settings: Settings) -> list[Finding]:
    """Other packages with our top-level names: `sync` and `routing` exist on PyPI."""
    owners = packages_distributions()
    clashes = {name: sorted({owner for owner in owners.get(name, ()) if owner != "cueloop"}) for name in OURS}
    found = [bad("packages", f"{', '.join(others)} has a package named `{name}` too.",
                 f"pip uninstall {' '.join(others)}, or give Cueloop an environment of its own.")
             for name, others in clashes.items() if others]
    try:
        sdk = version("label-studio-sdk")
    except PackageNotFoundError:
        return [*found, bad("packages", "label-studio-sdk is not installed.", "make install")]
    if not sdk.startswith("2."):
        found.append(bad("packages", f"label-studio-sdk is {sdk}.", "pip install 'label-studio-sdk>=2.1.2,<3'"))
    return found or [good("packages", f"no clashing names, label-studio-sdk {sdk}")]


def store(opened: Store) -> list[Finding]:
    """The database and its audit log's chain."""
    try:
        with opened.read() as conn:
            rows = audit.verify(conn)
    except StoreError as error:
        return [bad("store", str(error), "Somebody changed the audit log. Keep this database as evidence.")]
    return [good("store", f"{opened.url.render_as_string(hide_password=True)}, audit log intact ({rows} rows)")]


def processes(settings: Settings) -> list[Finding]:
    """Our processes, and errors in their logs."""
    names = sorted(running.read(settings.home))
    found = [good("processes", "running: " + ", ".join(names))] if names else [doubtful(
        "processes", "none of this home run.", "`cueloop up` starts them; ignore this if they run elsewhere.")]
    for log in sorted((settings.home / "logs").glob("*.log")):
        errors = _errors(log)
        if errors:
            found.append(doubtful("logs", f"{log} ends with {len(errors)} errors, the last: {errors[-1]}",
                                  f"Read {log}; most errors mend themselves once their cause is gone."))
    return found


def _errors(log: Path) -> list[str]:
    """Events of error lines near the end of one of our JSON logs."""
    with log.open("rb") as lines:
        lines.seek(max(0, log.stat().st_size - TAIL))
        read = lines.read().decode(errors="replace").splitlines()
    found = []
    for line in read:
        if line.startswith("{"):
            try:
                said = json.loads(line)
            except ValueError:
                continue        # cut off by the window
            if str(said.get("level", "")).lower() in ("error", "critical"):
                found.append(f"{said.get('event')} {said.get('error', '')}".strip()[:200])
    return found
