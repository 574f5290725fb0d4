"""RQ entry points of this room. Redis stores their names: they never move."""

from __future__ import annotations

from typing import Any

from cueloop import settings
from cueloop.store import Store
from sync import quality


def recompute(project_id: int) -> dict[str, Any]:
    """Full run of consensus, performance and agreement of a project. Returns how many tasks notably moved."""
    store = Store.open(settings.load().store_url)
    try:
        return {"moved": len(quality.recompute(store, project_id))}
    finally:
        store.close()
