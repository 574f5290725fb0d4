"""What the routes of a serving process stand on."""

from __future__ import annotations

from dataclasses import dataclass, field

from cueloop.queue import Jobs
from cueloop.settings import Settings
from cueloop.store import Store
from ml_backend.answering.gather import Gathering
from ml_backend.artifacts import Artifacts
from ml_backend.serving.asking import Asking
from ml_backend.serving.blind import Blind
from ml_backend.serving.choice import Choice
from ml_backend.serving.configs import Configs
from ml_backend.serving.disk import Disk
from ml_backend.serving.health import Health
from ml_backend.serving.metrics import Metrics
from ml_backend.serving.rate import Bucket
from ml_backend.serving.sizing import THREADS, predictions
from ml_backend.serving.slot import Serving
from ml_backend.texts.reader import SERVING_SECONDS, Texts


@dataclass(frozen=True, slots=True)
class Parts:
    """One of each for a process; all are used by several threads at once."""

    settings: Settings
    store: Store
    """For what writes. What only reads asks `ask`."""
    ask: Asking
    blind: Blind
    configs: Configs
    serving: Serving
    choice: Choice
    metrics: Metrics
    gather: Gathering
    jobs: Jobs
    health: Health
    texts: Texts
    events: dict[bool, Bucket] = field(default_factory=lambda: {some: Bucket(200, 50) for some in (True, False)})
    """{without the password: theirs}. 200 at once, 50 a second; strangers take nothing from those who are known."""
    trainings: Bucket = field(default_factory=lambda: Bucket(5, 0.1))


def build(settings: Settings, store: Store, model: str | None, poll_seconds: float) -> Parts:
    """Put together; nothing is loaded yet. `model` and `poll_seconds` as in `create_app`."""
    metrics, ask, artifacts = Metrics(), Asking(store), Artifacts(settings.artifacts)
    serving = Serving(ask, artifacts, poll_seconds=poll_seconds, watcher=metrics)
    blind, choice, jobs = Blind(ask), Choice(ask, serving, model, poll_seconds), Jobs(settings.redis_url, store)
    health = Health(ask, blind, serving, choice, jobs, Disk(settings.home, artifacts), poll_seconds=poll_seconds)
    return Parts(settings, store, ask, blind, Configs(ask), serving, choice, metrics,
                 Gathering(most=predictions(settings.ml_threads or THREADS), answered=metrics.batch,
                           waits=metrics.waits), jobs, health, Texts(settings, seconds=SERVING_SECONDS))
