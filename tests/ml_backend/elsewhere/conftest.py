"""A project with tasks, and invented pipelines that answer them."""

import json
import random

import pytest

from ml_backend.elsewhere.push import Source, push
from tests.ml_backend.conftest import CONFIG, LABELS, Project, examples


class Pipeline:
    """An invented pipeline that is right about a share of the tasks and tells a score."""

    def __init__(self, accuracy, seed=0):
        self.accuracy, self._rng = accuracy, random.Random(seed)

    def label(self, right):
        if self._rng.random() < self.accuracy:
            return right
        return self._rng.choice([label for label in LABELS if label != right])


class Scene:
    """Project 1 with its tasks and what their labels are; writes files and pushes them."""

    def __init__(self, store, folder, config=CONFIG, project_id=1):
        self.store, self.folder = store, folder
        self.project = Project(store, project_id, config)
        self.truth = {}

    def tasks(self, count, *, seed=0, **kind):
        """Add tasks; their Label Studio ids, which here are their keys."""
        some = examples(count, seed=seed)
        keys = self.project.add(some, **kind)
        self.truth |= {key: example.label for key, example in zip(keys, some, strict=True)}
        return keys

    def write(self, records, name="said.jsonl"):
        path = self.folder / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return path

    def said(self, keys, accuracy=0.8, score=0.99, seed=0):
        """Records of a pipeline that is right so often, and says `score` of everything (None: nothing)."""
        pipeline = Pipeline(accuracy, seed)
        return [{"task": key, "label": pipeline.label(self.truth[key])} | ({} if score is None else {"score": score})
                for key in keys]

    def push(self, records, name="llm", version="one", **more):
        """Push records (or a file) as NAME@VERSION."""
        path = records if hasattr(records, "suffix") else self.write(records)
        dry_run = more.pop("dry_run", False)
        return push(self.store, 1, Source(path, **more), name, version, actor="test", dry_run=dry_run)


@pytest.fixture
def scene(store, tmp_path):
    """An empty project."""
    return Scene(store, tmp_path)
