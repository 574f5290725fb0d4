"""Whether two answers of any shape say the same."""

from __future__ import annotations

import json
from typing import Any


def canonical(value: Any) -> str:
    """An answer as text that is equal for equal answers: the order in which regions were drawn does not matter."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(sorted(canonical(part) for part in value)) + "]"
    if isinstance(value, dict):
        return json.dumps({name: canonical(part) for name, part in value.items()}, sort_keys=True)
    return json.dumps(value)
