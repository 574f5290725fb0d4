"""The real job in a real process, killed at every step of train -> judge -> promote -> push -> switch -> remove.

Against a real store, artifacts folder and Label Studio; started again, it ends where an undisturbed run ends.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from cueloop import queue
from cueloop.label_config import parse
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, models, predictions, rollouts
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.push import rows_of
from tests.ml_backend.conftest import CONFIG, Project, examples
from tests.ml_backend.live import surroundings
from tests.ml_backend.rollout.doomed import PLACES, TRAINING, arrange

TASKS, FIRST, LATER = 76, 60, 70
"""All tasks; those labelled before the first training, and before the second."""


class Scene:
    """A project whose first champion stands in Label Studio, and that is to get its second."""

    def __init__(self, server, make, home, patch):
        self.settings = Settings(home=home, database_url=f"sqlite:///{home / 'store.sqlite3'}",
                                 label_studio_url=server.url, label_studio_api_key=server.admin_token)
        home.mkdir()
        self.environ = surroundings(self.settings) | {
            "LABEL_STUDIO_URL": server.url, "LABEL_STUDIO_API_KEY": server.admin_token}
        for name, value in self.environ.items():
            patch.setenv(name, value)
        arrange(patch.setattr)
        self.store, self.client = Store.open(self.settings.store_url), LabelStudio(server.url, server.admin_token)
        some = examples(TASKS, clear=0.6)
        self.id = make(server, tasks=[{"text": e.text} for e in some], label_config=CONFIG)
        self.ids = sorted(row["id"] for row in self.client.all_ids(self.id))
        project = Project(self.store, self.id)
        project.add(some[:FIRST], ids=self.ids[:FIRST])
        project.add(some[FIRST:LATER], ids=self.ids[FIRST:LATER], labelled=True)
        project.add(some[LATER:], ids=self.ids[LATER:], labelled=False)
        with self.store.write() as conn:    # people have finished what is labelled
            conn.execute(s.tasks.update().where(s.tasks.c.id.in_(self.ids[:FIRST])).values(is_labeled=True))
        self.hide(self.ids[FIRST:LATER], hidden=True)
        self.work()
        self.first = self.champion()
        self.hide(self.ids[FIRST:LATER], hidden=False)

    def hide(self, ids, *, hidden):
        """Whether the answers to these tasks are still to come."""
        with self.store.write() as conn:
            keys = list(conn.scalars(sa.select(s.tasks.c.key).where(s.tasks.c.id.in_(ids))))
            conn.execute(s.consensus.update().where(s.consensus.c.task.in_(keys)).values(answers=0 if hidden else 1))

    def work(self, place=""):
        """Training, then pre-labelling. The job whose process dies at the place is run again by another one."""
        for kind in ("train", "prelabel"):
            key = self.queue(kind)
            if place and (place in TRAINING) == (kind == "train"):
                assert self.process(key, place) == -signal.SIGKILL, f"it never came to {place!r}"
                self.look()
                assert self.process(key) == 0
            else:
                queue.run(key)
            assert self.state(key) == ("done", None)

    def queue(self, kind):
        with self.store.write() as conn:
            return conn.execute(s.jobs.insert().values(
                kind=kind, project_id=self.id, function=f"ml_backend.jobs.{kind}", args=[self.id], timeout=60,
                state="queued", again=False, attempts=0, queued_at=now()).returning(s.jobs.c.key)).scalar_one()

    def process(self, key, *place):
        words = [sys.executable, "-m", "tests.ml_backend.rollout.doomed", str(key), *place]
        return subprocess.run(words, env=self.environ, cwd=os.getcwd(), check=False, timeout=120).returncode

    def state(self, key):
        with self.store.read() as conn:
            row = conn.execute(sa.select(s.jobs.c.state, s.jobs.c.error).where(s.jobs.c.key == key)).one()
        return row.state, row.error

    def champion(self):
        with self.store.read() as conn:
            return models.champion(conn, self.id)

    def look(self):
        """Whatever happened: what serves is whole, and what Label Studio shows stands on every open task."""
        registry.load(Artifacts(self.settings.artifacts), self.champion())
        shown = self.client.project(self.id)["model_version"]
        assert self.client.model_versions(self.id).get(shown, 0) >= TASKS - FIRST, f"half of {shown} is shown"

    def wanted(self, version):
        """{(task, version string): 1} of what should stand in Label Studio."""
        controls = {c.name: c for c in parse(CONFIG).modelled}
        with self.store.read() as conn:
            rows = conn.execute(sa.select(s.tasks.c.key, s.tasks.c.id).where(s.tasks.c.id.in_(self.ids[FIRST:])))
            ids = {row.key: row.id for row in rows}
            said = predictions.of_tasks(conn, version.name, version.version, list(ids))
        return Counter((row["task"], row["model_version"]) for key, number in ids.items()
                       for row in rows_of(number, said[key], controls, version.version))

    def end(self):
        """What is the same after every undisturbed run."""
        champion = self.champion()
        with self.store.read() as conn:
            versions, aliases = models.versions(conn, champion.name), models.aliases_of(conn, champion.name)
            went = [(r.version, r.state) for r in rollouts.history(conn, self.id)]
            said = conn.execute(sa.select(s.predictions.c.version, sa.func.count()).group_by(
                s.predictions.c.version)).all()
            told = Counter(row.action for row in conn.execute(sa.select(s.audit.c.action)))
        return SimpleNamespace(
            champion=champion, versions={v.version for v in versions}, aliases=aliases, rollouts=went,
            predicted=dict(map(tuple, said)), audit=told, shown=self.client.project(self.id)["model_version"],
            there=Counter((p["task"], p["model_version"]) for p in self.client.predictions(self.id)))


@pytest.fixture
def make_scene(project_factory, tmp_path, monkeypatch):
    made = []

    def make(server):
        made.append(Scene(server, project_factory, tmp_path / "home", monkeypatch))
        return made[0]

    yield make
    for scene in made:
        scene.client.close()
        scene.store.close()


@pytest.mark.parametrize("place", ["", *PLACES])
@pytest.mark.label_studio
def test_killed_at_any_step_it_ends_as_if_nothing_had_happened(label_studio, make_scene, place):
    # Given a champion whose predictions people see, and new labels
    scene = make_scene(label_studio)
    first = scene.first
    # When the next training's process, or that of its rollout, is killed there and the job is run again
    scene.work(place)
    # Then one version more is there and serves, all of it is in Label Studio once, and the old one is gone from there
    end = scene.end()
    second = end.champion
    assert second.version != first.version
    assert end.versions == {first.version, second.version}
    assert end.aliases == {"champion": second.version, "previous": first.version}
    assert end.rollouts == [(second.version, "done"), (first.version, "done")]
    assert end.predicted == {first.version: TASKS, second.version: TASKS}
    assert (end.audit["model promoted"], end.audit["model refused"]) == (2, 0)
    assert end.shown == second.version
    assert end.there == scene.wanted(second)
    assert not list(scene.settings.home.rglob("*writing*"))
