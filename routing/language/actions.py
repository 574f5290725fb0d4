"""What rules do. `action_fields` and `people_fields` tell how it is spelled in a rules file."""

from __future__ import annotations

from dataclasses import dataclass

from routing.language.audience import ANYBODY, Audience
from routing.language.conditions import Condition

HOUR = 3600.0
EXPERTISE = ("likeliest_two", "all_labels")
"""What an annotator is to be good at: telling the two likeliest labels apart, or any of them."""


@dataclass(frozen=True, slots=True)
class Accept:
    """The machine's label stands, except for a blind audit sample that goes to people."""

    audit: float = 0.0


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask `n` more people, until `max` have answered or `until` is known to be true."""

    n: int = 1
    max: int | None = None
    expertise: str = "all_labels"
    who: Audience = ANYBODY
    until: Condition | None = None


@dataclass(frozen=True, slots=True)
class Reopen:
    """A task that is done is opened again, and `ask` holds for it; of other tasks it says nothing."""

    ask: Ask = Ask()


@dataclass(frozen=True, slots=True)
class Stop:
    """The task is done: nobody is asked any more."""


@dataclass(frozen=True, slots=True)
class Escalate:
    """One of these people decides (adjudication); then the task is done."""

    who: Audience = ANYBODY


@dataclass(frozen=True, slots=True)
class Review:
    """One of these people looks at the answers and corrects them; then the task is done."""

    who: Audience = ANYBODY
    scope: str = "whole"
    """What they are asked to look at: `whole`, or `disagreed_regions`."""
    returns_to: str = ""
    """`author`: whose answer was corrected is told, with a link to what was changed."""


Action = Accept | Ask | Reopen | Stop | Escalate | Review


@dataclass(frozen=True, slots=True)
class Pause:
    """An annotator of whom `when` is known to be true, after at least `after` checks, is asked nothing more."""

    when: Condition
    after: int = 0
    tell: bool = True
    training: int = 0
    """Ground-truth tasks to get right before they are asked again; 0: until an admin lifts the pause."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something one person gets; each part may be absent."""

    seen: Condition | None = None
    """Only tasks of which this is true count; None: all."""
    per_person_day: int | None = None
    """Tasks a person may be shown in one day of their time zone."""
    per_hour: int | None = None
    """Answers a person may be asked for in one hour."""
    share_of_all: float | None = None
    """Most of a project's answers that one person may give."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a project may spend; what is spent is read from answers and their times."""

    money: float | None = None
    currency: str = ""
    teams: tuple[tuple[str, float, float], ...] = ()
    """(team, seconds of work, per so many seconds), e.g. six hours a week."""
    per_item: Condition | None = None
    """An expression for the most that one task may cost, e.g. task.duration_s * 0.02."""
    when_spent: str = "queue"
    """`queue`: tasks wait for new money; `stop_new`: what is begun is finished, no new task is begun."""


@dataclass(frozen=True, slots=True)
class Queues:
    """How much work an annotator's queue holds, so that a stopped Cueloop stops nobody."""

    hold: float = 2 * HOUR
    """Seconds of work, by the annotator's median time per task."""
    at_least: int = 20
    """Tasks, however slow they are; also where no time is known yet."""
    at_most: int = 300
    """Tasks, however quick they are: what is asked early cannot follow what is learnt later."""
    return_after: float = 24 * HOUR
    """Seconds after which the tasks of somebody who shows no sign of life go to others."""
