"""The demo: the whole loop on a real Label Studio, with real texts and real people's recorded answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from console.demo import report as reports
from console.demo import settled
from console.demo.bars import Bars
from console.demo.ratings import ANNOTATORS, load
from console.demo.replay import Replay, Served
from console.demo.report import Report
from console.demo.stage import Stage, set_up, sign_up
from console.parts.supervisor import Supervisor
from cueloop.settings import Settings
from cueloop.store import models, routes

SEATS = 5
"""People at work at a time."""
ANSWERS_PER_TASK = 2.5
"""Budget of answers; the rules usually need fewer."""
SETTLE_SECONDS = 300.0
"""How long the loop may take to digest the last answers."""
LOOK_EVERY = 10
"""Answers between two looks at what the loop made of them."""

Stay = Callable[[Supervisor, Stage], None]


@dataclass
class Clock:
    """Wall time of each step, in the order they ran."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began


def run(settings: Settings, bars: Bars, *, done: Callable[[Report], None] = lambda _: None, stay: Stay | None = None,
        batches: int = 20, seats: int = SEATS) -> Report:
    """Run everything and give the report.

    `done` gets the report, then `stay` is called, both before anything is stopped. Raises CueloopError when a
    part does not do its work; nothing is left running either way.
    """
    clock = Clock()
    with clock.step("recorded ratings"):
        ratings = load(batches)
    supervisor = Supervisor(settings.home, progress=bars.say)
    with clock.step("start of all parts"):
        supervisor.start()
    with supervisor_stopped(supervisor):
        with clock.step("sign-up of the annotators"), bars.bars(people_signed_up=ANNOTATORS) as show:
            accounts = sign_up(supervisor, lambda count: show("people_signed_up", count))
        with clock.step("project, rules, tasks"):
            stage = set_up(supervisor.settings, ratings, accounts)
        with stage:
            with clock.step("replay of the answers"):
                log = replay(stage, bars, seats)
            with clock.step("last answers digested"):
                settled.wait(lambda: stage.at_rest(len(log)), "The last answers", SETTLE_SECONDS)
            with clock.step("report"):
                found = reports.collect(stage.store, stage.project_id, stage.control.name, stage.ground(), log,
                                        clock.seconds)
            done(found)
            if stay is not None:
                stay(supervisor, stage)
    return found


@contextmanager
def supervisor_stopped(supervisor: Supervisor) -> Iterator[None]:
    """Whatever happens inside, nothing runs afterwards."""
    try:
        yield
    finally:
        supervisor.stop()


def replay(stage: Stage, bars: Bars, seats: int, budget: int | None = None) -> list[Served]:
    """Everybody works until the router has nothing more for them; what was served to whom."""
    tasks = len(stage.ratings.texts)
    budget = math.ceil(ANSWERS_PER_TASK * tasks) if budget is None else budget
    with bars.bars(answers=budget, tasks_decided=tasks, model_versions=3) as show:
        room = Replay(stage.project_id, stage.control, stage.ratings, stage.tasks, budget,
                      finished=lambda submitted: settled.out_of_work(stage.store, stage.project_id, submitted))

        def look(_: Served) -> None:
            show("answers", len(room.log))
            if len(room.log) % LOOK_EVERY == 0:
                decided, versions = progress(stage)
                show("tasks_decided", decided)
                show("model_versions", versions)

        room.on_answer = look
        with stage.room() as people:
            log = room.run(people, seats)
        decided, versions = progress(stage)
        show("tasks_decided", decided)
        show("model_versions", versions)
    return log


def progress(stage: Stage) -> tuple[int, int]:
    """(tasks that are decided, model versions trained) so far."""
    with stage.store.read() as conn:
        states = routes.counts(conn, stage.project_id)
        versions = models.versions(conn, models.name_for(conn, stage.project_id))
    return states.get(routes.DONE, 0) + states.get(routes.ACCEPTED, 0), len(versions)
