"""Rules run in memory: they ask, hear and stop as live, and never learn what nobody answered."""

from __future__ import annotations

import numpy as np
import pytest

from cueloop.sampling import is_sampled
from routing.choosing.expertise import Expertise
from routing.deciding.plans import Plan
from routing.language import rules
from routing.language.audience import Audience
from routing.people.team import Person, Team
from routing.simulate.engine import Engine
from routing.simulate.run import run
from routing.simulate.signals import agreement
from routing.simulate.state import State
from routing.simulate.who import Who
from routing.simulate.work import Work

TWO_THEN_ONE = rules.parse("""version: 1
rules:
  - {name: clear, when: score >= 0.9, accept: {audit: 20%}}
  - {name: sure, when: answers >= 2 and disagreement == 0, stop: {}}
  - {name: first, when: answers < 2, ask: {n: 2}}
  - {name: torn, when: disagreement > 0, ask: {n: 1, max: 3}}
""")


def crowd(tasks: int = 40, people: int = 5, seed: int = 0) -> tuple[Work, np.ndarray, np.ndarray]:
    """Work without a model, the truth, and what everybody would answer: four of five are right."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, tasks)
    table = np.where(rng.random((tasks, people)) < 0.8, truth[:, None], 1 - truth[:, None])
    return Work(np.arange(1, tasks + 1), ("no", "yes"), tuple(range(people))), truth, table


def test_two_are_asked_and_a_third_where_they_differ() -> None:
    work, _, table = crowd()
    found = run(TWO_THEN_ONE, work, table)
    for task in range(40):
        first = [int(table[task, w]) for t, w in zip(found.task, found.person, strict=True) if t == task][:2]
        assert found.answers[task] == (2 if first[0] == first[1] else 3)
    assert set(found.kind) == {"stop"}
    assert set(found.rule) == {"sure", "torn"}


def test_nobody_answers_a_task_twice_and_only_what_is_known_is_asked() -> None:
    work, _, table = crowd()
    known = np.where(np.random.default_rng(1).random(table.shape) < 0.5, table, -1)
    found = run(TWO_THEN_ONE, work, known)
    pairs = list(zip(found.task.tolist(), found.person.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert all(known[pair] >= 0 for pair in pairs)
    lacking = [t for t in range(40) if (known[t] >= 0).sum() < 2]
    assert lacking
    assert all(found.kind[t] == "ask" for t in lacking)       # said as still wanted, not guessed


def test_the_same_work_gives_the_same_run() -> None:
    work, _, table = crowd()
    one, other = run(TWO_THEN_ONE, work, table), run(TWO_THEN_ONE, work, table)
    assert (one.person == other.person).all()
    assert one.rule == other.rule


def test_the_machine_accepts_all_but_the_sample_that_is_drawn_live() -> None:
    work, truth, table = crowd(tasks=200)
    model = np.where(np.arange(2) == truth[:, None], 0.95, 0.05)
    found = run(TWO_THEN_ONE, Work(work.keys, work.labels, work.people, model=model, salt="audit:3"), table)
    sampled = [is_sampled(key, "audit:3", 0.2) for key in work.keys.tolist()]
    assert [kind != "accept" for kind in found.kind] == sampled
    assert (found.label[np.array(sampled) == 0] == truth[np.array(sampled) == 0]).all()
    assert (found.answers[np.array(sampled)] >= 1).all()


def test_the_more_somebody_does_the_more_they_are_asked() -> None:
    work, _, table = crowd(tasks=200)
    found = run(TWO_THEN_ONE, Work(work.keys, work.labels, work.people, busy=np.array([10.0, 5.0, 5.0, 5.0, 1.0])),
                table)
    given = np.bincount(found.person, minlength=5)
    assert given[0] > given[4]


def test_only_people_who_meet_a_rules_demand_are_asked() -> None:
    work, _, table = crowd()
    file = rules.parse("version: 1\nrules: [{name: named, when: answers < 2, ask: {n: 2, people: [a@b.c, d@e.f]}}]")
    emails = ("a@b.c", "x@y.z", "d@e.f", "u@v.w", "s@t.u")
    found = run(file, Work(work.keys, work.labels, work.people, emails=emails), table)
    assert set(found.person.tolist()) == {0, 2}


def test_where_people_must_differ_they_are_asked_one_after_the_other() -> None:
    work, _, _ = crowd(tasks=1, people=3)
    team = Team(people={f"p{n}@x.y": Person(f"p{n}@x.y", attributes={"boss": "ann" if n < 2 else "bo"})
                        for n in range(3)})
    state = State(Work(work.keys, work.labels, work.people, emails=("p0@x.y", "p1@x.y", "p2@x.y"), team=team))
    state.plan[0] = Plan(kind="ask", target=2, who=Audience(not_same=("boss",)))
    state.tell(np.array([0]), np.array([0]), np.array([1]))
    who, known = Who(state), Expertise(np.full((3, 2, 2), 0.5), np.zeros(3))
    assert who.at_once(0, 2) == 1
    assert (state.open[0] & who.may(0, known, np.array([0.5, 0.5]))).tolist() == [False, False, True]


def test_every_choice_comes_with_its_chance() -> None:
    work, _, table = crowd()
    engine = Engine(TWO_THEN_ONE, work)
    asked = engine.next()
    engine.tell(*asked, table[asked])
    assert len(engine.choices) == 40
    assert all(0 < choice.probability <= 1 and choice.candidates for _, choice in engine.choices)


@pytest.mark.parametrize(("given", "share"), [([], None), ([1], None), ([1, 1], 1.0), ([1, 0], 0.0),
                                              ([1, 1, 0], 1 / 3)])
def test_agreement_is_the_share_of_pairs(given: list[int], share: float | None) -> None:
    assert agreement(given) == pytest.approx(share) if share is not None else agreement(given) is None
