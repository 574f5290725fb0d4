"""What the store knows beside the answers, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from cueloop.store import Store, schema
from cueloop.types import Control
from sync.observations import Observations, observe
from sync.outcome import AnnotatorQuality
from sync.scorecard.card import plain_cards
from sync.scorecard.evidence import Evidence, read
from tests.sync import quality_store
from tests.sync.quality_store import START

MOOD = Control("mood", "text", "Choices", ("good", "bad"), "text", modelled=True, kind="choice", shows="Text")
ADA, BEN, MACHINE = 1, 2, 9


def minute(number: int) -> datetime:
    """A moment of the story."""
    return START + timedelta(minutes=number)


def said(label: str) -> list[dict[str, Any]]:
    """An annotation's result."""
    return [{"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]


def annotation(conn: sa.Connection, name: str, task: int, annotator: int, label: str | None, at: int,
               **more: Any) -> None:
    """One annotation by its author, None for a skip, with its first version."""
    result = [] if label is None else said(label)
    row = {"unique_id": name, "project_id": 1, "task": task, "id": at, "annotator_id": annotator,
           "updated_by": annotator, "result": result, "answer": result, "answered_at": minute(at),
           "was_cancelled": label is None, "ground_truth": False, "created_at": minute(at), "updated_at": minute(at)}
    conn.execute(schema.annotations.insert().values({**row, **more}))
    version(conn, name, annotator, label, at)


def version(conn: sa.Connection, name: str, by: int, label: str | None, at: int, *, seconds: int = 0) -> None:
    """A version of an annotation, as somebody saved it."""
    conn.execute(schema.annotation_versions.insert().values(
        unique_id=name, result=[] if label is None else said(label), was_cancelled=label is None, ground_truth=False,
        updated_at=minute(at) + timedelta(seconds=seconds), updated_by=by, seen_at=minute(at)))


def prediction(conn: sa.Connection, task: int, label: str, made: int, sent: int | None, version: str) -> None:
    """What a model version said, and when it was sent."""
    conn.execute(schema.predictions.insert().values(
        project_id=1, task=task, control="mood", model="m", version=version, label=label, score=0.9,
        probabilities={label: 0.9}, out_of_fold=True, created_at=minute(made),
        sent_at=None if sent is None else minute(sent), pushed_at=None if sent is None else minute(sent)))


@pytest.fixture
def keys(any_store: Store) -> list[int]:
    """A project of six tasks, two people and the machine."""
    keys = quality_store.project(any_store, tasks=6)
    with any_store.write() as conn:
        for who, kind in ((ADA, "person"), (BEN, "person"), (MACHINE, "machine")):
            conn.execute(schema.annotators.insert().values(id=who, email=f"{who}@x.y", name=f"n{who}",
                                                           queue=f"w{who}", kind=kind))
    return keys


def answers(rows: list[tuple[int, int, str, int, bool | None]]) -> Observations:
    """Answers as (task, annotator, label, minute, whether a suggestion was seen), each of 5 seconds."""
    task, annotator, label, at, seen = zip(*rows, strict=True)
    return observe(task, annotator, label, labels=MOOD.labels, at=[minute(one).timestamp() for one in at], seen=seen,
                   seconds=[5.0] * len(rows))


def evidence(store: Store, seen: Observations) -> Evidence:
    """What is read."""
    with store.read() as conn:
        return read(conn, 1, MOOD, seen)


def test_the_models_label_is_the_one_in_service(any_store: Store, keys: list[int]) -> None:
    with any_store.write() as conn:
        prediction(conn, keys[0], "bad", 0, 5, "v1")
        prediction(conn, keys[0], "good", 10, 15, "v2")   # made at 10, but on screens only from 15 on
        prediction(conn, keys[1], "bad", 0, None, "v1")
        prediction(conn, keys[2], "never heard of", 0, 1, "v1")
    seen = answers([(keys[0], ADA, "bad", 12, True), (keys[0], BEN, "bad", 12, False), (keys[1], ADA, "good", 3, False),
                    (keys[2], ADA, "good", 3, True), (keys[3], ADA, "good", 3, False)])
    assert evidence(any_store, seen).model.tolist() == [1, 0, 1, -1, -1]
    # and of another model than the project's nothing is read
    with any_store.write() as conn:
        conn.execute(schema.projects.update().values(model="other"))
    assert evidence(any_store, seen).model.tolist() == [-1] * 5


def test_skips_that_no_answer_followed(any_store: Store, keys: list[int]) -> None:
    with any_store.write() as conn:
        annotation(conn, "a", keys[0], ADA, None, 1)
        annotation(conn, "b", keys[0], ADA, None, 2)          # twice the same is one
        annotation(conn, "c", keys[1], ADA, None, 3)          # answered later
        annotation(conn, "d", keys[5], BEN, None, 4)          # a task that nobody answered
        annotation(conn, "e", keys[2], MACHINE, None, 5)
        annotation(conn, "f", keys[3], ADA, None, 6, deleted_at=minute(7))
        annotation(conn, "g", keys[4], 77, None, 8)           # somebody without any answer
    seen = answers([(keys[0], BEN, "good", 9, None), (keys[1], ADA, "good", 9, None), (keys[4], ADA, "bad", 9, None)])
    # then three are left: indices past the known tasks and annotators are others
    task = {key: at for at, key in enumerate(seen.tasks)}
    found = {tuple(pair) for pair in evidence(any_store, seen).skips.tolist()}
    assert found == {(task[keys[0]], seen.annotators.index(ADA)), (3, seen.annotators.index(BEN)), (task[keys[4]], 2)}


def test_texts_have_a_length_where_they_are_text(any_store: Store, keys: list[int]) -> None:
    seen = answers([(keys[0], ADA, "good", 1, None), (keys[3], ADA, "good", 2, None)])
    assert evidence(any_store, seen).length.tolist() == [6, 6]   # "text 1", "text 4"
    with any_store.read() as conn:
        images = Control("mood", "image", "Choices", ("good", "bad"), "text", kind="choice", shows="Image")
        assert np.isnan(read(conn, 1, images, seen).length).all()


def test_hidden_copies_pair_the_same_annotators_answers(any_store: Store, keys: list[int]) -> None:
    with any_store.write() as conn:
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == keys[4]).values(copy_of=keys[0], blind=True))
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == keys[5]).values(copy_of=keys[1], blind=True))
        annotation(conn, "a", keys[4], ADA, "bad", 5)
        annotation(conn, "b", keys[4], ADA, "good", 6)        # the newest counts
        annotation(conn, "c", keys[5], ADA, None, 7)          # a skip is no answer
        annotation(conn, "d", keys[5], BEN, "good", 8)        # Ben never answered the original
    seen = answers([(keys[0], ADA, "good", 1, None), (keys[1], ADA, "bad", 2, None), (keys[0], BEN, "bad", 3, None)])
    found = evidence(any_store, seen).copies
    assert [(seen.annotators[one.annotator], seen.tasks[one.task], one.first, one.second) for one in found] == [
        (ADA, keys[0], "good", "good")]


def test_edits_by_others_and_whether_they_changed_the_answer(any_store: Store, keys: list[int]) -> None:
    with any_store.write() as conn:
        annotation(conn, "changed", keys[0], ADA, "good", 1)
        version(conn, "changed", BEN, "bad", 5)
        annotation(conn, "touched", keys[1], ADA, "good", 1)
        version(conn, "touched", BEN, "good", 5)
        annotation(conn, "own", keys[2], ADA, "good", 1)
        version(conn, "own", ADA, "bad", 5)
        annotation(conn, "behalf", keys[3], ADA, "good", 1)
        version(conn, "behalf", BEN, "bad", 1, seconds=1)     # posted for somebody: no edit
        annotation(conn, "machine", keys[4], ADA, "good", 1)
        version(conn, "machine", MACHINE, "bad", 5)
        annotation(conn, "back", keys[5], BEN, "good", 1)
        version(conn, "back", ADA, "bad", 5)
        version(conn, "back", ADA, "good", 6)                 # a change that was taken back was one
    with any_store.write() as conn:   # first seen when already edited: what the author said is unknown
        conn.execute(schema.annotations.insert().values(
            unique_id="unknown", project_id=1, task=keys[0], id=50, annotator_id=BEN, updated_by=ADA,
            result=said("bad"), was_cancelled=False, ground_truth=False, created_at=minute(1), updated_at=minute(9)))
        version(conn, "unknown", ADA, "bad", 9)
    seen = answers([(key, who, "good", 1, None) for key in keys for who in (ADA, BEN)])
    found = evidence(any_store, seen).edits or ()
    assert {(one.task, seen.annotators[one.author], one.reviewer, one.changed) for one in found} == {
        (keys[0], ADA, BEN, True), (keys[1], ADA, BEN, False), (keys[5], BEN, ADA, True), (keys[0], BEN, ADA, None)}
    # and the card tells who edited whom
    quality = [AnnotatorQuality(who, 6, 0.8, 0.6, 0.9) for who in (ADA, BEN)]
    cards = plain_cards(seen, quality, evidence(any_store, seen), least=5)
    assert cards[ADA]["quality"]["reviews"]["edited"] == 2
    assert cards[ADA]["quality"]["reviews"]["changed"] == 1
    assert cards[BEN]["quality"]["reviews"]["by"] == [{"annotator": ADA, "edits": 2}]
    json.dumps(list(cards.values()), allow_nan=False)


def test_ordered_labels_are_compared_as_positions(any_store: Store, keys: list[int]) -> None:
    # given a choice that the rules declare to be ordered: its answers are the labels' positions
    with any_store.write() as conn:
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == keys[4]).values(copy_of=keys[0], blind=True))
        annotation(conn, "a", keys[4], ADA, "bad", 5)
    seen = observe([keys[0]], [ADA], ["good"], labels=MOOD.labels, value=[1])
    with any_store.read() as conn:
        found = read(conn, 1, replace(MOOD, kind="rating"), seen).copies
    assert [(one.first, one.second) for one in found] == [(1, 2)]


def test_an_empty_project_has_no_evidence(any_store: Store, keys: list[int]) -> None:
    nothing = observe([], [], [], labels=MOOD.labels)
    found = evidence(any_store, nothing)
    assert len(keys) == 6
    assert len(found.model) == len(found.length) == len(found.skips) == len(found.copies) == 0
    assert found.edits == ()
