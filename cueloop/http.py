"""One connection pool to one Label Studio: signs requests, repeats what is worth it, keeps tokens to itself."""

from __future__ import annotations

import logging
import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from cueloop.auth import TokenAuth
from cueloop.errors import (
    CueloopError,
    LabelStudioError,
    LabelStudioRefused,
    LabelStudioUnreachable,
    NotFound,
    SettingsError,
)

# httpx tells whole URLs at INFO, and the URL of an invite is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

# gunicorn hangs up on idle connections after 2 s; one that we let go first is never found dead by a POST.
IDLE_SECONDS = 1.5
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
REFUSED_UNREAD = frozenset({429, 503})       # the server says that it did nothing: safe for any method
PERHAPS_DONE = frozenset({502, 504})         # a proxy lost the server: the request may have happened


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long to try again: exponential backoff with full jitter."""

    attempts: int = 5
    first_seconds: float = 0.25
    longest_seconds: float = 8.0

    def pause(self, attempt: int, response: httpx.Response | None) -> float:
        """Seconds before attempt number `attempt` + 1; a Retry-After of the server is obeyed, within bounds."""
        asked = response.headers.get("retry-after", "") if response is not None else ""
        if asked.isdigit():
            return min(float(asked), 2 * self.longest_seconds)
        limit: float = min(self.longest_seconds, self.first_seconds * 2.0**attempt)
        return random.uniform(limit / 2, limit)  # noqa: S311 (spreads clients, guards nothing)


class RetryTransport(httpx.BaseTransport):
    """Tries again below httpx's client, so that calls made by the SDK are covered too.

    Any request is repeated when it cannot have reached the server, or the server says that it did nothing.
    After a time-out or a lost answer only requests that do the same when repeated are: never a POST or PATCH,
    unless the caller marked it with `extensions={"repeatable": True}`.
    """

    def __init__(self, inner: httpx.BaseTransport, retries: Retries, sleep: Callable[[float], None] = time.sleep):
        self._inner, self._retries, self._sleep = inner, retries, sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, at most `retries.attempts` times."""
        repeatable = request.method in SAFE_METHODS or bool(request.extensions.get("repeatable"))
        for attempt in range(self._retries.attempts):
            last = attempt == self._retries.attempts - 1
            response: httpx.Response | None = None
            try:
                response = self._inner.handle_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if last:
                    raise
            except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.NetworkError, httpx.RemoteProtocolError):
                if last or not repeatable:
                    raise
            else:
                worth_it = response.status_code in REFUSED_UNREAD or (
                    repeatable and response.status_code in PERHAPS_DONE)
                if last or not worth_it:
                    return response
                response.close()
            self._sleep(self._retries.pause(attempt, response))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections below."""
        self._inner.close()


class Http:
    """Calls to one Label Studio. Thread-safe. Every failure becomes one of Cueloop's own errors.

    Errors never carry the request, so that no traceback, log line or error report can show a token.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 30.0, retries: Retries | None = None,
                 transport: httpx.BaseTransport | None = None):
        self.url = checked_url(url)
        self.timeout = timeout
        self._retries = retries or Retries()
        self.client = self.unsigned(transport)
        self.client.auth = TokenAuth(self.url, token)

    def unsigned(self, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """A client of its own with the same retries and time-outs but without the token, e.g. for a session."""
        limits = httpx.Limits(max_connections=20, keepalive_expiry=IDLE_SECONDS)
        inner = transport or httpx.HTTPTransport(verify=certificates(), proxy=proxy_for(self.url), limits=limits)
        return httpx.Client(base_url=self.url, transport=RetryTransport(inner, self._retries),
                            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, 5.0)),
                            headers={"User-Agent": "cueloop"})

    def call(self, method: str, path: str, *, params: Mapping[str, Any] | list[tuple[str, Any]] | None = None,
             json: Any = None, timeout: float | None = None, repeatable: bool = False) -> Any:
        """The JSON of the reply (None for an empty one).

        `repeatable` marks a POST that may be sent twice without harm. Raises LabelStudioUnreachable,
        LabelStudioRefused, NotFound or LabelStudioError.
        """
        extra: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        response = self.guarded(f"{method} {path}", lambda: self.client.request(
            method, path, params=params, json=json, extensions={"repeatable": True} if repeatable else None, **extra))
        return self.body(f"{method} {path}", response)

    def guarded(self, what: str, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Run `send`; what the network does to it becomes LabelStudioUnreachable, told apart by cause."""
        try:
            return send()
        except httpx.TransportError as error:
            problem = self.unreachable(what, error)
        raise problem    # outside of the except block: the original error holds the request with its token

    def unreachable(self, what: str, error: httpx.TransportError) -> LabelStudioUnreachable:
        """The error for a call that got no answer."""
        slow = isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout)
        reason = "did not answer in time" if slow else f"cannot be reached ({type(error).__name__})"
        return LabelStudioUnreachable(
            f"Label Studio at {self.url} {reason} ({what}). Is it running, and is LABEL_STUDIO_URL right?")

    def body(self, what: str, response: httpx.Response) -> Any:
        """The JSON of a reply, or the error that its status means."""
        if response.is_success:
            if not response.content:
                return None
            said = _json(response)
            if said is not None:
                return said
            raise LabelStudioError(f"{what}: {self.url} answered {response.headers.get('content-type', 'nothing')} "
                                   "where JSON was expected. Is LABEL_STUDIO_URL the address of a Label Studio?")
        if response.is_redirect:
            raise LabelStudioError(f"Label Studio at {self.url} sends {what} on to {response.headers.get('location')}: "
                                   "set LABEL_STUDIO_URL to where it really is.")
        raise self.failure(what, response.status_code, complaint(_json(response)))

    def failure(self, what: str, status: int, detail: str) -> CueloopError:
        """The error for a status: which call, where, what Label Studio said, what to do."""
        told = f"Label Studio at {self.url} answered {status} to {what}" + (f": {detail}" if detail else "")
        if status == 401:
            hint = ("Legacy tokens are off in this organization: use a personal access token."
                    if "legacy" in detail.lower() else "Check LABEL_STUDIO_API_KEY.")
            return LabelStudioRefused(f"{told}. {hint}")
        if status == 403:
            return LabelStudioRefused(told)
        if status == 404:
            return NotFound(told if detail else f"{told}. There is no such thing, or this Label Studio lacks the call.")
        failed = (LabelStudioUnreachable if status in REFUSED_UNREAD | PERHAPS_DONE else LabelStudioError)(told)
        failed.status = status
        return failed

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def proxy_for(url: str) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for an address; never one for this machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in {"localhost", "::1"} or host.startswith("127.") or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


@cache
def certificates() -> ssl.SSLContext:
    """The certificates that are trusted, read once for all clients of this process: it takes 50 ms."""
    return httpx.create_ssl_context()


def checked_url(url: str) -> str:
    """The address without its trailing slash. Raises SettingsError when it is not one we can call or print."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"LABEL_STUDIO_URL is {url!r}: it must look like http://localhost:8080.")
    if parts.username or parts.password:
        raise SettingsError("LABEL_STUDIO_URL must not carry a user name or password: use LABEL_STUDIO_API_KEY.")
    return url.rstrip("/")


def _json(response: httpx.Response) -> Any:
    """The JSON in a reply, None if there is none. /health sends JSON as text/html, so the type is not asked."""
    try:
        return response.json()
    except ValueError:
        return None


def complaint(said: Any) -> str:
    """What an error reply says went wrong, as one short line; its HTML pages (170 KB for a 404) say nothing."""
    if isinstance(said, dict):
        said = said.get("validation_errors") or said.get("detail") or said
    if isinstance(said, dict):
        parts = [f"{'' if field == 'non_field_errors' else f'{field}: '}{' '.join(map(str, problem))}"
                 if isinstance(problem, list) else f"{field}: {problem}" for field, problem in said.items()]
        said = "; ".join(parts)
    # Label Studio's advertisement of its manual goes ("<a>Learn more</a> about …"), then all other tags.
    text = re.sub(r"<[^>]*>", "", re.sub(r"<a [^>]*>.*?</a>[^.]*\. ?", "", str(said)))
    return "" if said is None else text[:300].rstrip(".")
