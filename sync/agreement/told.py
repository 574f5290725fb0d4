"""Agreement as JSON: plain floats of four digits, None for what is unknown."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np

from sync.agreement.measured import Agreement


def told(found: Agreement) -> dict[str, Any]:
    """Value, interval, what it rests on, and the reason where something is missing."""
    return {"value": rounded(found.value), "low": rounded(found.low), "high": rounded(found.high),
            "tasks": int(found.tasks), "answers": int(found.answers), "reason": found.reason}


def rounded(value: float | None) -> float | None:
    """Four digits; None for what is no number."""
    return None if value is None or not math.isfinite(value) else round(float(value), 4) + 0.0


def named(annotator: Hashable) -> int | str:
    """An annotator as JSON."""
    return int(annotator) if isinstance(annotator, int | np.integer) else str(annotator)
