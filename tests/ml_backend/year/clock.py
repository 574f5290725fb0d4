"""A clock that a test moves by days and months, for our code and for the fake Label Studio alike."""

from datetime import UTC, datetime, timedelta

CLOCKS = ("cueloop.store.columns.datetime", "cueloop.fake.world.datetime")
"""Where our code and the fake read the time; workers are forks of this process, and have it from here."""


class Clock:
    """Runs as the real one does, ahead by what it was moved. It begins on the fifth of next January."""

    def __init__(self, monkeypatch):
        """Everything that asks for the time from now on gets it from here; start the fake after this."""
        clock, today = self, datetime.now(UTC)
        self.ahead = datetime(today.year + 1, 1, 5, 9, tzinfo=UTC) - today

        class Moved(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + clock.ahead

        for name in CLOCKS:
            monkeypatch.setattr(name, Moved)

    def now(self):
        return datetime.now(UTC) + self.ahead

    def later(self, **what):
        """So much time passes: `days=3`."""
        self.ahead += timedelta(**what)

    def until(self, month, day=1):
        """It becomes that day of the year."""
        at = self.now()
        moment = at.replace(month=month, day=day, hour=9, minute=0, second=0, microsecond=0)
        assert moment > at, f"it is {at:%d %B} already"
        self.ahead += moment - at
