"""A rules file as a policy of `cueloop replay`."""

from __future__ import annotations

import numpy as np

from routing.language import rules
from routing.replay.recorded import Recorded, of_observations
from routing.replay.replay import replay
from routing.replay.rules_policy import RulesPolicy, key_of
from sync.observations import observe

FILE = rules.parse("""version: 1
rules:
  - {name: sure, when: answers >= 2 and disagreement == 0, stop: {}}
  - {name: first, when: answers < 2, ask: {n: 2}}
  - {name: torn, when: disagreement > 0, ask: {n: 1, max: 3}}
""")


def recorded(tasks: int = 30, people: int = 6) -> Recorded:
    """Everybody answered everything; four of five are right."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, tasks)
    rows = [(f"t{t}", f"p{w}", ("no", "yes")[truth[t] if rng.random() < 0.8 else 1 - truth[t]])
            for t in range(tasks) for w in range(people)]
    return of_observations(observe(*map(list, zip(*rows, strict=True))))


def test_it_stops_when_the_rules_want_nobody_any_more() -> None:
    answers = recorded()
    found = replay(answers, RulesPolicy(FILE, answers), budget=1000)
    assert found.stopped
    given = np.bincount(answers.task[found.place], minlength=30)
    assert given.min() == 2
    assert given.max() == 3


def test_a_smaller_budget_is_the_beginning_of_a_larger_one() -> None:
    answers = recorded()
    whole, part = (replay(answers, RulesPolicy(FILE, answers), budget=n, cap=1.5) for n in (1000, 25))
    assert part.place.tolist() == whole.place[:25].tolist()
    assert not part.stopped


def test_the_cap_is_kept() -> None:
    answers = recorded()
    found = replay(answers, RulesPolicy(FILE, answers), budget=1000, cap=1.0)
    given = np.bincount(answers.annotator[found.place], minlength=6)
    assert given.max() <= len(found.place) / 6 + 2


def test_names_that_are_numbers_keep_them_and_others_always_get_the_same() -> None:
    assert key_of("42") == 42
    assert key_of("t1") == key_of("t1") != key_of("t2")
