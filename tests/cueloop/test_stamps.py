"""What a full run compares before it writes: what stands, what somebody wrote meanwhile, what it says itself."""

from __future__ import annotations

from dataclasses import replace

from cueloop.store import Store, consensus
from cueloop.store.consensus import Consensus
from cueloop.store.stamps import Stamps, nothing, stamps
from tests.sync import quality_store as given


def row(task: int, label: str = "good", probability: float = 0.9, answers: int = 2) -> Consensus:
    return Consensus(task, "mood", label, probability, {label: probability}, answers, "m")


def standing(store: Store) -> Stamps:
    with store.read() as conn:
        return stamps(conn, 1, "mood")


def test_what_others_wrote_meanwhile_is_found(any_store: Store) -> None:
    # given the consensus of four of five tasks
    keys = given.project(any_store, tasks=5)
    assert not len(standing(any_store).task)
    with any_store.write() as conn:
        consensus.write(conn, 1, [row(key) for key in reversed(keys[:4])])
    before = standing(any_store)
    assert not len(before.written_since(standing(any_store)))
    # when the second is written again, the third says something else, the fourth goes and the fifth comes
    with any_store.write() as conn:
        consensus.write(conn, 1, [row(keys[1]), row(keys[2], "bad"), row(keys[4])])
        consensus.remove(conn, [keys[3]], "mood")
    # then those four were written, and nothing was before there was anything
    assert before.written_since(standing(any_store)).tolist() == keys[1:]
    assert nothing().written_since(before).tolist() == keys[:4]


def test_rows_that_say_the_same_are_told_from_others(any_store: Store) -> None:
    # given the consensus of three tasks
    keys = given.project(any_store, tasks=4)
    with any_store.write() as conn:
        consensus.write(conn, 1, [row(key) for key in keys[:3]])
    before = standing(any_store)
    # when a run finds: nothing new; a probability that moved little; an answer more; a task without any so far
    found = [row(keys[0]), row(keys[1], probability=0.901), row(keys[2], answers=3), row(keys[3])]
    # then what differs depends on how much a probability must move
    assert before.differing(found)[1].tolist() == [False, True, True, True]
    assert before.differing(found, 0.005)[1].tolist() == [False, False, True, True]
    assert before.differing([replace(found[0], label="bad"), replace(found[0], method="other")])[1].all()
    assert nothing().differing(found)[1].tolist() == [True] * 4
    assert before.differing([])[0].tolist() == []
