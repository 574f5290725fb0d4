"""A project in the store as sync and quality leave it: tasks, people's answers, consensus."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import consensus_data
from ml_backend.dataset import Dataset, Example

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text" choice="single">
<Choice value="food"/><Choice value="money"/><Choice value="sport"/>
</Choices></View>"""
LABELS = ("food", "money", "sport")
WORDS = {"food": ["bread", "cheese", "soup", "salad", "dinner", "baker", "sauce", "onion", "butter", "kitchen"],
         "money": ["bank", "loan", "credit", "interest", "budget", "salary", "invoice", "tax", "broker", "fund"],
         "sport": ["match", "goal", "referee", "league", "striker", "tennis", "sprint", "coach", "medal", "stadium"]}
COMMON = ["the", "a", "we", "today", "will", "new", "some", "with", "again", "about", "very", "good"]


def text_about(label: str, rng: random.Random, clear: float = 0.35) -> str:
    """A sentence of 8 words; each is one of the label's own with probability `clear`."""
    return " ".join(rng.choice(WORDS[label]) if rng.random() < clear else rng.choice(COMMON) for _ in range(8))


def examples(count: int, seed: int = 0, clear: float = 0.35, wrong: float = 0.0,
             labels: Sequence[str] = LABELS) -> list[Example]:
    """`count` labelled sentences, a share `wrong` of them with another label."""
    rng, found = random.Random(seed), []
    for number in range(count):
        label = labels[number % len(labels)]
        said = rng.choice([x for x in labels if x != label]) if rng.random() < wrong else label
        found.append(Example(key=number + 1, identity=f"{seed}/{number}", text=text_about(label, rng, clear),
                             label=said, weight=0.9))
    return found


def dataset(some: Sequence[Example], labels: Sequence[str] = LABELS) -> Dataset:
    """They as training data of the control `topic`."""
    return Dataset(control="topic", to_name="text", field="text", labels=tuple(labels), examples=tuple(some),
                   source="test")


class Project:
    """Fills the store for project 1. `new`: it is not there yet."""

    def __init__(self, store, project_id=1, config=CONFIG, *, new=True):
        self.store, self.id, self.config = store, project_id, config
        if not new:
            return
        with store.write() as conn:
            conn.execute(s.projects.insert().values(id=project_id, title="Topics", label_config=config,
                                                    mode="connected", connected_at=now()))
            if not conn.scalar(sa.select(sa.func.count()).select_from(s.annotators)):
                conn.execute(s.annotators.insert(), [
                    {"id": 1, "email": "ann@example.com", "name": "Ann", "queue": "w1", "kind": "person"},
                    {"id": 99, "email": "machine@example.com", "name": "Machine", "queue": "w99", "kind": "machine"}])

    def add(self, some, *, ids=None, labelled=True, annotator=1, seen=False, blind=False, probability=0.95):
        """Add tasks, with an answer and a consensus where `labelled`. Returns the tasks' keys."""
        keys = []
        with self.store.write() as conn:
            at = conn.scalar(sa.select(sa.func.coalesce(sa.func.max(s.tasks.c.id), 0)))
            for number, example in enumerate(some, start=1):
                moment = datetime(2026, 1, 1, tzinfo=UTC)
                key = conn.execute(s.tasks.insert().values(
                    project_id=self.id, id=ids[number - 1] if ids else at + number, created_at=moment,
                    updated_at=moment, data={"text": example.text}, cue={}, overlap=1, is_labeled=False,
                    blind=blind).returning(s.tasks.c.key)).scalar_one()
                keys.append(key)
                if labelled:
                    self._label(conn, key, example.label, annotator, seen, probability)
        return keys

    def _label(self, conn, key, label, annotator, seen, probability):
        conn.execute(s.answers.insert().values(
            task=key, control="topic", annotator_id=annotator, project_id=self.id, label=label,
            unique_id=f"{self.id}-{key}-{annotator}", ground_truth=False, seen_suggestion=seen, answered_at=now()))
        conn.execute(s.consensus.insert().values(
            task=key, control="topic", project_id=self.id, label=label, probability=probability,
            probabilities={label: probability}, answers=1, method="test", updated_at=now()))


@pytest.fixture
def logged(monkeypatch):
    """`logged(module)` collects what that module logs from now on: a list of (event, fields)."""
    def collect(module):
        lines = []
        say = lambda event, **fields: lines.append((event, fields))  # noqa: E731
        monkeypatch.setattr(module, "log", SimpleNamespace(info=say, warning=say, error=say))
        return lines
    return collect


@pytest.fixture
def project(store):
    """A connected project without tasks."""
    return Project(store)


@pytest.fixture
def settings(tmp_path):
    """Settings of an ML backend with a password."""
    from tests.ml_backend import server as serving

    return serving.settings_in(tmp_path)


@pytest.fixture
def serve(settings, store):
    """Starts an app of the test's own; gives its client."""
    from tests.ml_backend import server as serving

    running = []

    def start(model=None, **changes):
        running.append(serving.Server(settings.model_copy(update=changes), store, model))
        return running[-1].client

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def train(settings, store):
    """Trains model `topics` (or a project's) and puts it in service."""
    from tests.ml_backend import server as serving

    def trained(seed=0, project_id=None, name="topics"):
        if project_id is None:
            return serving.train_now(settings, store, [dataset(examples(90, seed=seed))], name=name)
        with store.read() as conn:
            data = consensus_data.datasets(conn, project_id)
        return serving.train_now(settings, store, data, project_id, name)
    return trained
