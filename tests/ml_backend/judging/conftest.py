"""A project in which versions serve and people audit them."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from cueloop.store import models, predictions
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from ml_backend import registry
from tests.ml_backend.conftest import LABELS, Project, examples

NO_REST = timedelta(0)


class Life:
    """Project 1, all of whose tasks belong to the audit sample."""

    def __init__(self, store):
        self.store, self.project = store, Project(store)
        with store.write() as conn:
            conn.execute(s.rules.insert().values(project_id=1, hash="r", file="r", text="", audit_share=1.0,
                                                 created_at=now(), author="test"))

    def version(self, name, *, serve=True, actor="job train", gate="no worse"):
        """A new version; put in service by the gate unless told otherwise."""
        found = ModelVersion("project-1", name, 1, "text-linear", "", {}, {
            "controls": {"topic": {}}, "gate": {"reason": gate, "outcome": "promoted"}}, now())
        with self.store.write() as conn:
            models.insert(conn, found)
        if serve:
            registry.promote(self.store, found, actor=actor, reason="no worse")
        return found

    def tasks(self, count, seed=0):
        """{key: its right label}; nobody has answered them."""
        some = examples(count, seed=seed)
        return dict(zip(self.project.add(some, labelled=False), [e.label for e in some], strict=True))

    def predict(self, version, tasks, *, wrong=0, pushed=False, out_of_fold=True):
        """What a version says of the tasks: the first `wrong` of them wrongly."""
        rows = []
        for number, (key, right) in enumerate(tasks.items()):
            label = right if number >= wrong else other(right)
            rows.append(Prediction(1, key, "topic", version.name, version.version, label, 0.8, {
                label: 0.8, **{one: 0.1 for one in LABELS if one != label}}, out_of_fold, now()))
        with self.store.write() as conn:
            predictions.write(conn, rows)
            if pushed:
                predictions.mark_pushed(conn, version.name, version.version, list(tasks))

    def answer(self, tasks, *, seen=False, wrong=0, annotator=1):
        """People answer: the first `wrong` of them as a model that is wrong would have it."""
        with self.store.write() as conn:
            for number, (key, right) in enumerate(tasks.items()):
                self.project._label(conn, key, right if number >= wrong else other(right), annotator, seen, 0.95)

    def accepted(self, tasks, version):
        """The machine accepted these by that version."""
        with self.store.write() as conn:
            for key in tasks:
                conn.execute(s.routes.insert().values(task=key, project_id=1, state="accepted", wanted={}, dirty=False,
                                                      plan={}, updated_at=now()))
                conn.execute(s.decisions.insert().values(
                    project_id=1, task=key, control="topic", kind="accept", rule="clear", rules_hash="r", inputs={},
                    candidates=[], chosen="food", probability=1.0, model_version=version.version, created_at=now()))

    def champion(self):
        """The version in service."""
        with self.store.read() as conn:
            found = models.champion(conn, 1)
        return found and found.version

    def audit(self, action):
        """Rows of the audit log with that action."""
        with self.store.read() as conn:
            return conn.execute(sa.select(s.audit).where(s.audit.c.action == action).order_by(s.audit.c.key)).all()

    def doubts(self):
        """Tasks that are doubted."""
        with self.store.read() as conn:
            return set(conn.scalars(sa.select(s.doubts.c.task)))

    def notices(self):
        """What admins are told."""
        with self.store.read() as conn:
            return conn.execute(sa.select(s.notices)).all()


def other(label):
    """A wrong label."""
    return LABELS[(LABELS.index(label) + 1) % len(LABELS)]


@pytest.fixture
def life(store):
    """A project in which nothing serves yet."""
    return Life(store)
