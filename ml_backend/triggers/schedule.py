"""Whether the clock alone asks for a training. Pure.

A schedule counts from the last training, and from when the policy came into force: applying `monday 03:00` on a
Thursday trains nothing on that Thursday. Where nothing has changed since the last training it stays silent: the same
data would give the same model.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ml_backend.policy.policy import Clock, Triggers
from ml_backend.policy.shapes import DAYS, EVERY_DAY
from ml_backend.triggers.look import SCHEDULE, Look


def scheduled(policy: Triggers, last: datetime, since: datetime | None, now: datetime, *, changed: bool) -> Look | None:
    """None where there is no schedule. `last`: when the last training was; `since`: when the policy was applied."""
    if policy.every is None and not policy.at:
        return None
    began = max(last, since) if since else last
    times = [(last + timedelta(seconds=policy.every), f"every {span(policy.every)}")] if policy.every else []
    times += [(next_strike(clock, policy.time_zone, began), spelled(clock, policy.time_zone)) for clock in policy.at]
    when, which = min(times)
    figures = {"next": when.isoformat(), "changed": changed}
    if when > now:
        return Look(SCHEDULE, False, f"next by the schedule ({which}) at {when:%Y-%m-%d %H:%M} UTC", "", figures)
    if not changed:
        return Look(SCHEDULE, False, f"due by the schedule ({which}), but nothing was labelled since the last training",
                    "", figures)
    return Look(SCHEDULE, True, f"the schedule says so ({which})", "", figures)


def next_strike(clock: Clock, zone: str, after: datetime) -> datetime:
    """The first moment after `after` at which a clock of that zone shows this time; it is skipped by no summer time."""
    here = after.astimezone(ZoneInfo(zone))
    for days in range(9):
        day = here.date() + timedelta(days=days)
        if clock.day is not None and day.weekday() != clock.day:
            continue
        local = datetime(day.year, day.month, day.day, clock.minute // 60, clock.minute % 60, tzinfo=ZoneInfo(zone))
        moment = local.astimezone(after.tzinfo)
        if moment > after:
            return moment
    raise AssertionError("a week has every day")


def spelled(clock: Clock, zone: str) -> str:
    """As in the file: `monday 03:00 (Europe/Berlin)`."""
    day = EVERY_DAY if clock.day is None else DAYS[clock.day]
    return f"{day} {clock.minute // 60:02d}:{clock.minute % 60:02d} ({zone})"


def span(seconds: float) -> str:
    """Seconds in the largest unit that they fill: 7d, 90m."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
