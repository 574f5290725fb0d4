"""Nothing leads a text that judges into training, nor one that was taught among those that judge: whatever is done to
tasks in Label Studio, one after the other."""

import random

import pytest

from cueloop.store import Store
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import consensus_data
from ml_backend.data.splits import settle
from ml_backend.dataset import Example
from ml_backend.policy.policy import Data
from tests.ml_backend.conftest import LABELS, WORDS, Project

POOL = [f"{word} {number} {word}ish thing about {label} in the {word} place" for label in LABELS
        for number, word in enumerate(WORDS[label])]


class Company:
    """People who import, label, edit, delete and import again, all by chance."""

    def __init__(self, store, seed):
        self.store, self.rng, self.project, self.keys = store, random.Random(seed), Project(store), []

    def add(self, count=5):
        for _ in range(count):
            text = self.rng.choice(POOL)
            [key] = self.project.add([Example(0, "", text, self.rng.choice(LABELS), 0.9)])
            self.keys.append(key)
            self._seen(key, text)

    def edit(self):
        for key in self.rng.sample(self.keys, 3):
            text = self.rng.choice(POOL)
            self._set(s.tasks, key, data={"text": text})
            self._seen(key, text)

    def delete(self):
        for key in self.rng.sample(self.keys, 3):
            self._set(s.tasks, key, deleted_at=now())

    def relabel(self):
        for key in self.rng.sample(self.keys, 3):
            self._set(s.consensus, key, probability=self.rng.choice([0.2, 0.9]), label=self.rng.choice(LABELS))

    def parts(self):
        """Texts that are taught, and those that judge, at the next training."""
        settle(self.store, 1, Data())
        with self.store.read() as conn:
            [data] = consensus_data.datasets(conn, 1)
        return ({e.text for e, yes in zip(data.examples, of, strict=True) if yes} for of in (
            data.taught(), data.held_out()))

    def _set(self, table, key, **values):
        with self.store.write() as conn:
            conn.execute(table.update().where((table.c.key if table is s.tasks else table.c.task) == key)
                         .values(**values))

    def _seen(self, key, text):
        with self.store.write() as conn:
            conn.execute(s.task_versions.insert().values(task=key, data={"text": text}, updated_at=now(),
                                                         seen_at=now(), ours=False))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_to_tasks_no_text_changes_sides(tmp_path, seed):
    store = Store.open(f"sqlite:///{tmp_path / 's.sqlite3'}")
    company, taught, judged = Company(store, seed), set(), set()
    company.add(20)
    for _ in range(10):
        getattr(company, company.rng.choice(["add", "edit", "delete", "relabel"]))()
        teaches, judges = company.parts()
        # A text that an earlier model was taught never judges the next, nor is one taught that judged
        assert not teaches & (judges | judged)
        assert not judges & taught
        taught, judged = taught | teaches, judged | judges
    store.close()
