"""A project in a Label Studio, in the store, and predicted by versions that need no training."""

from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa

from cueloop.label_studio import LabelStudio
from cueloop.store import models, predictions, rollouts
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from ml_backend.bundle import Bundle
from ml_backend.policy.policy import Rollout as Policy
from ml_backend.registry import Loaded
from ml_backend.rollout.machine import Way, run
from tests.ml_backend.conftest import CONFIG, Project, examples

CHANCES = {"food": 0.7, "money": 0.24, "sport": 0.06}


class Scene:
    """Six open tasks; `serve(VERSION)` has a version say something of each and puts it in service."""

    def __init__(self, server, store, make, tasks=6):
        some = examples(tasks)
        self.client = LabelStudio(server.url, server.admin_token)
        self.store, self.id = store, make(server, tasks=[{"text": e.text} for e in some], label_config=CONFIG)
        self.ids = sorted(row["id"] for row in self.client.all_ids(self.id))
        self.project = Project(store, self.id)
        self.keys = self.project.add(some, ids=self.ids, labelled=False)
        self.settings = {"old": "keep"}
        with store.write() as conn:
            conn.execute(s.projects.update().values(model="topics"))

    @classmethod
    def known(cls, store, client, project):
        """Of a project that is connected and pulled."""
        self = cls.__new__(cls)
        self.store, self.client, self.id, self.settings = store, client, project, {"old": "keep"}
        with store.write() as conn:
            conn.execute(s.projects.update().values(model="topics"))
            self.keys = list(conn.scalars(sa.select(s.tasks.c.key).order_by(s.tasks.c.id)))
        return self

    def serve(self, version, keys=None):
        """Known, predicted and in service."""
        self.predict(version, keys)
        with self.store.write() as conn:
            if models.get(conn, "topics", version) is None:
                models.insert(conn, self.version(version))
            models.set_alias(conn, "topics", "champion", version)

    def version(self, version):
        return ModelVersion(name="topics", version=version, project_id=self.id, kind=models.ELSEWHERE, path="",
                            sha256={}, card={"controls": {}}, created_at=now())

    def predict(self, version, keys=None):
        rows = [Prediction(project_id=self.id, task=key, control="topic", model="topics", version=version,
                           label="food", score=0.7, probabilities=CHANCES, out_of_fold=True, created_at=now())
                for key in keys or self.keys]
        with self.store.write() as conn:
            predictions.write(conn, rows)

    def run(self, version=None, progress=lambda done, total, what: None, **policy):
        """One run of the rollout of the champion, or of this version."""
        with self.store.read() as conn:
            found = self.version(version) if version else models.champion(conn, self.id)
        return run(Way(self.store, self.client, self.id, Loaded(found, Bundle(())), Policy(**self.settings | policy),
                       {}, progress))

    def there(self):
        """{version: tasks with one prediction of it}; a task with two counts as `VERSION twice`."""
        rows = Counter((p["task"], p["model_version"]) for p in self.client.predictions(self.id))
        return Counter(version if n == 1 else f"{version} twice" for (_, version), n in rows.items())

    def shown(self):
        return self.client.project(self.id)["model_version"]

    def states(self):
        """(version, state) of all rollouts, oldest first."""
        with self.store.read() as conn:
            return [(r.version, r.state) for r in reversed(rollouts.history(conn, self.id))]

    def update(self, table, key, **values):
        with self.store.write() as conn:
            conn.execute(table.update().where((table.c.key if "key" in table.c else table.c.task) == key)
                         .values(**values))

    def later(self, **ago):
        """The switches were so long ago."""
        with self.store.write() as conn:
            for row in conn.execute(sa.select(s.rollouts)).all():
                if row.counts.get("shown_at"):
                    at = datetime.fromisoformat(row.counts["shown_at"]) - timedelta(**ago)
                    conn.execute(s.rollouts.update().where(s.rollouts.c.key == row.key)
                                 .values(counts=row.counts | {"shown_at": at.isoformat()}))
