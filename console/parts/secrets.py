"""The settings of one home that nobody has to choose: random passwords, free ports. Kept in a 0600 file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

from dotenv import dotenv_values

from console.parts import cache, ports
from cueloop import settings
from cueloop.settings import Settings


def file(home: Path) -> Path:
    """Where the settings of `home` are kept."""
    return home / "settings.env"


def read(home: Path) -> dict[str, str]:
    """What the file says, by variable name; empty when there is none."""
    return {k: v for k, v in dotenv_values(file(home), interpolate=False).items() if v is not None}


def put(home: Path, **values: str) -> None:
    """Write these variables into the file, keep all others; readable by its owner only, replaced at once."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' texts will be in it
    with cache.lock(home / "settings.lock"):
        lines = [f"{k}='{v}'\n" for k, v in sorted((read(home) | values).items())]
        descriptor, name = tempfile.mkstemp(dir=home, prefix="settings.")  # made with mode 0600
        with os.fdopen(descriptor, "w") as out:
            out.writelines(lines)
        Path(name).replace(file(home))


def ensure(home: Path) -> Settings:
    """The settings of `home`, after making once what is missing: passwords, and ports that are free now."""
    have = read(home)
    wanted: dict[str, Callable[[], str]] = {
        "CUELOOP_HOOK_SECRET": lambda: token_urlsafe(24),
        "CUELOOP_ML_PASSWORD": lambda: token_urlsafe(24),
        "CUELOOP_HOOK_PORT": lambda: str(ports.free()),
        "CUELOOP_ML_PORT": lambda: str(ports.free()),
    }
    missing = {name: make() for name, make in wanted.items() if name not in have}
    if missing:
        put(home, **missing)
    return settings.load(home=home.absolute())
