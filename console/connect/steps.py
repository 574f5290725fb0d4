"""One change in Label Studio that connecting makes: announced in the journal, made, confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cueloop import journal
from cueloop.errors import Conflict, LabelStudioError, LabelStudioUnreachable
from cueloop.journal import Entry
from cueloop.store import Store


@dataclass(frozen=True, slots=True)
class Step:
    """A change that is still to be made. A thing that stands as it should needs no step."""

    kind: str
    """Names the module that can undo it."""
    target: str
    """What is changed, known before it is, e.g. an address."""
    says: str
    """The change in a few words, for people."""
    act: Callable[[], Any]
    """Makes it; what it returns is kept for undoing. It must cope with having been made before."""
    before: Any = None
    """What stands there now."""
    otherwise: str = ""
    """For a change that Cueloop can do without: what to do when Label Studio refuses it. Empty: that is an error."""


def perform(store: Store, project_id: int, step: Step) -> str | None:
    """Make a change under the journal. Returns a warning when it was refused and can be done without.

    Raises LabelStudioUnreachable when nobody knows whether it happened: the next run looks.
    """
    entry = journal.intend(store, project_id, step.kind, step.target, step.before)
    try:
        after = step.act()
    except LabelStudioUnreachable:
        raise
    except (LabelStudioError, Conflict) as error:
        if getattr(error, "status", 0) < 500:       # from there on nobody knows whether it happened
            journal.undone(store, entry)
        if not step.otherwise:
            raise
        return f"{error} {step.otherwise}"
    journal.done(store, entry, after)
    return None


def outdated(store: Store, project_id: int, kind: str, address: str) -> list[Entry]:
    """What an earlier connect had put at another address, e.g. before the port was changed."""
    return [entry for entry in journal.standing(store, project_id, kind) if entry.target != address]


def confirm(store: Store, project_id: int, kind: str) -> None:
    """Close what a run that died had announced and, as it turns out, made: nothing of this kind is missing now."""
    for entry in journal.standing(store, project_id, kind):
        if entry.state == journal.INTENDED:
            journal.done(store, entry)
