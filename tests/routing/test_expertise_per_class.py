"""The expertise that matters is per class: people who are each good at one pair of labels get that pair.

All of it is learnt: nobody says who is good at what, no answer is marked as the truth. Answers go through the real
quality and the real refill, in the store.
"""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.store import Store, performance
from routing.choosing import expertise
from routing.choosing.batch import batch
from routing.choosing.choose import EXPLORE, Pool
from sync import quality
from tests.routing.work import Shop

PAIRS = (("cat", "lynx"), ("dog", "wolf"), ("mule", "horse"))
LABELS = tuple(label for pair in PAIRS for label in pair)

RULES = """queues: {at_least: 20, at_most: 20}
rules: [{name: torn, when: answers == 2 and posterior < 0.9, ask: {n: 1, expertise: likeliest_two}}]
"""


def says(person: int, truth: str, draw: np.random.Generator) -> str:
    """Person n is right on pair n mod 3; of the other pairs they see the pair and guess which of the two it is."""
    for number, pair in enumerate(PAIRS):
        if truth in pair:
            sure = 0.95 if person % 3 == number else 0.55
            return truth if draw.random() < sure else pair[1 - pair.index(truth)]
    raise AssertionError(truth)


def answered(shop: Shop, truth: list[str], draw: np.random.Generator) -> None:
    """Four of the six answer each of the first tasks."""
    for key, label in zip(shop.keys, truth, strict=False):
        for person in draw.permutation(np.arange(1, 7))[:4].tolist():
            shop.done(person, [key], says(person, label, draw))


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, set[int]]]:
    """(pair, who is asked about it) of torn tasks, after six people answered six hundred others."""
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('pairs') / 'store.sqlite3'}")
    draw = np.random.default_rng(5)
    shop = Shop(store, people=6, tasks=660, labels=LABELS)
    truth = [LABELS[n % 6] for n in range(660)]
    answered(shop, truth[:600], draw)
    # The last sixty were answered by two strangers who contradict each other within the pair
    with store.write() as conn:
        from cueloop.store import annotators
        annotators.put(conn, [{"id": n, "email": f"left{n}@example.org"} for n in (91, 92)])
    for n in range(600, 660):
        pair = next(pair for pair in PAIRS if truth[n] in pair)
        for person, label in zip((91, 92), pair, strict=True):
            shop.done(person, [shop.keys[n]], label)
    quality.recompute(store, 1, reports=False)
    with store.write() as conn:
        from cueloop.store.schema import annotators as table
        conn.execute(table.update().where(table.c.id.in_([91, 92])).values(deleted_at=shop.moment))
    shop.apply(RULES)
    shop.route()
    found = [(next(i for i, pair in enumerate(PAIRS) if truth[n] in pair), shop.asked(shop.keys[n]))
             for n in range(600, 660)]
    store.close()
    return found


def test_after_learning_each_specialist_gets_their_pair(asked: list[tuple[int, set[int]]]) -> None:
    assert sum(bool(people) for _, people in asked) == 60       # nothing waits: there are places for all
    right = sum(person % 3 == pair for pair, people in asked for person in people)
    assert right / 60 >= 0.8, right


def test_the_pairs_are_told_apart_although_all_are_about_as_accurate_overall(store: Store) -> None:
    draw = np.random.default_rng(6)
    shop = Shop(store, people=6, tasks=300, labels=LABELS)
    answered(shop, [LABELS[n % 6] for n in range(300)], draw)
    quality.recompute(store, 1, reports=False)
    with store.read() as conn:
        known = performance.confusions(conn, 1, "topic")
        accuracy = [row.accuracy for row in conn.execute(sa.select(performance.performance))]
    assert known is not None
    assert max(accuracy) - min(accuracy) < 0.2
    torn = np.zeros((3, 6))
    for number, pair in enumerate(PAIRS):
        torn[number, [LABELS.index(label) for label in pair]] = 0.5
    best = expertise.information(torn, known.confusion[:, :6, :6]).argsort(axis=1)[:, -2:]
    assert [{known.annotators[at] % 3 for at in row} for row in best] == [{0}, {1}, {2}]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 6), st.integers(15, 20))
def test_specialists_get_four_of_five_torn_tasks_of_their_pair_while_they_have_room(
        seed: int, pairs: int, each: int) -> None:
    draw = np.random.default_rng(seed)
    size = 2 * pairs
    confusion = np.full((pairs, size, size), 1e-3)
    for who in range(pairs):
        for label in range(size):
            sure = draw.uniform(0.9, 0.98) if label // 2 == who else draw.uniform(0.5, 0.6)
            confusion[who, label, label], confusion[who, label, label ^ 1] = sure, 1 - sure
    confusion /= confusion.sum(axis=2, keepdims=True)
    tasks = draw.permutation(np.repeat(np.arange(pairs), each))
    belief = np.full((len(tasks), size), 1e-3)
    for at, pair in enumerate(tasks):
        belief[at, 2 * pair] = draw.uniform(0.4, 0.6)
        belief[at, 2 * pair + 1] = 1 - belief[at, 2 * pair]
    value = expertise.information(expertise.likeliest_two(belief / belief.sum(axis=1, keepdims=True)), confusion)
    pool = Pool(ids=np.arange(pairs), size=np.full(pairs, 30.0), free=np.full(pairs, 30, np.int64),
                load=np.zeros(pairs), answers=np.full(pairs, 200.0))
    chosen = batch(pool, value, np.ones(value.shape, bool), [1] * len(tasks), list(range(seed, seed + len(tasks))),
                   ["ask:0"] * len(tasks))
    got = [choice.people[0] == pair for choice, pair in zip(chosen, tasks, strict=True) if choice.probability > EXPLORE]
    assert np.mean(got) >= 0.95, got                    # but for the choices that explore
    assert len(got) >= 0.8 * len(tasks)
