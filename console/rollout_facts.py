"""Where the newest rollout of each project stands, for `cueloop status`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cueloop.store import Store, rollouts
from cueloop.store.rollouts import Rollout
from cueloop.store.schema import projects

TOLD = ("predicted", "expected", "pushed", "found", "refused", "removed")
DOING = {
    rollouts.PREDICTING: "its predictions are being made", rollouts.PUSHING: "its predictions are being pushed",
    rollouts.VERIFYING: "it is checked that they are all there", rollouts.SWITCHED: "it is shown",
    rollouts.REMOVING: "it is shown; from an hour after that on predictions of versions before are removed",
    rollouts.DONE: "it is shown",
    rollouts.OVERTAKEN: "another version, or a disconnection, came before it was shown"}


def of_projects(store: Store) -> dict[int, dict[str, Any] | None]:
    """{project: its newest rollout}; None where there was none."""
    with store.read() as conn:
        found = {project: rollouts.newest(conn, project) for project in conn.scalars(sa.select(projects.c.id))}
    return {project: _facts(rollout) if rollout else None for project, rollout in found.items()}


def lines(facts: dict[str, Any] | None) -> list[str]:
    """The same for people."""
    if facts is None:
        return []
    counts = ", ".join(f"{facts[name]} {name}" for name in TOLD if facts.get(name))
    doing = DOING[facts["state"]] if facts["shown_at"] or facts["state"] != rollouts.DONE else \
        "no open task has a prediction of it yet"
    said = f"version {facts['version']}: {doing}" + (f" ({counts})" if counts else "")
    return [said, *([facts["error"]] if facts["error"] else [])]


def _facts(rollout: Rollout) -> dict[str, Any]:
    return {"model": rollout.name, "version": rollout.version, "before": rollout.before, "state": rollout.state,
            "error": rollout.error, "started_at": rollout.started_at, "updated_at": rollout.updated_at,
            "shown_at": rollout.shown_at, "why": rollout.counts.get("why", {}),
            **{name: rollout.counts.get(name, 0) for name in TOLD}}
