"""What counts as an audit, what is kept of thresholds, and what happens when they are not safe; on both databases."""

from __future__ import annotations

import sqlalchemy as sa

from cueloop import sampling
from cueloop.store import Store, schema
from routing import context, found_thresholds
from routing.language import rules
from routing.rehearse import rehearse
from routing.signals import Champion
from routing.thresholds import evidence, keep
from routing.thresholds.report import report
from tests.routing.thresholds.audits import COLUMN, MODEL, RULES, START, audit, later, project, promote, spread

V1 = Champion(MODEL, "v1")


def sample(keys: list[int], share: float = 0.3) -> list[int]:
    """Tasks of the audit sample."""
    return [key for key in keys if sampling.is_sampled(key, sampling.audit_salt(1), share)]


def counting(store: Store, champion: Champion = V1) -> list[int]:
    """Tasks that count."""
    with store.read() as conn:
        return sorted(evidence.read(conn, 1, "topic", champion).task.tolist())


def safe(store: Store) -> dict[str, float]:
    """The thresholds that rules may use."""
    with store.read() as conn:
        return dict(found_thresholds.safe(conn, 1))


def notices(store: Store) -> list[str]:
    """Subjects of what admins are told."""
    with store.read() as conn:
        return list(conn.scalars(sa.select(schema.notices.c.subject).order_by(schema.notices.c.key)))


def test_only_blind_answers_out_of_sample_and_not_chosen_by_a_model_count(any_store: Store) -> None:
    # Given tasks of the audit sample and others
    keys = project(any_store, 60)
    held, rest = sample(keys), [key for key in keys if key not in sample(keys)]
    audit(any_store, rest[:2])                                  # before any model spoke
    promote(any_store, keys, at=later(0), trained=frozenset({held[0], rest[0]}))
    # When they are answered: one the model was trained on, three blind, one with a suggestion, one nobody knows of
    audit(any_store, held[:4], at=later(1))
    audit(any_store, held[4:5], suggested=True, at=later(1))
    audit(any_store, held[5:6], suggested=None, at=later(1))
    # and two that some rule chose when the model had spoken
    audit(any_store, rest[2:4], at=later(1))
    # Then these count
    assert counting(any_store) == sorted([*held[1:4], rest[1]])
    # A second answer, given with a suggestion on screen, spoils one
    audit(any_store, held[1:2], at=later(2), suggested=True, person=2)
    assert counting(any_store) == sorted([*held[2:4], rest[1]])
    # Scores of another version are none of this one's; copies and deleted tasks are no tasks
    assert counting(any_store, Champion(MODEL, "v2")) == []
    with any_store.write() as conn:
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == held[2]).values(deleted_at=START))
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == held[3]).values(copy_of=held[1]))
    assert counting(any_store) == [rest[1]]


def test_people_alone_say_what_is_right_and_ground_truth_is_never_doubted(any_store: Store) -> None:
    keys = project(any_store, 40)
    promote(any_store, keys)
    held = sample(keys)
    audit(any_store, held[:1], label="ok", people={"ok": 0.3, "spam": 0.7}, wrong=0.1)      # a model's voice made it ok
    audit(any_store, held[1:2], label="spam", wrong=0.2, method="ground-truth")
    audit(any_store, held[2:3], label="ok", wrong=0.25)
    with any_store.read() as conn:
        found = evidence.read(conn, 1, "topic", V1)
    rows = {key: (bool(wrong), round(float(doubt), 2)) for key, wrong, doubt in zip(
        found.task.tolist(), found.wrong, found.doubt, strict=True)}
    assert rows == {held[0]: (True, 0.3), held[1]: (True, 0.0), held[2]: (False, 0.25)}
    assert list(found.at) == sorted(found.at)


def test_a_threshold_is_found_kept_and_withdrawn_with_a_notice(any_store: Store) -> None:
    # Given no audits: nothing is safe
    keys = project(any_store)
    promote(any_store, keys, score=spread(0.7, 1.0, 50))
    held = sample(keys)
    assert keep.refresh(any_store, 1, now=later(0))
    assert safe(any_store) == {}
    # When enough blind audits came
    audit(any_store, held[:200])
    assert not keep.refresh(any_store, 1, now=later(0.5))        # not within a minute
    assert keep.refresh(any_store, 1, now=later(2))
    assert not keep.refresh(any_store, 1, now=later(4))          # nothing new
    found = safe(any_store)
    assert set(found) == {COLUMN}
    assert 0.7 <= found[COLUMN] < 0.8
    assert notices(any_store) == []
    # When what people say changes, it is withdrawn, and told once
    audit(any_store, held[200:], label="spam", at=later(5))
    assert keep.refresh(any_store, 1, now=later(6))
    assert safe(any_store) == {}
    (told,) = notices(any_store)
    assert told.startswith("Threshold found(\"ok\", error=5%) is no longer safe")
    audit(any_store, held[:1], at=later(7), person=2)
    assert keep.refresh(any_store, 1, now=later(8))
    assert safe(any_store) == {}
    assert len(notices(any_store)) == 1
    # nor do other rules for a while make the alarm forgotten
    for text in (RULES.replace("5%", "20%"), "version: 1\nrules: [{name: all, when: true, ask: {n: 1}}]", RULES):
        with any_store.write() as conn:
            context.put_in_force(conn, 1, rules.parse(text), "test")
        assert keep.refresh(any_store, 1, now=later(9))
    assert COLUMN not in safe(any_store)
    # and the audit log has its story
    with any_store.read() as conn:
        story = list(conn.scalars(sa.select(schema.audit.c.action).where(
            schema.audit.c.action.like("threshold%")).order_by(schema.audit.c.key)))
    assert story == ["threshold found", "threshold withdrawn"]


def test_a_new_champion_starts_afresh_at_once_with_what_it_was_not_trained_on(any_store: Store) -> None:
    keys = project(any_store)
    promote(any_store, keys, score=spread(0.7, 1.0, 50))
    held = sample(keys)
    audit(any_store, held)
    keep.refresh(any_store, 1)
    assert COLUMN in safe(any_store)
    # When a version is promoted that was trained on nearly all audited tasks
    promote(any_store, keys, "v2", score=spread(0.5, 1.0, 50), trained=frozenset(held[10:]))
    # Then the old threshold is gone before anything is computed, and few audits count
    assert safe(any_store) == {}
    assert keep.refresh(any_store, 1)
    assert safe(any_store) == {}
    assert len(counting(any_store, Champion(MODEL, "v2"))) == 10
    assert notices(any_store) == ['Threshold found("ok", error=5%) has to be found anew in project 1']
    # When a third comes that was trained on none of them, their audits are enough at once
    promote(any_store, keys, "v3", score=spread(0.7, 1.0, 50))
    assert keep.refresh(any_store, 1)
    assert COLUMN in safe(any_store)
    assert len(notices(any_store)) == 1


def test_a_written_threshold_is_held_to_what_it_promises(any_store: Store) -> None:
    # Given a rule that accepts from 0.9, and audited tasks that it would have accepted
    keys = project(any_store, 600, """
version: 1
rules: [{name: sure, when: score >= 90% and predicted == "ok", accept: {audit: 30%}}]
""")
    promote(any_store, keys, score=spread(0.91, 0.99, 9))
    held = sample(keys)
    with any_store.write() as conn:
        conn.execute(schema.routes.insert(), [
            {"task": key, "project_id": 1, "state": "done", "wanted": {}, "dirty": False, "audit": True,
             "plan": {"audit": "sure"}, "need": 0, "priority": 0.0, "updated_at": START} for key in held])
    audit(any_store, held[:60])
    keep.refresh(any_store, 1)
    assert notices(any_store) == []
    # When half of the later ones are wrong
    audit(any_store, held[60:120], label=lambda n: ("ok", "spam")[n % 2], at=later(1))
    keep.refresh(any_store, 1, now=later(2))
    # Then an alarm says so, and the rule stays as it is written
    assert notices(any_store) == ["The threshold of rule sure is no longer safe in project 1"]
    with any_store.read() as conn:
        (row,) = report(conn, 1, error=0.1, confidence=0.95)["controls"][0]["in_force"]
    assert (row["kind"], row["score"], row["error"], row["seen"], row["wrong"]) == ("fixed", 0.9, 0.1, 120, 30)
    assert row["alarm"]
    assert row["low"] > 0.1


def test_a_dry_run_of_other_rules_searches_what_they_name_and_writes_nothing(any_store: Store) -> None:
    keys = project(any_store, 300, "version: 1\nrules: [{name: first, when: answers < 1, ask: {n: 1}}]")
    promote(any_store, keys, score=spread(0.7, 1.0, 50))
    tried = rules.parse(RULES.replace("30%", "40%"))
    audit(any_store, keys[:200], at=START.replace(year=2025))      # before the model spoke
    rehearsal = rehearse(any_store, 1, tried)
    assert rehearsal.decisions["accept"]["clear"] > 20
    assert safe(any_store) == {}


def test_while_no_threshold_is_safe_the_audit_sample_is_asked_about_whatever_its_score(any_store: Store) -> None:
    # Given rules that ask nobody but for the audit
    keys = project(any_store, 40, "\n".join(line for line in RULES.splitlines() if "first" not in line))
    promote(any_store, keys, score=spread(0.3, 0.9, 20))
    # Then the held-out tasks wait for a blind look, and the others for a threshold
    found = rehearse(any_store, 1)
    assert "accept" not in found.decisions
    asked = found.states.get("asked", 0) + found.states.get("waiting", 0)
    assert found.decisions["ask"]["clear"] == len(sample(keys))
    assert asked == 40


def test_without_a_model_or_without_anything_to_find_nothing_is_kept(any_store: Store) -> None:
    project(any_store, 5)
    assert not keep.refresh(any_store, 1)
    with any_store.read() as conn:
        assert keep.kept(conn, 1) is None
        assert report(conn, 1, error=0.01, confidence=0.95)["reason"].startswith("no model is in service")
    with any_store.write() as conn:
        context.put_in_force(conn, 1, rules.parse(
            "version: 1\nrules: [{name: first, when: answers < 1, ask: {n: 1}}]"), "test")
    with any_store.read() as conn:
        keys = list(conn.scalars(sa.select(schema.tasks.c.key)))
    promote(any_store, keys)
    assert not keep.refresh(any_store, 1)
