"""A dozen people at work at once on a real Label Studio, while rules and team change under them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from console.cli import main
from cueloop.store import assignments
from cueloop.store.columns import now
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import assignments as asked
from cueloop.store.schema import projects, routes, tasks
from routing import step
from sync import quality
from sync.pull import pull
from tests.routing.conftest import TeamFactory
from tests.routing.team import LABELS, Person, Team

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
    """When somebody wanted a task, and what they got."""
    empty: set[int] = field(default_factory=set)
    """Ids of those whose label stream showed nothing."""
    idle: dict[int, float] = field(default_factory=dict)
    """{id: since when somebody has been shown nothing although there was work for them}."""
    waited: list[tuple[int, float]] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def test_a_dozen_people_are_served_what_is_theirs_and_follow_new_rules_at_the_next_task(
        label_studio: Any, team_at: TeamFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a dozen people, tasks in two languages, and rules that ask two to four of them
    rows = [{"text": f"text {n}", "lang": "de" if n % 5 == 0 else "en"} for n in range(TASKS)]
    team = team_at(label_studio, people=PEOPLE, rows=rows)
    team.only_these()
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CUELOOP_DATABASE_URL", str(team.store.engine.url))
    assert _apply(tmp_path, BEFORE).exit_code == 0
    day, stop = Day(), threading.Event()
    loop = threading.Thread(target=_guarded, args=(day, _loop, team, day, stop))
    workers = [threading.Thread(target=_guarded, args=(day, _work, team, person, day, stop)) for person in team.people]
    try:
        loop.start()
        _wait(team, day, _settled)
        for worker in workers:
            worker.start()
        # When wrong rules are applied, they are refused and the old ones stay
        _wait(team, day, lambda _: len(day.served) >= 24)
        before = _rules(team)
        refused = _apply(tmp_path, WRONG)
        assert refused.exit_code == 3
        assert "no signal `anwsers`, did you mean answers?" in refused.stdout
        assert f"hash {before[:12]}) stays in force" in refused.stdout
        assert _rules(team) == before
        # and when only two people are to see German from now on
        germans = team.people[:2]
        changed = _apply(tmp_path, AFTER.replace("PEOPLE", ", ".join(p.email for p in germans)))
        assert changed.exit_code == 0, changed.stdout
        _wait(team, day, _routed)
        routed = now()
        _wait(team, day, lambda _: _shown(team, routed))
        since = time.monotonic()
        _wait(team, day, _finished, seconds=240)
    finally:
        stop.set()
        for thread in (*workers, loop):
            if thread.is_alive():
                thread.join(timeout=60)
    assert not day.faults
    pull(team.store, team.admin, team.project)      # what was submitted in the last moment counts, too
    # Then nobody was served a task that was not theirs,
    assert {(person.id, task) for _, person, task in day.served} <= _asked(team)
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
    new = {person.id for person, task in late if (person.id, task) not in first}
    assert new
    assert new <= {p.id for p in germans}
    # and nobody stayed idle while there was work for them
    assert not [one for one in day.waited if one[1] > PATIENCE]


def _apply(folder: Path, text: str) -> Result:
    """Put rules in force as an admin does."""
    (folder / "rules.yaml").write_text(text)
    return CliRunner().invoke(main, ["route", "apply", str(folder / "rules.yaml")], catch_exceptions=False)


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
        wanted, task = time.monotonic(), person.next()
        with day.lock:
            (day.empty.add if task is None else day.empty.discard)(person.id)
        if task is None or task["id"] == last:
            stop.wait(0.5)
            continue
        last = int(task["id"])
        with day.lock:
            day.served.append((wanted, person, last))
        stop.wait(random.uniform(0.2, 0.8))
        truth = LABELS[last % 3]
        person.answer(last, truth if random.random() < 0.75 else random.choice(LABELS))


def _note_idle(team: Team, day: Day) -> None:
    """Who is shown nothing although they are asked, or tasks wait that they never had and that may ask them."""
    with team.store.read() as conn:
        open_now = {row.annotator_id for row in conn.execute(sa.select(asked.c.annotator_id).where(
            asked.c.project_id == team.project, asked.c.state == assignments.OPEN))}
        had = {(row.annotator_id, row.task) for row in conn.execute(sa.select(
            notes.c.annotator_id, notes.c.task).where(notes.c.project_id == team.project))}
        hungry = conn.execute(sa.select(routes.c.task, routes.c.plan).where(
            routes.c.project_id == team.project, routes.c.need > 0)).all()
    for person in team.people:
        able = [row.task for row in hungry if (person.id, row.task) not in had
                and person.email in ((row.plan.get("who") or {}).get("people") or [person.email])]
        if person.id in day.empty and (person.id in open_now or able):
            day.idle.setdefault(person.id, time.monotonic())
        elif person.id in day.idle:
            day.waited.append((person.id, time.monotonic() - day.idle.pop(person.id)))


def _wait(team: Team, day: Day, ready: Callable[[Team], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not ready(team):
        assert not day.faults, day.faults
        assert time.monotonic() < until, f"it took too long; idle: {day.idle}, nothing for {day.empty}\n{_states(team)}"
        time.sleep(0.2)


def _states(team: Team) -> str:
    """Where every unfinished task stands, and who is asked about it."""
    columns = (tasks.c.id, tasks.c.key, tasks.c.cue, tasks.c.overlap, tasks.c.is_labeled, routes.c.state,
               routes.c.dirty, routes.c.need, routes.c.wanted)
    with team.store.read() as conn:
        opened = assignments.open_of(conn, team.project)
        rows = conn.execute(sa.select(*columns).join(tasks, tasks.c.key == routes.c.task).where(
            routes.c.project_id == team.project, sa.or_(routes.c.state != "done", routes.c.dirty))).mappings().all()
    return "\n".join(f"{dict(row)} asked {[a.annotator_id for a in opened if a.task == row['key']]}" for row in rows)


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


def _asked(team: Team) -> set[tuple[int, int]]:
    """(person, Label Studio's id of a task): who was ever asked about what."""
    with team.store.read() as conn:
        return {(row.annotator_id, row.id) for row in conn.execute(sa.select(asked.c.annotator_id, tasks.c.id).join(
            tasks, tasks.c.key == asked.c.task).where(asked.c.project_id == team.project))}


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
