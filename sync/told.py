"""Numbers and moments as reports have them: JSON knows neither NaN nor infinity, and what is unknown is None."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def rounded(value: float | None, digits: int = 4) -> float | None:
    """A plain float of so many digits, never -0; None for what is unknown or no finite number."""
    return None if value is None or not math.isfinite(value) else round(float(value), digits) + 0.0


def moment(at: float) -> str:
    """ISO date and time, in UTC and to the second, of POSIX seconds."""
    return datetime.fromtimestamp(int(at), UTC).isoformat()
