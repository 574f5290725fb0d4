"""Says where a team's code failed: file and line of theirs, never what their data said."""

from __future__ import annotations

import traceback
from pathlib import Path


def place(error: BaseException, folder: Path) -> str:
    """`FILE.py, line 12: ` of the innermost line below the folder; empty where there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}: "
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if folder in Path(frame.filename).parents:
            return f"{Path(frame.filename).name}, line {frame.lineno}: "
    return ""
