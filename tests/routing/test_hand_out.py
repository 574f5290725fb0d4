"""What a decision keeps of a choice among very many."""

from __future__ import annotations

import pytest

from cueloop.store import Store, decisions
from routing.explaining.explain import explain
from tests.routing.work import Shop


def test_a_decision_among_sixty_tells_the_chance_of_everybody(store: Store) -> None:
    shop = Shop(store, people=60, tasks=1)
    shop.apply("rules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    shop.route()
    with store.read() as conn:
        ((_, made),) = decisions.of_task(conn, shop.keys[0])
    assert (len(made.candidates), made.inputs["others"]) == (50, 10)
    chance = sum(one["probability"] for one in made.candidates)
    assert chance + made.inputs["others_probability"] == pytest.approx(1, abs=1e-4)
    # and so does whoever asks why
    (told,) = explain(store, 1, "1000000")["decisions"]
    assert told["inputs"]["others"] == 10
