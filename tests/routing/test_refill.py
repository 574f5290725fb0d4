"""Who is asked: demands of rules in the store, deep queues, work that is kept together, nobody in silence."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from cueloop.store import Store, schema
from routing.choosing.refill import LAST
from routing.explaining.explain import explain
from tests.routing.work import Shop

PEOPLE = """people:
  p1@example.org: {languages: [fr], attributes: {supervisor: kim, culture: FR}}
  p2@example.org: {languages: [en], skills: [translated], attributes: {supervisor: kim, culture: UK}}
  p3@example.org: {languages: [en], attributes: {supervisor: noor, culture: UK}}
"""
BY_LANGUAGE = """rules:
  - name: native
    when: answers < 1
    ask: {n: 1, language: task.lang, if_nobody: {after: 2h, widen: [translated]}}
"""


def test_a_task_goes_to_somebody_who_speaks_its_language(store: Store) -> None:
    shop = Shop(store, tasks=[{"text": "x", "lang": lang} for lang in ("fr", "en", "fr", "en")])
    shop.hire(PEOPLE)
    shop.apply(BY_LANGUAGE)
    shop.route()
    assert [shop.asked(key) <= {1} for key in shop.keys] == [True, False, True, False]
    assert all(shop.asked(key) for key in shop.keys)


def test_tasks_for_whom_nobody_may_be_asked_wait_aloud_and_hold_nobody_up(any_store: Store) -> None:
    german, plain, english = {"text": "x", "lang": "de"}, {"text": "y"}, {"text": "z", "lang": "en"}
    shop = Shop(any_store, tasks=[german] * 60 + [plain] * 2 + [english] * 9)
    shop.hire(PEOPLE)
    shop.apply("rules: [{name: native, when: answers < 1, ask: {n: 1, language: task.lang}}]")
    for _ in range(2):      # once, however often it is looked
        shop.route()
    assert {shop.keys.index(a.task) for a in shop.open()} == set(range(62, 71))
    native, unknown = sorted(shop.notices(), key=lambda one: "has no" in one[1] or "have no" in one[1])
    assert native[0] == "Nobody may be asked about tasks of rule native in project 1"
    assert "p1@example.org: speaks no de" in native[1]
    assert "have no task.lang" in unknown[1]
    # and when somebody learns German, they get on with it
    shop.hire(PEOPLE.replace("languages: [fr]", "languages: [fr, de]"))
    shop.route()
    assert len(shop.queue(1)) == 20


def test_of_very_many_kinds_of_tasks_one_notice_is_enough(store: Store) -> None:
    shop = Shop(store, tasks=[{"text": "x", "lang": f"l{n}"} for n in range(40)])
    shop.hire(PEOPLE)
    shop.apply("rules: [{name: native, when: answers < 1, ask: {n: 1, language: task.lang}}]")
    for _ in range(3):
        shop.route()
    assert len(shop.notices()) == 11
    assert any("many tasks" in subject for subject, _ in shop.notices())


def test_when_nobody_was_found_in_time_others_are_asked(store: Store) -> None:
    shop = Shop(store, tasks=[{"text": "x", "lang": "de"}] * 3)
    shop.hire(PEOPLE)
    shop.apply(BY_LANGUAGE)
    shop.route()
    shop.route(at=shop.moment + timedelta(hours=1.9))
    assert shop.open() == []
    shop.route(at=shop.moment + timedelta(hours=2.1))
    assert [shop.asked(key) for key in shop.keys] == [{2}] * 3
    shop.route(at=shop.moment + timedelta(hours=2.2))           # and stay so
    assert [shop.asked(key) for key in shop.keys] == [{2}] * 3


def test_those_who_are_asked_together_differ_and_the_mix_is_met(store: Store) -> None:
    shop = Shop(store, tasks=8)
    shop.hire(PEOPLE)
    shop.apply("rules: [{name: two, when: answers < 2, ask: {n: 2, not_same: supervisor}}]")
    shop.route()
    assert all(shop.asked(key) in ({1, 3}, {2, 3}) for key in shop.keys)
    other = Shop(store, tasks=[{"text": "x", "culture": "FR"}] * 8, project=2)
    other.apply("rules: [{name: two, when: answers < 2, ask: {n: 2, mix: {culture: {same_as: task.culture}}}}]")
    other.route()
    assert all(1 in other.asked(key) and len(other.asked(key)) == 2 for key in other.keys)
    # Given that somebody else answered first, the one seat that is left is for whom the mix lacks
    third = Shop(store, tasks=[{"text": "x", "culture": "FR"}] * 3, project=3)
    third.done(2, third.keys, "positive")
    third.apply("rules: [{name: two, when: answers < 2, ask: {n: 1, mix: {culture: {same_as: task.culture}}}}]")
    third.route()
    assert [third.asked(key) for key in third.keys] == [{1}] * 3


def test_the_tasks_of_one_patient_go_to_the_same_people_while_they_have_room(any_store: Store) -> None:
    shop = Shop(any_store, people=6, tasks=[{"text": "x", "patient": f"a{n % 5}"} for n in range(50)])
    shop.apply("queues: {at_least: 20, at_most: 20}\n"
               "rules: [{name: two, when: answers < 2, ask: {n: 2}, keep_together: task.patient}]")
    shop.route()
    teams = [{frozenset(shop.asked(shop.keys[at])) for at in range(patient, 50, 5)} for patient in range(5)]
    assert all(len(pairs) <= 2 for pairs in teams), teams       # one pair each, or two where a queue was full
    assert sum(len(pairs) == 1 for pairs in teams) >= 3
    assert len(shop.open()) == 100
    # When more of a patient's tasks come later, they go to who knows the patient
    pair = next(iter(teams[0]))
    with any_store.write() as conn:
        conn.execute(schema.assignments.update().values(state="answered"))
        conn.execute(schema.tasks.insert().values(
            project_id=1, id=77, created_at=shop.moment, updated_at=shop.moment, data={"text": "new", "patient": "a0"},
            cue={}, overlap=1, is_labeled=False, blind=False))
        key = int(conn.scalar(sa.select(sa.func.max(schema.tasks.c.key))) or 0)
    shop.route([key])
    assert shop.asked(key) == pair


def test_a_specialist_whose_tasks_lie_deep_below_others_finds_them(store: Store) -> None:
    # Given thousands of more urgent French tasks, and the French speaker's queue is full
    shop = Shop(store, tasks=[{"text": "x", "lang": "fr"}] * 3000 + [{"text": "y", "lang": "en"}] * 10)
    shop.hire(PEOPLE)
    shop.apply("rules:\n  - {name: french, when: task.lang == 'fr' and answers < 1, priority: 5, "
               "ask: {n: 1, language: fr}}\n  - {name: rest, when: answers < 1, ask: {n: 1, language: en}}")
    shop.route()
    assert len(shop.open(1)) == 20
    assert len(shop.open(2)) + len(shop.open(3)) == 10


def test_tasks_that_only_busy_people_may_have_hide_no_work_further_down(any_store: Store) -> None:
    # Given a thousand tasks that p1 alone has not answered, all before the few that p2 and p3 could do
    shop = Shop(any_store, tasks=700)
    for person in (2, 3):
        shop.done(person, shop.keys[:680], "positive")
    shop.apply("rules:\n  - {name: first, when: answers >= 2 and answers < 3, priority: 3, ask: {n: 1}}\n"
               "  - {name: rest, when: answers < 1, ask: {n: 1}}")
    shop.route()
    assert len(shop.open(1)) == 20
    assert len(shop.open(2)) + len(shop.open(3)) == 20


def test_a_task_of_which_nobody_is_left_waits_behind_all_others_and_explain_says_why(store: Store) -> None:
    shop = Shop(store, tasks=3)
    for person in (1, 2, 3):
        shop.done(person, shop.keys[:1])        # all skipped it
    shop.apply("rules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    shop.route()
    assert shop.found(shop.keys[0]).priority == LAST
    assert len(shop.open()) == 2
    with store.read() as conn:
        number = conn.scalar(sa.select(schema.tasks.c.id).where(schema.tasks.c.key == shop.keys[0]))
    assert "nobody is left" in str(explain(store, 1, int(number or 0))["waits_for"])


def test_a_deadline_stands_on_the_assignment_and_such_tasks_are_given_out_first(store: Store) -> None:
    shop = Shop(store, tasks=[{"text": "x", "kind": "urgent" if n >= 70 else "calm"} for n in range(80)])
    shop.apply("rules:\n  - {name: soon, when: task.kind == 'urgent' and answers < 1, ask: {n: 1}, deadline: 30m}\n"
               "  - {name: rest, when: answers < 1, ask: {n: 1}}")
    shop.route()
    due = {shop.keys.index(a.task): a.due_at for a in shop.open()}
    assert {n for n, moment in due.items() if moment} == set(range(70, 80))
    assert {moment for moment in due.values() if moment} == {shop.moment + timedelta(minutes=30)}


def test_paused_people_get_nothing_and_their_open_work_moves_on(store: Store) -> None:
    shop = Shop(store)
    shop.apply("rules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    shop.route()
    assert shop.open(1)
    with store.write() as conn:
        conn.execute(schema.pauses.insert().values(
            project_id=1, annotator_id=1, rule="x", rules_hash="", reason="x", details={}, created_at=shop.moment))
    shop.route()
    assert shop.open(1) == []
    assert len(shop.open()) == 30


def test_what_a_person_must_never_get_they_never_get(store: Store) -> None:
    shop = Shop(store, people=1, tasks=[{"text": "x", "author": who} for who in ("p1", "p2", "p1", "p3")])
    shop.hire("people: {p1@example.org: {never: task.author == 'p1'}}")
    shop.apply("rules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    shop.route()
    assert shop.queue(1) == {1, 3}


def test_who_is_qualified_is_measured_on_the_labels_in_question_and_declared_until_then(store: Store) -> None:
    shop = Shop(store, tasks=6, labels=("a", "b", "c"))
    good, poor = 0.95, 0.4
    rest = [(1 - value) / 2 for value in (good, poor)]
    pair = [[good, rest[0], rest[0]], [rest[0], good, rest[0]], [rest[1], rest[1], poor]]
    shop.knows(2, pair)                                                     # good at a and b
    shop.knows(3, [pair[2][::-1], pair[1], [rest[0], rest[0], good]])       # good at b and c
    shop.hire("people: {p1@example.org: {qualified: {a: 50%, b: 50%, c: 99%}}}")   # never measured
    for key, two in zip(shop.keys, ("ab", "bc", "ab", "bc", "ab", "bc"), strict=True):
        shop.believed(key, {two[0]: 0.52, two[1]: 0.47, "c" if two == "ab" else "a": 0.01})
    shop.apply("rules: [{name: torn, when: answers < 1, ask: {n: 1, expertise: likeliest_two, qualified: 90%}}]")
    shop.route()
    assert [shop.asked(key) for key in shop.keys] == [{2}, {3}] * 3
