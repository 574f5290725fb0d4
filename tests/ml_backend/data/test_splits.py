"""Parts are settled in the store before each training, once and for all."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from cueloop.errors import Conflict, ModelError, NotFound
from cueloop.sampling import audit_salt, uniform
from cueloop.store import schema as s
from cueloop.store import splits as stored
from cueloop.store.columns import now
from ml_backend import consensus_data
from ml_backend.artifacts import Artifacts
from ml_backend.data import parts, splits
from ml_backend.data.splits import settle
from ml_backend.policy.policy import Data, Gate, Policy
from ml_backend.retrain import retrain
from ml_backend.training import train
from tests.ml_backend.conftest import Project, examples

POLICY = Data()


@pytest.fixture
def store(any_store):
    """On SQLite, then on PostgreSQL."""
    return any_store


def _read(store, policy=POLICY, **more):
    with store.read() as conn:
        [data] = consensus_data.datasets(conn, 1, Policy(data=policy, **more))
    return data


def _parts(store):
    with store.read() as conn:
        return {key: one.part for key, one in stored.of_project(conn, 1).items()}


def _set_text(store, keys, text):
    with store.write() as conn:
        for key in keys:
            conn.execute(s.tasks.update().where(s.tasks.c.key == key).values(data={"text": text}))


def test_a_fifth_judges_drawn_as_audits_are_and_no_later_training_changes_that(store, project):
    # Given 200 labelled tasks, settled
    keys = project.add(examples(200))
    settle(store, 1, POLICY)
    data = _read(store)
    held = {e.key for e, out in zip(data.examples, data.held_out(), strict=True) if out}
    assert held <= set(sorted(keys, key=lambda key: uniform(key, audit_salt(1)))[:45])
    assert 30 <= len(held) <= 40
    # When more labels come, until twenty times as often as needed
    for round_ in range(4):
        project.add(examples(50, seed=round_ + 1))
        settle(store, 1, POLICY)
        settle(store, 1, POLICY)
    # Then what judged judges still, what was taught is still taught, and the share has grown with the labels
    data = _read(store)
    later = {e.key for e, out in zip(data.examples, data.held_out(), strict=True) if out}
    assert held < later
    assert not set(keys) & (later - held)
    assert 60 <= len(later) <= 80
    assert set(train(data).keys.tolist()).isdisjoint(later)


def test_near_duplicates_stand_on_one_side_and_say_so(store, project):
    keys = project.add(examples(100))
    _set_text(store, keys[:10], "Where is the parcel that I ordered from you three weeks ago?")
    settle(store, 1, POLICY)
    data = _read(store)
    assert len({e.part for e in data.examples[:10]}) == len({e.cluster for e in data.examples[:10]}) == 1
    # A newcomer follows, whatever its draw
    [one] = examples(1)
    [late] = project.add([replace(one, text="WHERE is the parcel, that I ordered from you three weeks ago??")])
    settle(store, 1, POLICY)
    assert _parts(store)[late] == data.examples[0].part


def test_one_source_stands_on_one_side_and_is_told_with_the_examples(store, project):
    policy = Data(source="author")
    keys = project.add(examples(120))
    with store.write() as conn:
        for number, key in enumerate(keys):
            conn.execute(s.tasks.update().where(s.tasks.c.key == key).values(
                data={"text": examples(120)[number].text, "author": number % 15, "long": True}))
    settle(store, 1, policy)
    data = _read(store, policy, gate=Gate(slices=("long", "nowhere")))
    sides = {(e.fields["author"], e.part) for e in data.examples}
    assert len(sides) == 15
    assert {part for _, part in sides} == {"train", "holdout"}
    assert dict(data.examples[0].fields) == {"author": "0", "long": "True"}


def test_what_is_labelled_after_parts_were_settled_waits_for_the_next_training(store, project):
    project.add(examples(30))
    settle(store, 1, POLICY)
    [late] = project.add(examples(1, seed=9))
    data = _read(store)
    assert [e.part for e in data.examples if e.key == late] == ["apart"]
    assert not data.taught()[-1]
    assert not data.held_out()[-1]
    settle(store, 1, POLICY)
    assert _read(store).examples[-1].part in {"train", "holdout"}


def test_tasks_that_are_deleted_or_lose_their_label_keep_their_part(store, project):
    keys = project.add(examples(60))
    settle(store, 1, POLICY)
    before = _parts(store)
    with store.write() as conn:
        conn.execute(s.tasks.update().where(s.tasks.c.key.in_(keys[:10])).values(deleted_at=now()))
        conn.execute(s.consensus.update().where(s.consensus.c.task.in_(keys[10:20])).values(probability=0.2))
    project.add(examples(20, seed=3))
    settle(store, 1, POLICY)
    after = _parts(store)
    assert {key: after[key] for key in before} == before
    # What is like a deleted one that was taught never judges: an old champion knows it
    taught = next(key for key in keys[:10] if before[key] == "train")
    with store.read() as conn:
        text = conn.scalar(sa.select(s.tasks.c.data).where(s.tasks.c.key == taught))["text"]
    new = project.add([replace(one, text=text) for one in examples(10)])
    settle(store, 1, POLICY)
    assert {_parts(store)[key] for key in new} == {"train"}


def test_a_project_from_before_takes_over_what_was_taught(store, project, tmp_path):
    # Given a champion that was trained when the line still moved with the labels
    project.add(examples(150))
    outcome = retrain(store, Artifacts(f"file://{tmp_path}"), "m", [_read(store)], actor="test", project_id=1)
    assert outcome.verdict.promoted
    with store.read() as conn:
        taught = set(conn.scalars(sa.select(s.predictions.c.task).where(s.predictions.c.out_of_fold.is_(sa.false()))))
    assert len(taught) > 100
    # When parts are settled for the first time, among twice as many labels
    project.add(examples(150, seed=2))
    settle(store, 1, POLICY)
    # Then nothing judges that it was trained on
    found = _parts(store)
    assert {found[key] for key in taught} == {"train"}
    assert sum(part == "holdout" for part in found.values()) >= 40


def test_what_only_the_machine_accepted_is_for_nothing(store, project):
    project.add(examples(30))
    accepted = project.add(examples(5, seed=2), annotator=99)
    settle(store, 1, POLICY)
    assert not _parts(store).keys() & set(accepted)


def test_two_processes_that_settle_at_once_agree(store, project, monkeypatch):
    # Given that another process settles while this one still compares texts
    project.add(examples(40))
    real, calls = parts.settle, []

    def slow(*given):
        calls.append(1)
        if len(calls) == 1:
            settle(store, 1, POLICY)
        return real(*given)

    monkeypatch.setattr(splits.parts, "settle", slow)
    settle(store, 1, POLICY)
    assert len(calls) == 3                        # this one, the other, and this one again


def test_others_that_never_cease_to_settle_are_said(store, project, monkeypatch):
    project.add(examples(40))
    real, seed = parts.settle, iter(range(1, 100))

    def disturbed(*given):
        project.add(examples(1, seed=next(seed)))
        monkeypatch.setattr(splits.parts, "settle", real)
        settle(store, 1, POLICY)
        monkeypatch.setattr(splits.parts, "settle", disturbed)
        return real(*given)

    monkeypatch.setattr(splits.parts, "settle", disturbed)
    with pytest.raises(Conflict, match="Train again"):
        settle(store, 1, POLICY)


def test_texts_that_cannot_be_read_now_do_not_join_anything(store, project):
    keys = project.add(examples(40))
    settle(store, 1, POLICY)
    before = _parts(store)
    settle(store, 1, POLICY, read=lambda control, values: [None] * len(values))
    assert _parts(store) == before
    assert len(before) == len(keys)


def test_soft_labels_teach_the_whole_posterior_of_people(store, project):
    keys = project.add([replace(one, label="food") for one in examples(3)], probability=0.7)
    with store.write() as conn:
        conn.execute(s.consensus.update().values(probabilities={"food": 0.7, "sport": 0.3}))
        conn.execute(s.consensus.update().where(s.consensus.c.task == keys[1]).values(
            people={"money": 0.6, "food": 0.4}))
        conn.execute(s.consensus.update().where(s.consensus.c.task == keys[2]).values(probability=0.3))
    assert [(e.label, e.weight, e.shares) for e in _read(store, Data(soft=True)).examples] == [
        ("food", 1.0, (0.7, 0.0, 0.3)), ("money", 1.0, (0.4, 0.6, 0.0))]


def test_what_cannot_be_settled_is_named(store):
    with pytest.raises(NotFound, match="Project 5 is not connected"):
        settle(store, 5, POLICY)
    Project(store, 3, config='<View><Text name="t" value="fixed"/><Choices name="c" toName="t"><Choice value="a"/>'
                             '<Choice value="b"/></Choices></View>')
    with pytest.raises(ModelError, match="no control shows a field"):
        settle(store, 3, POLICY)
