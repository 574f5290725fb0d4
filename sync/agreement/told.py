"""Agreement as JSON: plain floats of four digits, None for what is unknown."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from sync.agreement.measured import Agreement
from sync.told import rounded


def told(found: Agreement) -> dict[str, Any]:
    """Value, interval, what it rests on, and the reason where something is missing."""
    return {"value": rounded(found.value), "low": rounded(found.low), "high": rounded(found.high),
            "tasks": int(found.tasks), "answers": int(found.answers), "reason": found.reason}


def named(annotator: Hashable) -> int | str:
    """An annotator as JSON."""
    return int(annotator) if isinstance(annotator, int | np.integer) else str(annotator)
