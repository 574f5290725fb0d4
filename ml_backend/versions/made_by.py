"""Which code makes a version: the release of Cueloop and, where it runs from a clone, the commit."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import cueloop

HOME = Path(cueloop.__file__).resolve().parent.parent
SECONDS = 10.0
"""Longest wait for git."""


@cache
def made_by() -> dict[str, Any]:
    """{"cueloop": release, "commit": SHA or None outside of a clone, "changed": whether files differ from it}.

    Asked once a process: it runs the code that it was started with.
    """
    commit = _git("rev-parse", "HEAD") if (HOME / ".git").exists() else None
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "*.py") if commit else None
    return {"cueloop": cueloop.__version__, "commit": commit or None,
            "changed": None if changed is None else bool(changed)}


def _git(*words: str) -> str | None:
    """What git says; None where it is not installed, or does not want to say."""
    try:
        said = subprocess.run(["git", "-C", str(HOME), *words], capture_output=True, text=True, timeout=SECONDS,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip() if said.returncode == 0 else None
