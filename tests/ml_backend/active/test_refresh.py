"""Lessons in the store: what each open task would teach, by the model in service and by what people said."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa

from cueloop.errors import NotFound
from cueloop.sampling import audit_salt, uniform
from cueloop.store import figures, lessons, models, predictions
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from ml_backend.active.refresh import refresh, step
from ml_backend.policy.policy import Data, Learning, Policy
from tests.ml_backend.conftest import LABELS, examples

EVERYBODY = Policy(data=Data(holdout=0.0))
"""No task is held out, so that each can be spoken of."""


def serve(project, said, version="v1"):
    """A champion that says of each task (key: probabilities of the three labels) what `said` says."""
    with project.store.write() as conn:
        models.insert(conn, ModelVersion("project-1", version, 1, "text-linear", "nowhere", {},
                                         {"controls": {"topic": {}}}, now()))
        models.set_alias(conn, "project-1", "champion", version)
        predictions.write(conn, [Prediction(1, key, "topic", "project-1", version, LABELS[int(np.argmax(p))], max(p),
                                            dict(zip(LABELS, p, strict=True)), True, now())
                                 for key, p in said.items()])


def learned(project):
    """{task: lesson}"""
    with project.store.read() as conn:
        keys = list(conn.scalars(sa.select(s.lessons.c.task)))
        return {task: one for (task, _), one in lessons.of_tasks(conn, keys).items()}


SURE, TORN = [0.98, 0.01, 0.01], [0.5, 0.48, 0.02]


def test_what_the_model_is_torn_about_comes_before_what_it_knows(project):
    # given a champion that is sure of ten open tasks and torn about two
    keys = project.add(examples(12), labelled=False)
    serve(project, {key: TORN if key in keys[:2] else SURE for key in keys})
    # when tasks are judged
    assert refresh(project.store, 1, EVERYBODY) == 12
    # then one of the two comes first, and all say why and by which version
    found = learned(project)
    first = max(found.values(), key=lambda one: one.value)
    assert first.task in keys[:2]
    assert first.value == 1.0
    assert {one.kind for one in found.values()} == {"label"}
    assert {one.version for one in found.values()} == {"v1"}
    assert all(0 < one.value <= 1 for one in found.values())
    assert {one.why for one in found.values()} >= {"margin", "random"}


def test_a_label_against_a_sure_model_gets_a_second_opinion_and_one_that_it_shares_does_not(project):
    # given 20 labelled tasks of which the model would have said one differently, and open ones that it knows
    labelled = project.add(examples(20), probability=0.9)
    open_ = project.add(examples(10, seed=1), labelled=False)
    with project.store.read() as conn:
        label = dict(conn.execute(sa.select(s.consensus.c.task, s.consensus.c.label)).all())
    said = {key: [0.97 if one == label[key] else 0.015 for one in LABELS] for key in labelled}
    wrong = labelled[4]
    said[wrong] = [0.97 if one == LABELS[0] else 0.015 for one in LABELS]
    assert label[wrong] != LABELS[0]
    serve(project, said | dict.fromkeys(open_, SURE))
    refresh(project.store, 1, EVERYBODY)
    # then the doubtful label comes first of the labelled ones, and says so
    found = learned(project)
    second = sorted((one for one in found.values() if one.kind == "second"), key=lambda one: -one.value)
    assert second[0].task == wrong
    assert second[0].why == "doubtful"
    assert second[0].value > 0.9
    assert second[1].value < min(found[key].value for key in open_)
    # and without second opinions none is asked for before a new label
    refresh(project.store, 1, Policy(data=Data(holdout=0.0), learning=Learning(second=False)))
    found = learned(project)
    assert min(found[key].value for key in open_) > max(found[key].value for key in labelled)


def test_tasks_that_may_judge_models_come_by_chance_whatever_the_model_says(project):
    # given 200 open tasks of which it is torn about exactly those that are not held out
    keys = project.add(examples(200), labelled=False)
    held = {key for key in keys if uniform(key, audit_salt(1)) < 0.3}
    serve(project, {key: SURE if key in held else TORN for key in keys})
    refresh(project.store, 1, Policy(data=Data(holdout=0.3)))
    found = learned(project)
    # then about as many of the held-out ones come in the first half as in the second
    assert {found[key].why for key in held} == {"random"}
    early = [key for key in held if found[key].value > 0.5]
    assert 0.3 * len(held) < len(early) < 0.7 * len(held)
    # and once they are labelled nobody asks about them again for the model's sake
    with project.store.write() as conn:
        for key in held:
            project._label(conn, key, "food", 1, False, 0.9)
    refresh(project.store, 1, Policy(data=Data(holdout=0.3)))
    assert not held & set(learned(project))


def test_accepted_deleted_and_unpredicted_tasks_have_no_lesson(project):
    keys = project.add(examples(6), labelled=False)
    serve(project, dict.fromkeys(keys[:5], TORN))
    with project.store.write() as conn:
        conn.execute(s.tasks.update().where(s.tasks.c.key == keys[0]).values(deleted_at=now()))
        conn.execute(s.routes.insert().values(task=keys[1], project_id=1, state="accepted", wanted={}, dirty=False,
                                              plan={}, updated_at=now()))
    assert refresh(project.store, 1, EVERYBODY) == 3
    assert set(learned(project)) == set(keys[2:5])


def test_before_there_is_a_model_typical_and_unlike_texts_come_first(project):
    keys = project.add(examples(30), labelled=False)
    assert refresh(project.store, 1, EVERYBODY) == 30
    found = learned(project)
    assert {one.why for one in found.values()} == {"typical", "random"}
    assert {one.version for one in found.values()} == {""}
    assert set(found) == set(keys)


def test_it_says_the_same_twice_and_follows_the_champion(project):
    keys = project.add(examples(20), labelled=False)
    serve(project, dict.fromkeys(keys, SURE) | {keys[7]: TORN})
    refresh(project.store, 1, EVERYBODY)
    before = learned(project)
    refresh(project.store, 1, EVERYBODY)
    assert learned(project) == before
    serve(project, dict.fromkeys(keys, SURE) | {keys[11]: TORN}, version="v2")
    refresh(project.store, 1, EVERYBODY)
    assert learned(project)[keys[11]].value == 1.0
    assert {one.version for one in learned(project).values()} == {"v2"}


def test_switched_off_it_forgets(project):
    serve(project, dict.fromkeys(project.add(examples(5), labelled=False), TORN))
    refresh(project.store, 1, EVERYBODY)
    assert refresh(project.store, 1, Policy(learning=Learning(on=False))) == 0
    assert learned(project) == {}


def test_a_changed_task_is_placed_among_the_others(project):
    # given lessons of 40 tasks
    keys = project.add(examples(40), labelled=False)
    serve(project, {key: [0.5 + 0.01 * at, 0.49 - 0.01 * at, 0.01] for at, key in enumerate(keys)})
    refresh(project.store, 1, EVERYBODY)
    before = learned(project)
    # when people label one as the model would have, and others in doubt of it
    with project.store.write() as conn:
        project._label(conn, keys[20], "food", 1, False, 0.95)
        project._label(conn, keys[30], "money", 1, False, 0.6)
    assert step(project.store, 1, frozenset({keys[20], keys[30]}), EVERYBODY) == 2
    # then the first has little to teach any more, the second more than that; the rest stays
    found = learned(project)
    assert found[keys[20]].kind == found[keys[30]].kind == "second"
    assert found[keys[20]].value < found[keys[30]].value
    assert all(found[key] == before[key] for key in keys if key not in {keys[20], keys[30]})


def test_a_step_without_changes_or_lessons_to_be_had_writes_nothing(project):
    assert step(project.store, 1, frozenset(), EVERYBODY) == 0
    (key,) = project.add(examples(1))
    assert step(project.store, 1, frozenset({key}), EVERYBODY) == 0
    with pytest.raises(NotFound):
        refresh(project.store, 7, EVERYBODY)


def test_an_answered_task_leaves_while_there_is_no_model(project):
    keys = project.add(examples(6), labelled=False)
    refresh(project.store, 1, EVERYBODY)
    with project.store.write() as conn:
        project._label(conn, keys[2], "food", 1, False, 0.95)
    step(project.store, 1, frozenset({keys[2]}), EVERYBODY)
    assert set(learned(project)) == {*keys} - {keys[2]}


def test_routing_is_told_the_weight_and_a_changed_policy_is_followed_at_once(project):
    # given lessons under the usual policy
    serve(project, dict.fromkeys(project.add(examples(5), labelled=False), TORN))
    refresh(project.store, 1, EVERYBODY)

    def weight():
        with project.store.read() as conn:
            return figures.read(conn, 1, figures.PROJECT, "lessons")["weight"]

    assert weight() == 0.5
    # when a policy gives them another weight, and then switches learning off, though nothing else changed
    step(project.store, 1, frozenset(), Policy(data=Data(holdout=0.0), learning=Learning(weight=0.9)))
    assert weight() == 0.9
    step(project.store, 1, frozenset(), Policy(learning=Learning(on=False)))
    assert weight() == 0.0
    assert learned(project) == {}


def test_what_stays_the_same_is_not_written_again(project):
    serve(project, dict.fromkeys(project.add(examples(8), labelled=False), TORN))
    refresh(project.store, 1, EVERYBODY)

    def written():
        with project.store.read() as conn:
            return list(conn.scalars(sa.select(s.lessons.c.updated_at).order_by(s.lessons.c.task)))

    before = written()
    refresh(project.store, 1, EVERYBODY)
    assert written() == before


def test_where_there_is_no_single_truth_nobody_is_asked_whether_the_shares_are_right(project):
    # given an open task, and one whose answers are shares of several labels
    shared, open_ = project.add(examples(1)) + project.add(examples(1, seed=1), labelled=False)
    with project.store.write() as conn:
        conn.execute(s.consensus.update().values(label="", probabilities={"food": 0.5, "money": 0.5}))
    serve(project, {shared: TORN, open_: SURE})
    refresh(project.store, 1, EVERYBODY)
    assert set(learned(project)) == {open_}
