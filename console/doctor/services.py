"""Redis, the ML backend and the webhook receiver, as this machine sees them."""

from __future__ import annotations

import httpx

from console.doctor.finding import Finding, bad, doubtful, good
from cueloop.settings import Settings

SECONDS = 3.0


def redis(settings: Settings) -> list[Finding]:
    """Whether Redis answers and anybody works on its queue."""
    from redis import Redis
    from redis.exceptions import RedisError
    from rq import Worker

    if not settings.redis_url:
        return [doubtful("redis", "CUELOOP_REDIS_URL is not set and no embedded one was started.",
                         "`cueloop up` brings one. Until then nothing is trained; pull, consensus and routing go on.")]
    try:
        with Redis.from_url(settings.redis_url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
            client.ping()
            workers = len(Worker.all(connection=client))
    except (RedisError, ValueError) as error:
        return [bad("redis", f"does not answer ({type(error).__name__}).",
                    "Start it, or check CUELOOP_REDIS_URL. Jobs wait meanwhile; pull, consensus and routing go on.")]
    if not workers:
        return [doubtful("redis", "answers, but no worker listens.", "`cueloop worker` or `cueloop up` starts one.")]
    return [good("redis", f"answers, {workers} worker{'s' if workers > 1 else ''}")]


def ml_backend(settings: Settings) -> list[Finding]:
    """Whether the ML backend answers, and refuses strangers."""
    url = (settings.ml_url or f"http://{settings.ml_host}:{settings.ml_port}").rstrip("/")
    password = settings.ml_password.get_secret_value()
    try:
        reply = httpx.get(f"{url}/health", auth=(settings.ml_user, password) if password else None, timeout=SECONDS)
    except httpx.HTTPError as error:
        return [doubtful("ml backend", f"{url} does not answer ({type(error).__name__}).",
                         "`cueloop serve` or `cueloop up` starts it. Pre-labels that were pushed stay.")]
    if reply.status_code == httpx.codes.UNAUTHORIZED:
        return [bad("ml backend", f"{url} refuses our password.",
                    "It runs with another CUELOOP_ML_PASSWORD, perhaps of another home: restart it with this one's.")]
    if not reply.is_success:
        return [bad("ml backend", f"{url} answers {reply.status_code}.",
                    "Read its log; another program may have its port.")]
    return [good("ml backend", f"{url} answers")]


def webhook(settings: Settings) -> list[Finding]:
    """Whether the sync process listens for webhooks."""
    url = f"http://{settings.hook_host.replace('0.0.0.0', '127.0.0.1')}:{settings.hook_port}/health"  # noqa: S104
    try:
        httpx.get(url, timeout=SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        return [doubtful("sync", f"{url} does not answer ({type(error).__name__}).",
                         "`cueloop sync` or `cueloop up` starts it. People keep the work that is in their queues.")]
    return [good("sync", f"{url} answers")]
