"""Whether a container's process works: exit code 0 or 1.

    python -m console.parts.healthcheck http://127.0.0.1:8072/health
    python -m console.parts.healthcheck worker

The ML backend asks everybody for its password: it is taken from the environment, as the backend takes it.
The first form needs nothing but Python: Label Studio's image has this file and none of ours beside it.
"""

import base64
import os
import sys
import urllib.error
import urllib.request


def answers(url: str) -> bool:
    """Whether the URL answers 200 within five seconds."""
    request = urllib.request.Request(url)  # noqa: S310  from the compose file
    if password := os.environ.get("CUELOOP_ML_PASSWORD"):
        pair = f"{os.environ.get('CUELOOP_ML_USER', 'cueloop')}:{password}"
        request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def works() -> bool:
    """Whether an RQ worker of this machine is registered and still gives signs of life."""
    import socket

    from redis.exceptions import RedisError
    from rq import Worker

    from cueloop import queue, settings

    try:
        with queue.connect(settings.load().redis_url) as client:
            return any(worker.hostname == socket.gethostname() for worker in Worker.all(connection=client))
    except RedisError:
        return False


if __name__ == "__main__":
    healthy = works() if sys.argv[1] == "worker" else answers(sys.argv[1])
    sys.exit(0 if healthy else 1)
