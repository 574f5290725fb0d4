"""Sync killed between any two writes, or at any call, and started again ends in the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cueloop.fake import FakeLabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, schema
from cueloop.store.columns import now
from sync import loop, quality
from sync.steps import Steps
from tests.sync.team import Team, choice, team_maker

Work = Callable[[Team], None]
PLACES = ("before a commit", "after a commit", "at a call")


class Killed(BaseException):
    """The process ends here."""


class Doomed:
    """Ends the process the `at`-th time that it comes to `place`."""

    def __init__(self, place: str, at: int):
        self.place, self.left = place, at

    def comes_to(self, place: str) -> None:
        """Die, when it is time."""
        if place == self.place:
            self.left -= 1
            if self.left == 0:
                raise Killed

    @property
    def survived(self) -> bool:
        """It never came so far."""
        return self.left > 0


def one_round(us: Team) -> None:
    """What `cueloop sync --once` does."""
    loop.once(Settings(), us.store, us.admin, steps=[quality.step])


def one_narrow_pull(us: Team) -> None:
    """A pull and its steps alone, that neither looks back nor is mended by a sweep."""
    us.pull(overlap=0)
    Steps(us.store, us.admin, us.project, [quality.step]).run()


@pytest.mark.parametrize("work", [one_round, one_narrow_pull])
def test_killed_anywhere_it_ends_in_the_same_state(work: Work, tmp_path: Path, fake_label_studio: FakeLabelStudio,
                                                   project_factory: Callable[..., int],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a store that is behind: of 9 tasks, some are answered anew, some edited, some deleted, one spoilt;
    # and batches of four tasks
    monkeypatch.setattr("sync.pace.LARGEST", 4)
    base = tmp_path / "base.sqlite3"
    team = behind(fake_label_studio, base, project_factory)
    wanted = after(work, team, base, tmp_path / "straight.sqlite3", None)
    assert "negative" in repr(wanted["answers"])
    assert len(wanted["consensus"]) >= 5
    # When it is killed at every place in turn, and started again
    deaths = 0
    for place in PLACES:
        for at in count(1):
            doomed = Doomed(place, at)
            state = after(work, team, base, tmp_path / f"{PLACES.index(place)}-{at}.sqlite3", doomed)
            # Then it ends where an undisturbed run ends
            assert state == wanted, f"killed {place}, number {at}"
            if doomed.survived:
                break
            deaths += 1
    team.close()
    assert deaths > 12


def behind(server: FakeLabelStudio, base: Path, project_factory: Callable[..., int]) -> Team:
    """A team whose store does not know the latest yet; the store is closed."""
    store = Store.open(f"sqlite:///{base}")
    us: Team = team_maker(store, project_factory, [])(server, 9)
    numbers = us.tasks()
    ann, bob = us.person("ann"), us.person("bob")
    notes = [ann.annotate(number, choice("positive")) for number in numbers[:6]]
    us.pull()
    with store.write() as conn:
        conn.execute(schema.routes.insert(), [
            {"task": key, "project_id": us.project, "state": "asked", "wanted": {},
             "published": {"cue": {}, "overlap": 1}, "dirty": False, "audit": False,
             "plan": {}, "need": 0, "priority": 0.0, "updated_at": now()}
            for key in conn.scalars(sa.select(schema.tasks.c.key))])
    for number in numbers[2:9]:
        bob.annotate(number, choice("negative"))
    ann.patch_annotation(notes[0]["id"], result=choice("neutral"))
    bob.patch_annotation(notes[1]["id"], result=choice("neutral"))
    ann.delete_annotation(notes[2]["id"])
    us.admin.delete_task(numbers[3])
    us.admin.patch_task(numbers[4], data={"text": "mended", "cue_queue": ",w9,"}, overlap=2)
    us.admin.import_tasks(us.project, [{"data": {"text": "new"}}])
    store.close()
    return us


def after(work: Work, us: Team, base: Path, copy: Path, doomed: Doomed | None) -> dict[str, list[str]]:
    """The state of a copy of the store after `work`; killed on the way, and then done again to the end."""
    copy.write_bytes(base.read_bytes())
    us.store = Store.open(f"sqlite:///{copy}")
    try:
        if doomed is not None:
            with dying(us, doomed):
                work(us)
            us.store.close()
            us.store = Store.open(f"sqlite:///{copy}")
        work(us)
        return us.state()
    finally:
        us.store.close()
        copy.unlink()


@contextmanager
def dying(us: Team, doomed: Doomed) -> Iterator[None]:
    """Within the block the process may die; what it holds in memory is gone then."""
    real_write, real_call = us.store.write, us.admin._http.call

    @contextmanager
    def write() -> Iterator[sa.Connection]:
        with real_write() as conn:
            yield conn
            doomed.comes_to("before a commit")
        doomed.comes_to("after a commit")

    def call(*args: Any, **options: Any) -> Any:
        doomed.comes_to("at a call")
        return real_call(*args, **options)

    us.store.write, us.admin._http.call = write, call  # type: ignore[method-assign]
    try:
        yield
    except Killed:
        pass
    finally:
        us.admin._http.call = real_call  # type: ignore[method-assign]
