"""A retraining and ten promotions while clients ask: is a request lost, is an answer under another model's name?

Every version gets the same classifier with its labels turned by one more place, so that the labels of a few texts tell
which version made them. What each version must answer is worked out from its files afterwards.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.load import loop
from benchmarks.measure import in_child
from benchmarks.serving_home import NAME, Home, bodies
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store.models import ModelVersion
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.dataset import Dataset
from ml_backend.retrain import retrain

PROMOTIONS, CLIENTS, BATCH, BODIES = 10, 8, 4, 25
FEW = 8
"""Labels of the training meanwhile: it is there to happen, not to be good."""


@dataclass(frozen=True, slots=True)
class Swapped:
    """What clients saw."""

    requests: int
    failed: int
    answers: int
    mixed: int
    """Requests whose answers are of several versions."""
    false: int
    """Answers that the version under whose name they came would not give."""
    versions: int
    """Seen in answers."""
    retrained: str
    """Version that was trained meanwhile."""


def swaps(url: str, home: Home, pause: float) -> Swapped:
    """Ask without a pause while versions are trained and promoted, `pause` seconds apart."""
    sent, asked = bodies(home, BATCH, BODIES)
    turned = _turned(home)
    seen: list[tuple[int, int, bytes]] = []
    stop = threading.Event()
    asking = threading.Thread(target=loop, args=(
        url, sent, CLIENTS, stop.is_set, lambda at, status, answer, wait: seen.append((at, status, answer))))
    asking.start()
    try:
        time.sleep(pause)
        for number, version in enumerate(turned):
            registry.promote(home.store, version, actor="benchmark", reason="")
            time.sleep(pause)
            if number == PROMOTIONS // 2:
                trained = in_child(_train, home.settings, home.dataset(FEW)).result
        time.sleep(2 * pause)
    finally:
        stop.set()
        asking.join()
    return _judged(home, asked, seen, trained)


def _train(settings: Settings, data: Dataset) -> str:
    """In a process of its own, as a worker does."""
    store = Store.open(settings.store_url)
    try:
        return retrain(store, Artifacts(settings.artifacts), NAME, [data], actor="benchmark").version.version
    finally:
        store.close()


def _turned(home: Home) -> list[ModelVersion]:
    """Versions that differ in what they answer to everything."""
    [head] = home.champion().bundle.heads
    return [registry.save(home.store, home.artifacts, Bundle((replace(
        head, labels=head.labels[turn:] + head.labels[:turn]),)), {}, name=NAME, kind=head.kind)
        for turn in range(1, PROMOTIONS + 1)]


def _judged(
    home: Home, asked: Sequence[Sequence[str]], seen: Sequence[tuple[int, int, bytes]], retrained: str,
) -> Swapped:
    expected: dict[str, list[list[str]]] = {}
    failed = answers = mixed = false = 0
    for at, status, body in seen:
        if status != 200:
            failed += 1
            continue
        results: list[dict[str, Any]] = json.loads(body)["results"]
        versions = {one["model_version"] for one in results}
        mixed += len(versions) != 1
        answers += len(results)
        for place, one in enumerate(results):
            version = one["model_version"]
            if version not in expected:
                expected[version] = _answers(home, version, asked)
            label = one["result"][0]["value"]["choices"][0] if one["result"] else None
            false += label != expected[version][at][place]
    return Swapped(len(seen), failed, answers, mixed, false, len(expected), retrained)


def _answers(home: Home, version: str, asked: Sequence[Sequence[str]]) -> list[list[str]]:
    """What a version answers to the texts of each body."""
    with home.store.read() as conn:
        loaded = registry.load(home.artifacts, registry.resolve(conn, f"{NAME}@{version}"))
    [head] = loaded.bundle.heads
    return [[head.labels[place] for place in head.probabilities(texts).argmax(axis=1)] for texts in asked]
