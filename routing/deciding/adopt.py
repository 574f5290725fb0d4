"""Adopts queues that rode in an import: the people named in a new task's `cue_queue` are being asked already."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cueloop.store import assignments, decisions
from cueloop.store.decisions import Decision
from routing.context import Context
from routing.deciding import places
from routing.showing.wanted import QUEUE, queue_names

RULE = "import"
"""Stands for the rule in such a decision."""


def adopt(conn: sa.Connection, given: Context, new: Sequence[int]) -> None:
    """Write decisions and assignments for tasks never routed before whose queue names people.

    Those of them who have answered by now are closed like anybody else who was asked.
    """
    by_queue = {person.queue: person.id for person in given.people}
    for place in places.read(conn, new, given.machines).values():
        people = sorted({by_queue[name] for name in queue_names(place.cue.get(QUEUE)) if name in by_queue})
        if not people or place.assignments:
            continue
        decision = decisions.add(conn, Decision(
            project_id=given.project.id, task=place.key, control=given.controls[0].name, kind="ask", rule=RULE,
            rules_hash=given.rules.hash, inputs={"why": "its queue rode in the import"}, chosen=people,
            probability=len(people) / len(given.people), created_at=given.now,
            guideline_version=given.project.guideline_version))
        assignments.add(conn, given.project.id, place.key, people, decision, given.now)
