"""Shadow mode: fresh blind answers decide between a challenger that passed the gate and the champion."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from cueloop.store import models
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import registry
from ml_backend.judging import shadow
from ml_backend.policy.policy import Gate, Policy, Shadow
from tests.ml_backend.judging.conftest import NO_REST

POLICY = Policy(gate=Gate(shadow=Shadow(audits=40, longest=3600)))


@pytest.fixture
def beside(life):
    """A challenger in the shadow of a champion."""
    life.version("champion")
    found = life.version("challenger", serve=False)
    shadow.begin(life.store, found, actor="job train", reason="no worse")
    return found


def step(life, policy=POLICY, rest=NO_REST):
    return shadow.step(life.store, 1, policy, rest)


def both(life, found, count, *, wrong, champion_wrong):
    """So many tasks that both predicted and people answered blind since."""
    tasks = life.tasks(count)
    life.predict(found, tasks, wrong=wrong)
    with life.store.read() as conn:
        life.predict(models.get(conn, "project-1", "champion"), tasks, wrong=champion_wrong)
    life.answer(tasks)


def running(life):
    with life.store.read() as conn:
        found = shadow.running(conn, "project-1")
    return found and found.version


def long_ago(life):
    with life.store.write() as conn:
        conn.execute(s.aliases.update().where(s.aliases.c.alias == "shadow").values(
            updated_at=now() - timedelta(hours=2)))


def test_as_good_as_the_champion_on_fresh_answers_it_is_promoted(life, beside):
    assert running(life) == "challenger"
    assert [row.subject for row in life.audit("model in shadow")] == ["project-1@challenger"]
    assert step(life) is None
    both(life, beside, 40, wrong=3, champion_wrong=4)
    assert step(life).promoted
    assert (life.champion(), running(life)) == ("challenger", None)
    row = life.audit("model promoted")[-1]
    assert (row.actor, row.detail["instead_of"]) == ("job shadow", "champion")
    assert "after shadow mode" in row.detail["reason"]
    assert "on the same 40 tasks" in row.detail["reason"]


def test_a_worse_one_is_refused_and_leaves_the_shadow(life, beside):
    both(life, beside, 40, wrong=20, champion_wrong=4)
    verdict = step(life)
    assert verdict.outcome == "refused"
    assert (life.champion(), running(life)) == ("champion", None)
    assert life.audit("model refused")[-1].detail["reason"] == verdict.reason
    # And its card tells what became of it, beside what the gate had said
    with life.store.read() as conn:
        card = models.get(conn, "project-1", "challenger").card
    assert (card["shadow"]["outcome"], card["shadow"]["reason"]) == ("refused", verdict.reason)
    assert step(life) is None


def test_it_waits_for_enough_answers_and_not_for_ever(life, beside):
    both(life, beside, 15, wrong=12, champion_wrong=0)
    assert step(life) is None
    assert running(life) == "challenger"
    long_ago(life)
    assert step(life).outcome == "refused"


def test_where_nobody_answered_blind_the_gates_word_stands_in_the_end(life, beside):
    long_ago(life)
    verdict = step(life)
    assert verdict.promoted
    assert "0 fresh blind answers cannot judge it" in verdict.reason


def test_a_fall_on_a_protected_label_is_seen_in_the_shadow_too(life, beside):
    tasks = life.tasks(90)
    sport = {key: label for key, label in tasks.items() if label == "sport"}
    rest = {key: label for key, label in tasks.items() if label != "sport"}
    with life.store.read() as conn:
        champion = models.get(conn, "project-1", "champion")
    life.predict(beside, sport, wrong=12)
    life.predict(champion, sport)
    life.predict(beside, rest)
    life.predict(champion, rest, wrong=12)
    life.answer(tasks)
    gate = Gate(shadow=POLICY.gate.shadow, protected={"sport": 0.05})
    assert [one.of for one in step(life, Policy(gate=gate)).refusals] == ["sport"]


def test_a_newer_challenger_takes_its_place(life, beside):
    newer = life.version("newer", serve=False)
    shadow.begin(life.store, newer, actor="job train", reason="no worse")
    shadow.begin(life.store, newer, actor="job train", reason="no worse")
    assert running(life) == "newer"
    assert [row.subject for row in life.audit("model refused")] == ["project-1@challenger"]
    assert len(life.audit("model in shadow")) == 2


def test_the_policy_no_longer_asks_for_it(life, beside):
    assert step(life, Policy()).promoted
    assert life.champion() == "challenger"


def test_while_the_champion_is_pinned_nothing_is_decided(life, beside):
    with life.store.read() as conn:
        champion = models.get(conn, "project-1", "champion")
    registry.pin(life.store, champion, actor="command line")
    both(life, beside, 40, wrong=0, champion_wrong=20)
    assert step(life) is None
    assert running(life) == "challenger"


def test_it_is_looked_at_once_a_minute(life, beside):
    assert step(life) is None
    both(life, beside, 40, wrong=0, champion_wrong=0)
    assert step(life, rest=shadow.REST) is None
    assert step(life).promoted


def test_one_that_a_person_promotes_meanwhile_is_in_no_shadow_any_more(life, beside):
    registry.promote(life.store, beside, actor="command line", reason="")
    assert running(life) is None
    assert step(life) is None
    with life.store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.aliases).where(s.aliases.c.alias == "shadow")) == 0
