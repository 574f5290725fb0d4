"""What Label Studio should show of a task, and whether it does: pure.

Written only when needed: a task whose queue and overlap already serve the people who are asked costs no PATCH, and
a name left in the queue of somebody who answered does no harm, for Label Studio never serves a task twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cueloop.store import routes
from routing.deciding.places import Place
from routing.deciding.plans import Plan

QUEUE, PRIORITY = "cue_queue", "cue_priority"

Wanted = dict[str, Any]
"""`{"cue": {...}, "overlap": n, "is_labeled": bool}`, and `"accept": version` where the machine's label stands,
`"ranked": true` where the priority is a place in somebody's queue that must be shown."""


def queue_value(names: Collection[str]) -> str:
    """Names of queues, framed by commas so that `contains ",w1,"` never finds `w12`; empty for none."""
    return f",{','.join(sorted(names))}," if names else ""


def queue_names(value: object) -> frozenset[str]:
    """The names in a `cue_queue`, whatever somebody may have put there."""
    return frozenset(name for name in value.split(",") if name) if isinstance(value, str) else frozenset()


def state_of(plan: Plan, asked: int) -> str:
    """State of a task with this plan, of which `asked` people are being asked."""
    if plan.kind == "accept":
        return routes.ACCEPTED
    if plan.kind == "stop":
        return routes.DONE
    if plan.kind == "escalate":
        return routes.ESCALATED
    return routes.ASKED if asked else routes.WAITING


def wanted(plan: Plan, place: Place, asked: Collection[str], finished: frozenset[str], priority: float) -> Wanted:
    """What Label Studio should show: who is asked (names of queues), whether it is done, how many may answer.

    The overlap is raised to as many as have answered and are asked, which is never past the rule's maximum. So
    Label Studio itself closes the task with the last answer, and most tasks need no write to be ended. What is
    closed is served to nobody: its queue is left as it is, and the customer's data untouched. `finished` are the
    queues of those done with the task.
    """
    authors, shown = len(place.authors), queue_names(place.cue.get(QUEUE))
    closed = {"cue": {QUEUE: queue_value(shown), PRIORITY: place.cue.get(PRIORITY, 0.0)}}
    if plan.kind == "accept":
        # Bulk acceptance closes a task only when its overlap is the machine's annotation and those already there.
        return {**closed, "overlap": max(1, authors + (0 if place.machine else 1)), "is_labeled": bool(place.machine),
                "accept": plan.version}
    if plan.kind == "stop" and not asked:      # else somebody is checked with a task that is done
        return {**closed, "overlap": max(1, authors), "is_labeled": True}
    names = frozenset(asked)
    if names <= shown and shown - names <= finished:
        names = shown       # a name left over does no harm and costs no write
    return {"cue": {QUEUE: queue_value(names), PRIORITY: round(priority, 4)}, "overlap": max(1, authors + len(asked)),
            "is_labeled": False}


def satisfied(want: Wanted, place: Place, asked: Collection[str]) -> bool:
    """Whether what Label Studio shows already does what is wanted; `asked` are the queues of those asked."""
    if "accept" in want:
        return bool(place.machine) and bool(place.is_labeled)
    if want["is_labeled"]:
        return bool(place.is_labeled)
    if queue_names(place.cue.get(QUEUE)) != queue_names(want["cue"][QUEUE]):
        return False
    if want.get("ranked") and place.cue.get(PRIORITY) != want["cue"][PRIORITY]:
        return False
    return not asked or (not place.is_labeled and place.overlap is not None and place.overlap > len(place.authors))


def merged(data: Mapping[str, Any], want: Wanted) -> dict[str, Any]:
    """A task's data with our keys replaced: nothing else changes, not even keys of ours that are not named."""
    return {**data, **want["cue"]}
