"""A dozen people at work at once on a real Label Studio, while rules and team change under them."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from tests.routing.team import LABELS, Person, Team

from cueloop.store import assignments
from cueloop.store.columns import now
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import assignments as asked
from cueloop.store.schema import projects, routes, tasks
from routing import step
from routing.language import rules
from routing.language.mistakes import RulesRefused
from sync import quality
from sync.pull import pull
from tests.routing.conftest import TeamFactory

pytestmark = pytest.mark.label_studio

PEOPLE, TASKS, MOST = 12, 60, 4
PATIENCE = 20.0
"""Seconds within which somebody idle is to be given work that there is for them: rounds take about one here."""

BEFORE = f"""
version: 1
queues: {{at_least: 4, at_most: 4}}
rules:
  - {{name: sure, when: answers >= 2 and disagreement < 0.4, stop: {{}}}}
  - {{name: first-pass, when: answers < 2, ask: {{n: 2}}}}
  - {{name: torn, when: answers >= 2 and disagreement >= 0.4, ask: {{n: 1, expertise: likeliest_two, max: {MOST}}}}}
"""
AFTER = BEFORE.replace("rules:", """rules:
  - {name: german-done, when: task.lang == "de" and answers >= 2, stop: {}}
  - {name: german, when: task.lang == "de" and answers < 2, ask: {n: 2, people: [PEOPLE]}}""")
WRONG = BEFORE.replace("answers < 2", "anwsers < 2")


@dataclass
class Day:
    """What happened to everybody."""

    served: list[tuple[float, Person, int]] = field(default_factory=list)
    idle: dict[str, float] = field(default_factory=dict)
    """{queue: since when somebody has been idle although there was work for them}."""
    waited: list[tuple[str, float]] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def test_a_dozen_people_are_served_what_is_theirs_and_follow_new_rules_at_the_next_task(
        label_studio: Any, team_at: TeamFactory) -> None:
    # Given a dozen people, tasks in two languages, and rules that ask two to four of them
    rows = [{"text": f"text {n}", "lang": "de" if n % 5 == 0 else "en"} for n in range(TASKS)]
    team = team_at(label_studio, people=PEOPLE, rows=rows)
    team.only_these()
    team.apply(BEFORE)
    day, stop = Day(), threading.Event()
    loop = threading.Thread(target=_guarded, args=(day, _loop, team, day, stop))
    workers = [threading.Thread(target=_guarded, args=(day, _work, team, person, day, stop)) for person in team.people]
    try:
        loop.start()
        _wait(day, lambda: _settled(team))
        for worker in workers:
            worker.start()
        # When wrong rules are given, they are refused and the old ones stay
        _wait(day, lambda: len(day.served) >= 24)
        before = _rules(team)
        with pytest.raises(RulesRefused, match=r"no signal `anwsers`, did you mean answers\?"):
            rules.parse(WRONG, "rules.yaml")
        assert _rules(team) == before
        # and when only two people are to see German from now on
        germans = team.people[:2]
        team.apply(AFTER.replace("PEOPLE", ", ".join(p.email for p in germans)))
        _wait(day, lambda: _routed(team))
        routed = now()
        _wait(day, lambda: _shown(team, routed))
        since = time.monotonic()
        _wait(day, lambda: _finished(team), seconds=240)
    finally:
        stop.set()
        for thread in (*workers, loop):
            if thread.is_alive():
                thread.join(timeout=60)
    assert not day.faults
    # Then nobody was served a task that was not theirs,
    assert not _unasked(team)
    # no task got more answers than its rule allows, and none twice from one person
    counts = _answers(team)
    assert max(counts.values()) <= MOST
    assert set(counts) == set(team.ids)
    assert min(counts.values()) >= 2
    # the new rule held at the next task: German went to those two only
    languages = {task: rows[at]["lang"] for at, task in enumerate(sorted(team.ids))}
    late = [(person, task) for at, person, task in day.served if at > since and languages[task] == "de"]
    first = {(person.id, task) for at, person, task in day.served if at <= since}
    assert {person.id for person, task in late if (person.id, task) not in first} <= {p.id for p in germans}
    # and nobody stayed idle while there was work for them
    assert not [one for one in day.waited if one[1] > PATIENCE]


def _guarded(day: Day, work: Any, *arguments: Any) -> None:
    try:
        work(*arguments)
    except BaseException as error:  # told by the test
        day.faults.append(error)


def _loop(team: Team, day: Day, stop: threading.Event) -> None:
    """What the sync process does."""
    while not stop.is_set():
        changed = pull(team.store, team.admin, team.project).changed
        quality.step(team.store, team.admin, team.project, changed)
        step.step(team.store, team.admin, team.project, changed)
        _note_idle(team, day)
        stop.wait(0.2)


def _work(team: Team, person: Person, day: Day, stop: threading.Event) -> None:
    random = Random(person.id)
    last = 0
    while not stop.is_set():
        task = person.next()
        if task is None or task["id"] == last:
            stop.wait(0.5)
            continue
        last = int(task["id"])
        with day.lock:
            day.served.append((time.monotonic(), person, last))
        stop.wait(random.uniform(0.2, 0.8))
        truth = LABELS[last % 3]
        person.answer(last, truth if random.random() < 0.75 else random.choice(LABELS))


def _note_idle(team: Team, day: Day) -> None:
    """Who has nothing to do although tasks wait that they never had and that may ask them."""
    with team.store.read() as conn:
        busy = set(conn.scalars(sa.select(asked.c.annotator_id).where(
            asked.c.project_id == team.project, asked.c.state == assignments.OPEN)))
        had = defaultdict(set)
        for row in conn.execute(sa.select(notes.c.task, notes.c.annotator_id).where(
                notes.c.project_id == team.project)):
            had[row.annotator_id].add(row.task)
        hungry = conn.execute(sa.select(routes.c.task, routes.c.plan).where(
            routes.c.project_id == team.project, routes.c.need > 0)).all()
    for person in team.people:
        able = [row.task for row in hungry if row.task not in had[person.id]
                and person.email in ((row.plan.get("who") or {}).get("people") or [person.email])]
        if person.id not in busy and able:
            day.idle.setdefault(person.queue, time.monotonic())
        elif person.queue in day.idle:
            day.waited.append((person.queue, time.monotonic() - day.idle.pop(person.queue)))


def _wait(day: Day, ready: Any, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert not day.faults, day.faults
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.2)


def _settled(team: Team) -> bool:
    with team.store.read() as conn:
        states = conn.execute(sa.select(routes.c.dirty).where(routes.c.project_id == team.project)).scalars().all()
    return len(states) == TASKS and not any(states)


def _routed(team: Team) -> bool:
    """All tasks were judged by the rules in force."""
    with team.store.read() as conn:
        row = conn.execute(sa.select(projects.c.rules_hash, projects.c.routed).where(
            projects.c.id == team.project)).one()
    return bool((row.routed or {}).get("rules") == row.rules_hash)


def _shown(team: Team, since: datetime) -> bool:
    """Label Studio shows what was wanted by then."""
    with team.store.read() as conn:
        oldest = conn.scalar(sa.select(sa.func.min(routes.c.updated_at)).where(
            routes.c.project_id == team.project, routes.c.dirty))
    return oldest is None or oldest > since


def _finished(team: Team) -> bool:
    with team.store.read() as conn:
        left = conn.scalar(sa.select(sa.func.count()).where(
            routes.c.project_id == team.project, sa.or_(routes.c.state != "done", routes.c.dirty)))
    return left == 0


def _rules(team: Team) -> Any:
    with team.store.read() as conn:
        return conn.scalar(sa.select(projects.c.rules_hash).where(projects.c.id == team.project))


def _unasked(team: Team) -> list[str]:
    """Annotations made without having been asked."""
    with team.store.read() as conn:
        return list(conn.scalars(sa.select(notes.c.unique_id).where(
            notes.c.project_id == team.project, notes.c.outside_queue.is_not(sa.false()))))


def _answers(team: Team) -> Counter[int]:
    """{Label Studio's id of a task: people who answered}; nobody twice."""
    with team.store.read() as conn:
        rows = conn.execute(sa.select(tasks.c.id, notes.c.annotator_id).join(tasks, tasks.c.key == notes.c.task).where(
            notes.c.project_id == team.project, notes.c.deleted_at.is_(None))).all()
    assert len(rows) == len(set(rows))
    return Counter(row.id for row in rows)
