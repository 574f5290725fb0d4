"""Shadow, promotion, alarm and rollback in one life of a project, on SQLite and on PostgreSQL."""

from cueloop import audit
from cueloop.store import doubts, models
from ml_backend.judging import shadow, watch
from ml_backend.policy.policy import Gate, Policy, Shadow
from tests.ml_backend.judging.conftest import NO_REST, Life

POLICY = Policy(gate=Gate(shadow=Shadow(audits=20, longest=3600)))


def test_a_model_that_was_lucky_in_the_shadow_is_taken_back_by_the_audits(any_store):
    # Given a champion and a challenger that passed the gate, and is right about twenty fresh tasks by luck
    life = Life(any_store)
    good, lucky = life.version("good"), life.version("lucky", serve=False)
    shadow.begin(any_store, lucky, actor="job train", reason="no worse")
    first = life.tasks(20)
    life.predict(good, first, wrong=2)
    life.predict(lucky, first, wrong=1)
    life.answer(first)
    assert shadow.step(any_store, 1, POLICY, NO_REST).promoted
    assert life.champion() == "lucky"
    # When people keep its suggestions, the machine accepts some, and blind audits show what it is worth
    shown, taken, audited = life.tasks(5, seed=1), life.tasks(4, seed=2), life.tasks(80, seed=3)
    life.predict(lucky, shown, pushed=True)
    life.predict(lucky, taken, pushed=True)
    life.accepted(taken, lucky)
    life.answer(shown, seen=True)
    life.predict(good, audited, wrong=8)
    life.predict(lucky, audited, wrong=32)
    life.answer(audited)
    alarm = watch.step(any_store, 1, POLICY, NO_REST)
    # Then the one before serves again, the others' labels are doubted, and the audit log tells it all
    assert (alarm.back_to, life.champion(), alarm.marked) == ("good", "good", 9)
    with any_store.read() as conn:
        assert {task for task, _ in doubts.of_tasks(conn, [*shown, *taken, *audited])} == {*shown, *taken}
        assert models.aliases_of(conn, "project-1") == {"champion": "good"}
        audit.verify(conn)
    assert [row.subject for row in life.audit("model promoted")] == ["project-1@good", "project-1@lucky"]
    assert [row.subject for row in life.audit("model rolled back")] == ["project-1@good"]
