"""What quality reads from the store: every answer that counts, with all that is known of it, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from cueloop.declared import Declared, Gold
from cueloop.errors import NotFound
from cueloop.store import Store, schema
from cueloop.types import Control
from sync import evidence
from sync.observations import Observations
from tests.sync import quality_store as given

STARS = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text"><Choice value="bad"/>
<Choice value="fair"/><Choice value="good"/></Choices><Rating name="stars" toName="text" maxRating="5"/></View>"""


def add(store: Store, task: int, annotator: int, label: str, control: str = "mood", **columns: Any) -> None:
    with store.write() as conn:
        given.answer(conn, 1, task, annotator, control, label)
        conn.execute(schema.answers.update().where(
            schema.answers.c.task == task, schema.answers.c.annotator_id == annotator,
            schema.answers.c.control == control).values(**columns) if columns else sa.select(1))


def declare(store: Store, said: Declared) -> None:
    with store.write() as conn:
        conn.execute(schema.projects.update().values(declared=said.to_json()))


def read(store: Store, name: str = "mood", keys: list[int] | None = None) -> Observations:
    with store.read() as conn:
        control = next(c for c in evidence.controls(conn, 1) if c.name == name)
        return evidence.observations(conn, 1, control, keys)


def rows(seen: Observations) -> list[tuple[Any, Any, str]]:
    return [(seen.tasks[t], seen.annotators[w], seen.labels[k])
            for t, w, k in zip(seen.task, seen.annotator, seen.label, strict=True)]


def test_all_that_is_known_of_an_answer_is_read_and_unknown_stays_unknown(any_store: Store) -> None:
    # given two answers: everything is known of one, nothing of the other
    first, second = given.project(any_store, tasks=2)
    moment = given.START + timedelta(minutes=3, microseconds=250_000)
    add(any_store, first, 7, "good", lead_time=12.5, seen_suggestion=False, guideline_version=3, review=True,
        answered_at=moment)
    add(any_store, second, 8, "bad")
    # when they are read
    seen = read(any_store)
    # then the older comes first, and each has what is known
    assert rows(seen) == [(second, 8, "bad"), (first, 7, "good")]
    assert seen.labels == ("good", "bad")
    assert seen.at.tolist() == [given.START.timestamp(), moment.timestamp()]
    assert np.isnan(seen.seconds[0])
    assert (seen.seconds[1], seen.seen.tolist(), seen.guideline.tolist()) == (12.5, [-1, 0], [-1, 3])
    assert (seen.review.tolist(), seen.truth.tolist()) == ([False, True], [False, False])
    assert seen.pinned.tolist() == [-1, -1]
    assert seen.value == ()


def test_answers_of_one_moment_are_in_order_of_task_and_annotator_however_they_were_written(any_store: Store) -> None:
    keys = given.project(any_store, tasks=3)
    for task, annotator in [(2, 5), (0, 9), (2, 1), (1, 5), (0, 2)]:
        add(any_store, keys[task], annotator, "good")

    found = [(keys.index(task), annotator) for task, annotator, _ in rows(read(any_store))]

    assert found == [(0, 2), (0, 9), (1, 5), (2, 1), (2, 5)]


def test_deleted_tasks_and_hidden_copies_are_left_out(any_store: Store) -> None:
    kept, deleted, copy = given.project(any_store, tasks=3)
    for task in (kept, deleted, copy):
        add(any_store, task, 1, "good")
    with any_store.write() as conn:
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == deleted).values(deleted_at=given.START))
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == copy).values(copy_of=kept))

    assert read(any_store).tasks == (kept,)
    assert read(any_store, keys=[deleted, copy]).tasks == ()


@pytest.mark.parametrize(("imported", "counts", "pinned"), [
    (None, False, 1), (False, False, 1), (True, False, -1), (True, True, 1)])
def test_an_imported_ground_truth_counts_only_where_the_rules_say_so(
        any_store: Store, imported: bool | None, counts: bool, pinned: int) -> None:
    # given an answer marked as ground truth, of whose annotation we know whether it was imported, or do not
    [key] = given.project(any_store, tasks=1)
    add(any_store, key, 1, "bad", ground_truth=True)
    with any_store.write() as conn:
        conn.execute(schema.annotations.insert().values(
            unique_id=f"{key}-1", project_id=1, task=key, id=1, annotator_id=1, result=[], was_cancelled=False,
            ground_truth=True, imported=imported, created_at=given.START, updated_at=given.START))
    declare(any_store, Declared(gold=Gold(imported=counts)))
    # when answers are read, then it pins its task or is an answer like others
    seen = read(any_store)
    assert seen.pinned.tolist() == [pinned]
    assert seen.truth.tolist() == [pinned >= 0]
    # and an imported one is nobody's independent answer: it takes no part in agreement
    assert seen.review.tolist() == [counts and bool(imported)]


def test_of_several_ground_truths_the_newest_holds(any_store: Store) -> None:
    [key] = given.project(any_store, tasks=1)
    add(any_store, key, 1, "good", ground_truth=True, answered_at=given.START + timedelta(minutes=5))
    add(any_store, key, 2, "bad", ground_truth=True)

    seen = read(any_store)

    assert seen.labels[seen.pinned[0]] == "good"


def test_structured_answers_keep_their_value_and_ordered_labels_get_their_position(any_store: Store) -> None:
    # given stars, and a choice that the rules declare to be ordered, with a label that the config no longer has
    first, second = given.project(any_store, config=STARS, tasks=2)
    add(any_store, first, 1, "4", "stars", value=4)
    add(any_store, second, 1, "2.5", "stars", value=2.5)
    for annotator, label in [(1, "good"), (2, "awful"), (3, "bad")]:
        add(any_store, first, annotator, label)
    assert read(any_store).value == ()
    declare(any_store, Declared(labels={"mood": "ordered"}))
    # when they are read
    assert read(any_store, "stars").value == (4, 2.5)
    seen = read(any_store)
    # then the position counts from one, and what is not on the scale has none
    assert [(label, value) for (_, _, label), value in zip(rows(seen), seen.value, strict=True)] == [
        ("good", 3), ("awful", None), ("bad", 1)]


def test_labels_of_the_config_come_first_then_others_sorted(any_store: Store) -> None:
    keys = given.project(any_store, tasks=3)
    for key, label in zip(keys, ("zoo", "bad", "ape"), strict=True):
        add(any_store, key, 1, label)

    assert read(any_store).labels == ("good", "bad", "ape", "zoo")


def test_a_project_without_answers_gives_empty_arrays(any_store: Store) -> None:
    given.project(any_store, tasks=1)

    seen = read(any_store)

    assert len(seen.task) == len(seen.at) == len(seen.seen) == 0
    assert (seen.tasks, seen.annotators, seen.labels) == ((), (), ("good", "bad"))
    assert read(any_store, keys=[]).tasks == ()


def test_answers_beyond_one_chunk_are_all_read(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "ROWS", 3)
    keys = given.project(any_store, tasks=8)
    for key in keys:
        add(any_store, key, 1, "good")

    assert read(any_store).tasks == tuple(keys)
    assert read(any_store, keys=keys[2:7]).tasks == tuple(keys[2:7])


def test_controls_are_as_the_rules_declare_them_and_models_see_them_as_the_config_does(any_store: Store) -> None:
    given.project(any_store, config=STARS)
    declare(any_store, Declared(labels={"mood": "distribution"}))
    with any_store.read() as conn:
        found: dict[str, Control] = {control.name: control for control in evidence.controls(conn, 1)}
        modelled = evidence.modelled(conn, 1)

    assert {name: control.kind for name, control in found.items()} == {"mood": "distribution", "stars": "rating"}
    assert [(control.name, control.kind) for control in modelled] == [("mood", "choice")]


def test_an_unknown_project_is_named(any_store: Store) -> None:
    with any_store.read() as conn, pytest.raises(NotFound, match="Project 5 is not in the store"):
        evidence.controls(conn, 5)
