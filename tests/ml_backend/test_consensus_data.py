"""Training data comes from people, and only from people."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.errors import LabelConfigError, ModelError, NotFound
from cueloop.sampling import audit_salt, is_sampled, uniform
from cueloop.store import Store
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import consensus_data
from ml_backend.dataset import HELD_OUT, limit_of
from tests.ml_backend.conftest import CONFIG, Project, examples


@pytest.fixture
def store(any_store):
    """On SQLite, then on PostgreSQL."""
    return any_store


def _read(store, project_id=1):
    with store.read() as conn:
        return consensus_data.datasets(conn, project_id)


def test_consensus_becomes_examples_with_its_probability_as_weight(store, project):
    project.add(examples(6), probability=0.8)
    [data] = _read(store)
    assert (data.control, data.to_name, data.field) == ("topic", "text", "text")
    assert [e.label for e in data.examples] == ["food", "money", "sport"] * 2
    assert {e.weight for e in data.examples} == {0.8}
    assert data.cursor is not None
    assert data.source == "consensus"


def test_what_the_machine_accepted_is_never_learned_from(store, project):
    # Given one task answered by Ann, one answered by the machine's account, one accepted without any answer
    [people] = project.add(examples(1))
    project.add(examples(1), annotator=99)
    [accepted] = project.add(examples(1), labelled=False)
    with store.write() as conn:
        conn.execute(s.consensus.insert().values(
            task=accepted, control="topic", project_id=1, label="food", probability=1.0, probabilities={"food": 1},
            answers=0, method="machine", updated_at=sa.func.current_timestamp()))
    # When training data is read, then only Ann's task is in it
    assert [e.key for e in _read(store)[0].examples] == [people]


def test_a_task_that_a_person_also_answered_counts(store, project):
    [key] = project.add(examples(1), annotator=99)
    with store.write() as conn:
        conn.execute(s.answers.insert().values(
            task=key, control="topic", annotator_id=1, project_id=1, label="food", unique_id="u", ground_truth=False,
            answered_at=sa.func.current_timestamp()))
    assert len(_read(store)[0].examples) == 1


def test_unsure_deleted_and_textless_tasks_are_left_out(store, project):
    project.add(examples(2), probability=0.49)
    [deleted, textless, kept] = project.add(examples(3))
    with store.write() as conn:
        conn.execute(s.tasks.update().where(s.tasks.c.key == deleted).values(deleted_at=sa.func.current_timestamp()))
        conn.execute(s.tasks.update().where(s.tasks.c.key == textless).values(data={"other": 1}))
    assert [e.key for e in _read(store)[0].examples] == [kept]


def test_an_answer_is_blind_when_nobody_saw_a_suggestion(store, project):
    project.add(examples(1), seen=False)
    project.add(examples(1), seen=True)
    project.add(examples(1), seen=None)          # unknown is not blind
    project.add(examples(1), seen=True, blind=True)
    assert [e.blind for e in _read(store)[0].examples] == [True, False, False, True]


def test_the_same_task_is_on_the_same_side_in_a_new_store(store, tmp_path):
    some, ids = examples(40), list(range(1, 41))
    Project(store).add(some[:20])
    Project(store, project_id=2).add(some, ids=ids)
    other = Store.open(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    Project(other, project_id=2).add(some, ids=ids)
    first, second = _read(store, 2)[0], _read(other, 2)[0]
    other.close()
    assert [e.key for e in first.examples] != [e.key for e in second.examples]
    assert [e.identity for e in first.examples] == [e.identity for e in second.examples]
    assert first.sha256() == second.sha256()


def test_the_audit_sample_is_held_out_first_and_never_more_than_a_fifth(store, project):
    # given everything is labelled, a fifth is held out: those that an audit sample of a fifth would have
    keys = project.add(examples(400))
    (data,) = _read(store)
    drawn = sorted(keys, key=lambda key: uniform(key, audit_salt(1)))
    held = {e.key for e, out in zip(data.examples, data.held_out(), strict=True) if out}
    assert held == set(drawn[:len(held)])
    assert 0.15 < len(held) / 400 <= 0.2
    # when of the tasks that follow people see only an audit sample of a tenth, the rest being the machine's
    more = project.add(examples(800, seed=1), labelled=False)
    with store.write() as conn:
        for key in more:
            if is_sampled(key, audit_salt(1), 0.1):
                project._label(conn, key, "food", 1, False, 0.9)
    (data,) = _read(store)
    held = {e.key for e, out in zip(data.examples, data.held_out(), strict=True) if out}
    # then it is still no more than a fifth of what is labelled, and nearly all of it is of the audit sample
    assert 0.19 < len(held) / len(data.examples) <= 0.2
    audited = {e.key for e in data.examples if is_sampled(e.key, audit_salt(1), 0.1)}
    assert len(held & audited) / len(held) > 0.9
    assert len(held & audited) / len(audited) > 0.7


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=60))
def test_no_more_than_a_share_is_drawn_below_the_limit(draws):
    limit = limit_of(draws)
    assert 0 <= limit <= HELD_OUT
    assert sum(draw < limit for draw in draws) <= HELD_OUT * len(draws)


def test_each_control_has_data_of_its_own(store):
    two = CONFIG.replace("</View>", '<Choices name="mood" toName="text" choice="single"><Choice value="good"/>'
                                    '<Choice value="bad"/></Choices><TextArea name="note" toName="text"/></View>')
    Project(store, config=two).add(examples(3))
    assert [(d.control, len(d.examples)) for d in _read(store)] == [("topic", 3), ("mood", 0)]


def test_what_cannot_be_trained_on_is_named(store):
    with pytest.raises(NotFound, match="Project 5 is not connected"):
        _read(store, 5)
    Project(store, 2, config='<View><Text name="t" value="$t"/><TextArea name="n" toName="t"/></View>')
    with pytest.raises(LabelConfigError, match="TextArea"):
        _read(store, 2)
    Project(store, 3, config='<View><Text name="t" value="fixed"/><Choices name="c" toName="t"><Choice value="a"/>'
                             '<Choice value="b"/></Choices></View>')
    with pytest.raises(ModelError, match="no control shows a field"):
        _read(store, 3)


def test_a_model_neither_learns_from_itself_nor_from_what_people_alone_doubt(store, project):
    # given three tasks on which the model had a voice: it agrees with people, it turned them, it made them sure
    keys = project.add([replace(one, label="food") for one in examples(3)])
    told = [{"food": 0.8, "money": 0.2}, {"food": 0.3, "money": 0.7}, {"food": 0.4, "money": 0.35, "sport": 0.25}]
    with store.write() as conn:
        for key, people in zip(keys, told, strict=True):
            conn.execute(s.consensus.update().where(s.consensus.c.task == key).values(people=people))
    # when training data are read
    (data,) = _read(store)
    # then the labels and their weights are those of people alone
    assert [(e.label, e.weight) for e in data.examples] == [("food", 0.8), ("money", 0.7)]


def test_where_there_is_no_single_truth_the_shares_are_taught(store, project):
    (key,) = project.add(examples(1))
    shares = {"food": {"share": 0.3, "low": 0.1, "high": 0.6}, "money": {"share": 0.7, "low": 0.4, "high": 0.9}}
    with store.write() as conn:
        conn.execute(s.consensus.update().where(s.consensus.c.task == key).values(
            label="", probability=0.4, value={"distribution": shares, "width": 0.5}))
    (data,) = _read(store)
    (example,) = data.examples
    assert (example.label, example.shares) == ("money", (0.3, 0.7, 0.0))


def test_labels_that_were_imported_make_no_task_a_blind_one(store, project):
    # Given answers that nobody saw a suggestion for: one from the editor, one of a file, one of a file on a blind task
    keys = project.add(examples(2)) + project.add(examples(1, seed=1), blind=True)
    made = now()
    with store.write() as conn:
        conn.execute(s.annotations.insert(), [
            {"unique_id": f"1-{key}-1", "project_id": 1, "task": key, "id": key, "annotator_id": 1, "result": [],
             "was_cancelled": False, "ground_truth": False, "created_at": made, "updated_at": made,
             "imported": key != keys[0]} for key in keys])
    # Then all teach, and only the first can judge blind
    [data] = _read(store)
    assert [e.blind for e in data.examples] == [True, False, False]
