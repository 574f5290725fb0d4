"""How far told scores are believed: tempered, cautious without evidence, measured with it, never by a task itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.label_config import parse
from cueloop.store import models, predictions
from cueloop.store.columns import now
from cueloop.store.predictions import Prediction
from ml_backend.elsewhere import calibrate, keep, trust
from ml_backend.elsewhere.evidence import Truth
from ml_backend.elsewhere.sayings import of_choices
from tests.ml_backend.conftest import CONFIG

LABELS = ("a", "b", "c")


def told(rows):
    return of_choices(LABELS, rows)


def taught(share_right, count, raw):
    """Trust in a pipeline that says `a` of everything and is right about that share."""
    truth = np.array([0 if n < round(share_right * count) else 1 for n in range(count)], np.int64)
    return trust.learn(told([("a", raw)] * count), truth, np.ones(count))


@pytest.mark.parametrize("raw", [{}, {"a": 0.99}, {"a": 1.0}, {"a": 1.0, "b": 0.0, "c": 0.0}])
def test_before_anybody_answered_no_score_is_above_a_half(raw):
    found = trust.believed(trust.prior(3), told([("a", raw)]))
    assert found[0, 0] == pytest.approx(0.5, abs=1e-4)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("raw", [{}, {"a": 0.99}, {"a": 0.98, "b": 0.01, "c": 0.01}])
def test_who_says_the_same_of_everything_scores_what_it_gets_right(raw):
    found = trust.believed(taught(0.7, 1_000, raw), told([("a", raw)]))
    assert found[0, 0] == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("raw", [{}, {"a": 0.99}])
def test_few_answers_support_only_so_much(raw):
    scores = [trust.believed(taught(1.0, count, raw), told([("a", raw)]))[0, 0] for count in (0, 5, 20, 200)]
    assert scores == sorted(scores)
    assert scores[1] < 0.78
    assert scores[2] < 0.95
    assert scores[3] > 0.95


def test_what_is_left_goes_where_people_went():
    found = trust.believed(taught(0.6, 500, {"a": 0.9}), told([("a", {"a": 0.9})]))
    assert found[0, 1] > 10 * found[0, 2]


def test_an_unsure_pipeline_is_not_made_surer():
    raw = {"a": 0.4, "b": 0.35, "c": 0.25}
    assert trust.believed(trust.prior(3), told([("a", raw)]))[0, 0] <= 0.4


shares = st.floats(0, 1).map(lambda x: round(x, 4))
sayings = st.one_of(st.just({}), shares.map(lambda share: {"a": share}),
                    st.tuples(shares, shares, shares).filter(lambda x: sum(x) > 0).map(
                        lambda x: dict(zip(LABELS, (y / sum(x) for y in x), strict=True))))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(sayings, st.integers(0, 2)), min_size=1, max_size=30), st.integers(0, 30))
def test_scores_are_probabilities_and_the_label_told_stays_the_likeliest(rows, known):
    said = told([(max(raw, key=raw.get) if len(raw) > 1 else "a", raw) for raw, _ in rows])
    truth = np.array([label for _, label in rows], np.int64)
    learned = trust.learn(said.where(np.arange(len(rows)) < known), truth[:known], np.ones(len(truth[:known])))
    found = trust.believed(learned, said)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found.argmax(axis=1) == said.label).all()


def scores(scene, version="one"):
    with scene.store.read() as conn:
        said = predictions.page(conn, 1, "llm", version, "topic", size=10_000)
    return {row.task: row.score for row in said}


def test_a_language_model_that_always_says_099_gets_scores_that_are_true(scene):
    blind, open_ = scene.tasks(400), scene.tasks(50, seed=1, labelled=False)
    found = scene.push(scene.said(blind + open_, accuracy=0.7)).version
    report = found.card["controls"]["topic"]["calibration"]
    assert report["ece_before"] > 0.2
    assert report["ece_after"] < 0.05
    assert np.mean([scores(scene)[key] for key in open_]) == pytest.approx(0.7, abs=0.05)
    assert report["rests_on"] == "400 tasks answered blind"


def test_no_task_calibrates_itself():
    # Given answers that differ about task 7 only
    topic = parse(CONFIG).modelled[0]
    rows = [Prediction(1, task, "topic", "llm", "one", "food", 0.0, {}, out_of_fold=True, created_at=now(),
                       raw={"food": 0.9}) for task in range(1, 41)]
    right = {row.task: Truth("food", 1.0) for row in rows}
    found = [{row.task: row.score for row in calibrate.score(topic, calibrate.learn(topic, rows, truths), rows)}
             for truths in (right, right | {7: Truth("money", 1.0)})]
    # Then its own score is the same, and that of tasks of other parts is not
    parts = {row.task: calibrate.part(row.task) for row in rows}
    for task, part in parts.items():
        assert (found[0][task] == found[1][task]) == (part == parts[7])


def test_tasks_that_a_pipeline_was_trained_on_teach_nothing(scene):
    blind = scene.tasks(60)
    said = [{**record, "trained": True} for record in scene.said(blind, accuracy=1.0)]
    report = scene.push(said).version.card["controls"]["topic"]
    assert report["told"]["trained_on"] == 60
    assert report["held_out"]["tasks"] == 0
    assert max(scores(scene).values()) == pytest.approx(0.5, abs=1e-4)


def test_answers_given_beside_a_suggestion_teach_nothing(scene):
    seen = scene.tasks(60, seen=True)
    assert scene.push(scene.said(seen)).version.card["controls"]["topic"]["held_out"]["tasks"] == 0


def test_scores_are_learned_anew_when_people_answered_enough(scene):
    first = scene.tasks(30)
    found = scene.push(scene.said(first, accuracy=1.0)).version
    assert not keep.due_now(scene.store, found)
    assert "a guess from 30 tasks" in found.card["controls"]["topic"]["calibration"]["rests_on"]
    more = scene.tasks(30, seed=1)
    scene.push(scene.said(first + more, accuracy=1.0))
    assert scores(scene)[first[0]] > 0.85
    later = scene.tasks(20, seed=2)
    with scene.store.read() as conn:
        found = models.get(conn, "llm", "one")
    assert keep.due_now(scene.store, found)
    assert later
    assert not keep.due_now(scene.store, keep.recalibrate(scene.store, found))
