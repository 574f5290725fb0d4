"""Take jobs (training, full recomputation, pre-labelling) from Redis until told to stop.

Example: `cueloop worker`. Run as many as you like, on as many machines as you like, with the same
CUELOOP_REDIS_URL, CUELOOP_DATABASE_URL and CUELOOP_ARTIFACTS_URL.
"""

from __future__ import annotations

from importlib import import_module

import click

from console.cli._options import pass_settings
from cueloop.settings import Settings

HEAVY = ("ml_backend.jobs", "sync.jobs", "sklearn.linear_model", "sklearn.feature_extraction.text")
"""Imported before the first job: each job runs in a fork, which would pay seconds for them again."""


@click.command(help=__doc__)
@click.option("--burst", is_flag=True, help="End when there are no more jobs.")
@pass_settings
def command(settings: Settings, burst: bool) -> None:
    """See the module."""
    from cueloop import logs, queue
    from cueloop.errors import QueueUnavailable

    logs.setup(settings.log_level, "worker")
    if not settings.redis_url:
        raise QueueUnavailable("No Redis: set CUELOOP_REDIS_URL, or run `cueloop up`, which brings its own.")
    for module in HEAVY:
        import_module(module)
    queue.work(settings.redis_url, burst=burst)
