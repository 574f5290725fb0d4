"""Predictions in the store: all tasks, once a version, honest about what the model has seen."""

import numpy as np
import pytest
import sqlalchemy as sa

from cueloop.sampling import audit_salt, is_sampled
from cueloop.store import predictions as rows
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import consensus_data, predictions, registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.dataset import Example
from ml_backend.registry import Loaded
from ml_backend.training import train
from tests.ml_backend.conftest import Project, examples


@pytest.fixture
def trained(store, project):
    """60 labelled tasks with a third of the labels wrong, 10 without; a head trained on them."""
    project.add(examples(60, wrong=0.3))
    project.add(examples(10, seed=1), labelled=False)
    with store.read() as conn:
        return train(consensus_data.datasets(conn, 1)[0])


@pytest.fixture
def loaded(store, tmp_path, trained):
    bundle = Bundle((trained.head,))
    artifacts = Artifacts(f"file://{tmp_path / 'artifacts'}")
    saved = registry.save(store, artifacts, bundle, {}, name="topics", kind="text-linear", project_id=1,
                          extra=predictions.pack([trained]))
    return Loaded(saved, bundle)


def _write(store, loaded, trained):
    return predictions.write(store, loaded, 1, predictions.unpack(predictions.pack([trained])))


def _all(store):
    with store.read() as conn:
        return {row.task: row for row in conn.execute(sa.select(s.predictions))}


def test_every_task_gets_one_and_a_second_run_adds_none(store, loaded, trained):
    assert _write(store, loaded, trained) == 70
    assert _write(store, loaded, trained) == 0
    assert len(_all(store)) == 70


def test_new_tasks_are_added_later(store, project, loaded, trained):
    _write(store, loaded, trained)
    [key] = project.add(examples(1, seed=2), labelled=False)
    assert _write(store, loaded, trained) == 1
    assert _all(store)[key].out_of_fold


def test_tasks_trained_on_get_cross_validated_scores_and_say_so(store, loaded, trained):
    _write(store, loaded, trained)
    found = _all(store)
    seen = [key for key in found if not found[key].out_of_fold]
    assert sorted(seen) == sorted(trained.keys.tolist())
    for key, expected in zip(trained.keys.tolist(), trained.out_of_fold, strict=True):
        assert found[key].score == pytest.approx(expected.max())

def test_blind_audits_of_a_small_sample_stay_evidence_about_the_next_version(store, loaded, trained):
    # given an audit sample of a tenth: half of what is held out
    audited = [key for key in range(1, 61) if is_sampled(key, audit_salt(1), 0.1)]
    assert audited
    # when the version's predictions are written, then those of the audit sample are not what it was taught
    _write(store, loaded, trained)
    assert all(_all(store)[key].out_of_fold for key in audited)


def test_probabilities_are_of_all_labels_and_the_score_of_the_first(store, loaded, trained):
    _write(store, loaded, trained)
    for row in _all(store).values():
        assert sum(row.probabilities.values()) == pytest.approx(1)
        assert row.score == max(row.probabilities.values()) == row.probabilities[row.label]


def test_a_label_that_left_the_config_is_not_predicted_any_more(store, loaded, trained):
    with store.write() as conn:
        xml = conn.scalar(sa.select(s.projects.c.label_config)).replace('<Choice value="sport"/>', "")
        conn.execute(s.projects.update().values(label_config=xml))
    _write(store, loaded, trained)
    assert {row.label for row in _all(store).values()} == {"food", "money"}
    assert all(set(row.probabilities) == {"food", "money"} for row in _all(store).values())


def test_tasks_without_text_and_deleted_tasks_are_passed_over(store, loaded, trained):
    with store.write() as conn:
        conn.execute(s.tasks.update().where(s.tasks.c.key == 61).values(data={"text": None}))
        conn.execute(s.tasks.update().where(s.tasks.c.key == 62).values(deleted_at=sa.func.current_timestamp()))
    assert _write(store, loaded, trained) == 68
    assert {61, 62}.isdisjoint(_all(store))


def test_what_a_version_took_over_is_packed_with_it(trained):
    kept = {"mood": {3: np.array([0.25, 0.75]), 5: np.array([1.0, 0.0])}}
    seen = predictions.unpack(predictions.pack([trained], kept))
    assert list(seen) == ["mood", "topic"]
    assert {key: found.tolist() for key, found in seen["mood"].items()} == {3: [0.25, 0.75], 5: [1.0, 0.0]}


def test_what_was_packed_comes_back_in_single_precision(trained):
    seen = predictions.unpack(predictions.pack([trained]))
    assert list(seen) == ["topic"]
    assert list(seen["topic"]) == trained.keys.tolist()
    found = np.array(list(seen["topic"].values()))
    assert found.dtype == np.float64
    assert np.array_equal(found, trained.out_of_fold.astype(np.float32))


def test_writing_works_alike_on_any_engine(any_store):
    keys = Project(any_store).add(examples(3), labelled=False)
    row = rows.Prediction(project_id=1, task=keys[0], control="topic", model="m", version="v", label="food", score=0.5,
                          probabilities={"food": 0.5, "money": 0.3}, out_of_fold=True,
                          created_at=now())
    with any_store.write() as conn:
        rows.write(conn, [row])
        rows.write(conn, [row])
    with any_store.read() as conn:
        assert rows.missing(conn, 1, "m", "v", "topic") == keys[1:]
        assert [w.task for w in rows.waiting(conn, 1, "m", "v")] == [keys[0]]
        assert rows.of_tasks(conn, "m", "v", keys) == {keys[0]: [row]}
    with any_store.write() as conn:
        assert rows.mark_sent(conn, "m", "v", keys) == keys
        assert rows.waiting(conn, 1, "m", "v")[0].sent
        rows.mark_pushed(conn, "m", "v", keys)
        assert rows.waiting(conn, 1, "m", "v") == []
        assert rows.pushed(conn, 1, "m", "v") == 1


def test_new_tasks_keep_the_words_that_spoke_and_those_trained_on_do_not(store, project, loaded, trained):
    told = Example(key=1, identity="x", text="Bread, soup and the bank", label="food", weight=1.0)
    [key] = project.add([told], labelled=False)
    _write(store, loaded, trained)
    written = _all(store)
    # Then the task that is new says why, in words
    assert set(written[key].explanation) == {"for", "against"}
    assert {word for word, _ in written[key].explanation["for"]} & {"bread", "soup"}
    # and one that the model was trained on says nothing: its score is of other models
    assert {row.explanation is None for row in written.values()} == {True, False}
    assert all(row.out_of_fold or row.explanation is None for row in written.values())
