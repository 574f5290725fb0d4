"""Agreement of annotators: coefficients with intervals, and cuts that say where it is lacking.

One coefficient a file (`percent`, `cohen`, `fleiss`, `krippendorff`, `gwet`), all on the same counts (`table`) and
the same resampling of tasks (`bootstrap`); `report` puts everything together as JSON.
"""

from __future__ import annotations

from sync.agreement.krippendorff import alpha
from sync.agreement.measured import Agreement

__all__ = ["Agreement", "alpha"]
