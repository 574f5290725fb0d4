"""What an hour of each person costs, and how long their untimed work took; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cueloop.declared import Costs
from sync.flow.clock import HOUR
from sync.flow.day import Work

HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Rates:
    """`unit` is the currency, or HOURS while somebody's rate is unknown; `hourly` {annotator: units an hour}.
    `reason`: why there is no money in it. `machine` is None where the machine's rate is unknown."""

    unit: str
    hourly: Mapping[int, float]
    machine: float | None
    reason: str | None


def rates(costs: Costs, emails: Mapping[int, str]) -> Rates:
    """Rates of these people: by e-mail address, else `per_hour`. One unknown rate, and everything is told in hours."""
    named = {email.lower(): rate for email, rate in costs.people.items()}
    found = {who: named.get(email.lower(), costs.per_hour) for who, email in emails.items()}
    known = {who: float(rate) for who, rate in found.items() if rate is not None}
    if len(known) == len(found) and (found or costs.per_hour is not None or named):
        return Rates(costs.currency or "money", known, costs.machine_per_hour, None)
    missing = sorted(emails[who] or str(who) for who in found.keys() - known.keys())
    who = f"of {', '.join(missing[:5])}{' and others' if len(missing) > 5 else ''} " if named else ""
    return Rates(HOURS, dict.fromkeys(emails, 1.0), None, f"the rate {who}is not declared (`costs` in the rules file)")


def seconds_each(done: Mapping[int, Work]) -> dict[int, float]:
    """Mean counted seconds of a submission of each person; everybody's where none of theirs is timed, and nobody is
    left out unless nothing at all is timed."""
    timed = sum(one.timed + one.copies_timed for one in done.values())
    if not timed:
        return {}
    usual = sum(one.seconds + one.copy_seconds for one in done.values()) / timed
    return {who: (one.seconds + one.copy_seconds) / (one.timed + one.copies_timed)
            if one.timed + one.copies_timed else usual for who, one in done.items()}


def hours(done: Mapping[int, Work], *, copies: bool) -> dict[int, float] | None:
    """{annotator: hours}, on tasks or on hidden copies, with the untimed submissions at their usual time; None when
    nothing at all is timed."""
    each = seconds_each(done)
    if not each:
        return None
    found = {}
    for who, one in done.items():
        made, timed, spent = ((one.copies, one.copies_timed, one.copy_seconds) if copies
                              else (one.answers + one.skips, one.timed, one.seconds))
        found[who] = (spent + (made - timed) * each[who]) / HOUR
    return found
