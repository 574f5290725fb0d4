"""The loop: it misses nothing, counts nothing twice, and neither a fault nor a stop costs an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from werkzeug.serving import make_server

from cueloop.http import Retries
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, projects, schema
from sync import loop
from sync.hints import Hints
from sync.steps import Step, Steps
from sync.webhooks import PATH, SECRET_HEADER, create_app
from tests.sync.team import Team, choice

MakeTeam = Callable[..., Team]
SECRET = "between us"


@contextmanager
def looping(us: Team, steps: list[Step] | None = None, hints: Hints | None = None, *,
            every: float = 0.1) -> Iterator[threading.Event]:
    """The loop in a thread while the block runs; it must end within two seconds of being asked to."""
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(Settings(sync_seconds=every), us.store, us.admin),
                              kwargs={"steps": steps or [], "stop": stop, "hints": hints})
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=2.5)
        assert not thread.is_alive(), "the loop did not end"


@contextmanager
def receiver(hints: Hints) -> Iterator[tuple[str, list[int]]]:
    """The webhook receiver on a real port: its URL, and how often it was called."""
    called: list[int] = []

    def hint(project: int | None) -> None:
        called.append(1)
        hints.hint(project)

    server = make_server("127.0.0.1", 0, create_app(Settings(hook_secret=SecretStr(SECRET)), hint), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}{PATH}", called
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    """Until `condition()` holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to it in time"
        time.sleep(0.03)


def test_no_annotation_is_lost_when_every_webhook_is_dropped(either_label_studio: Any, team: MakeTeam) -> None:
    # Given a loop that no webhook reaches
    us = team(either_label_studio, 6)
    people = [us.person("ann"), us.person("bob")]
    with looping(us):
        # When people answer, edit and delete
        wanted = set()
        for number in us.tasks():
            for name, person in zip(("ann", "bob"), people, strict=True):
                said = person.annotate(number, choice("positive"))
                if number % 2:
                    person.patch_annotation(said["id"], result=choice("negative"))
                wanted.add((number, name, "negative" if number % 2 else "positive"))
        # Then every answer arrives
        wait_for(lambda: us.labels() == wanted)
    assert len(us.read(sa.select(schema.annotations))) == len(wanted)


def test_nothing_is_counted_twice_when_every_webhook_comes_twice(either_label_studio: Any, team: MakeTeam) -> None:
    # Given a webhook that is registered twice, and a loop that would not look by itself for a minute
    us = team(either_label_studio, 4)
    hints = Hints()
    with receiver(hints) as (url, called), looping(us, hints=hints, every=60):
        for _ in range(2):
            us.admin.create_webhook(us.project, url, headers={SECRET_HEADER: SECRET})
        numbers, ann = us.tasks(), us.person("ann")
        for number in numbers:
            ann.annotate(number, choice("positive"))
        # Then each answer is there, by the hint alone, once
        wait_for(lambda: us.labels() == {(number, "ann", "positive") for number in numbers})
        wait_for(lambda: len(called) >= 2 * len(numbers))
        time.sleep(0.5)
    assert len(us.read(sa.select(schema.annotations))) == 4
    assert len(us.read(sa.select(schema.annotation_versions))) == 4


def test_label_studio_goes_away_and_comes_back(fake_label_studio: Any, team: MakeTeam,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.steps.LONGEST_WAIT", 0.2)
    us = team(fake_label_studio, 2)
    first, second = us.tasks()
    us.person("ann").annotate(first, choice("positive"))
    impatient = LabelStudio(fake_label_studio.url, fake_label_studio.admin_token, timeout=2)
    us.admin.close()
    us.admin = impatient
    with looping(us):
        wait_for(lambda: len(us.labels()) == 1)
        fake_label_studio.stop()
        time.sleep(1)
        fake_label_studio.start()
        us.person("ann").annotate(second, choice("neutral"))
        wait_for(lambda: len(us.labels()) == 2)
    assert us.labels() == {(first, "ann", "positive"), (second, "ann", "neutral")}


def test_label_studio_being_away_is_said_once(fake_label_studio: Any, team: MakeTeam,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    us = team(fake_label_studio, 1)
    us.admin.close()
    us.admin = LabelStudio(fake_label_studio.url, fake_label_studio.admin_token, retries=Retries(attempts=1))
    states: dict[int, loop.State] = {}
    fake_label_studio.faults.fail(503, 1000)

    def look() -> dict[int, dict[str, Any]]:
        for state in states.values():
            state.backoff.until = 0.0
        return loop.round_(Settings(), us.store, us.admin, steps=[], states=states, stop=threading.Event())

    outcomes = [look() for _ in range(3)]
    assert all("error" in said[us.project] for said in outcomes)
    assert capsys.readouterr().out.count("retry_in") == 1
    fake_label_studio.faults.clear()
    assert look()[us.project]["tasks"] == 1


def test_a_step_that_fails_stops_no_other_and_sees_the_change_later(fake_label_studio: Any, any_team: MakeTeam) -> None:
    us = any_team(fake_label_studio, 2)
    seen: dict[str, list[frozenset[int]]] = {"good": [], "bad": []}
    broken = [True]

    def good(_store: Store, _client: Any, _project: int, changed: frozenset[int]) -> None:
        seen["good"].append(changed)

    def bad(_store: Store, _client: Any, _project: int, changed: frozenset[int]) -> None:
        if broken:
            raise ValueError("out of order")
        seen["bad"].append(changed)

    us.pull()
    keys = {row.key for row in us.read(sa.select(schema.tasks))}
    steps = Steps(us.store, us.admin, us.project, [bad, good])
    said = steps.run()
    # Then the good one has seen the change, and the bad one is left alone for a while
    assert list(said.values()) == ["ValueError: out of order", "done"]
    assert seen["good"] == [keys]
    assert list(steps.run().values()) == ["waiting", "done"]
    assert seen["good"] == [keys, frozenset()]
    # When the process ends and another begins, in which it works, then nothing is missing
    broken.clear()
    Steps(us.store, us.admin, us.project, [bad, good]).run()
    assert seen["bad"] == [keys]
    with us.store.read() as conn:
        assert projects.pending_changes(conn, us.project) == {}


def test_a_change_during_a_step_is_seen_by_its_next_run(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 1)
    seen: list[frozenset[int]] = []

    def step(_store: Store, _client: Any, _project: int, changed: frozenset[int]) -> None:
        if not seen:
            us.person("ann").annotate(us.tasks()[0], choice("positive"))
            us.pull()
        seen.append(changed)

    us.pull()
    steps = Steps(us.store, us.admin, us.project, [step])
    steps.run()
    steps.run()
    assert len(seen[0]) == len(seen[1]) == 1


def test_one_projects_fault_stops_no_other(fake_label_studio: Any, team: MakeTeam) -> None:
    # Given a project that was deleted in Label Studio, and one that is well
    gone, us = team(fake_label_studio, 1), team(fake_label_studio, 1)
    gone.admin.delete_project(gone.project)
    us.person("ann").annotate(us.tasks()[0], choice("positive"))
    states: dict[int, loop.State] = {}
    said = loop.round_(Settings(), us.store, us.admin, steps=[], states=states, stop=threading.Event())
    assert {project: "error" in what for project, what in said.items()} == {gone.project: True, us.project: False}
    assert len(us.labels()) == 1


def test_a_project_that_is_only_observed_or_disconnected_is_left_alone(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 1)
    for mode in ("observe", "disconnected"):
        with us.store.write() as conn:
            conn.execute(schema.projects.update().values(mode=mode))
        assert loop.once(Settings(), us.store, us.admin, steps=[]) == []


def test_a_sweep_holds_up_no_pull(fake_label_studio: Any, team: MakeTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a project whose sweep takes many pages
    monkeypatch.setattr("sync.sweep.PAGE", 5)
    us = team(fake_label_studio, 30)
    us.pull()
    us.admin.delete_task(us.tasks()[-1])
    states: dict[int, loop.State] = {}
    found, rounds = 0, 0
    while not found and rounds < 20:
        rounds += 1
        said = loop.round_(Settings(), us.store, us.admin, steps=[], states=states, stop=threading.Event())
        found = said[us.project]["deleted_tasks"]
    # Then each round did a page of it, and in the end it was found
    assert 3 < rounds < 20


def test_it_stops_in_the_middle_of_a_first_pull(fake_label_studio: Any, team: MakeTeam) -> None:
    us = team(fake_label_studio, 2000)
    fake_label_studio.faults.latency_seconds = 0.2
    with looping(us):
        wait_for(lambda: len(us.read(sa.select(schema.tasks.c.key))) >= 200)
    assert len(us.read(sa.select(schema.tasks.c.key))) < 2000
