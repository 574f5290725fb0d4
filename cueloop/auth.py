"""Signing requests to Label Studio: legacy tokens as they are, personal access tokens by way of short-lived ones."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Generator
from typing import Any

import httpx

MARGIN_SECONDS = 30.0   # an access token lives 300 s; it is renewed while it still works
TIMEOUT = httpx.Timeout(15.0, connect=5.0).as_dict()


class TokenAuth(httpx.Auth):
    """Adds `Authorization`. A personal access token (a JWT) is exchanged for access tokens, one exchange at a time.

    Overwrites the header that the SDK sets, and signs calls to `url` only: a redirect elsewhere goes unsigned.
    """

    def __init__(self, url: str, token: str) -> None:
        self._base = httpx.URL(url)
        self._token = token
        self._personal = claims(token) is not None
        self._access, self._good_until = "", 0.0
        self._lock = threading.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign and send; when an access token was revoked meanwhile, fetch a new one and try once more."""
        if (request.url.host, request.url.port) != (self._base.host, self._base.port) or not self._token:
            request.headers.pop("Authorization", None)
            yield request
            return
        if not self._personal:
            request.headers["Authorization"] = f"Token {self._token}"
            yield request
            return
        used = yield from self._fresh("")
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = f"Bearer {(yield from self._fresh(used))}"
            yield request

    def _fresh(self, refused: str) -> Generator[httpx.Request, httpx.Response, str]:
        """An access token that is not about to expire and is not `refused`."""
        with self._lock:
            if self._access and self._access != refused and time.monotonic() < self._good_until:
                return self._access
            base = str(self._base).rstrip("/")
            response = yield httpx.Request("POST", f"{base}/api/token/refresh/", json={"refresh": self._token},
                                           extensions={"repeatable": True, "timeout": TIMEOUT})
            if response.status_code != 200:
                self._access = ""
                return "refused"            # the call itself then gets the 401 that tells the user
            response.read()
            self._access = str(response.json()["access"])
            self._good_until = time.monotonic() + lifetime(self._access) - MARGIN_SECONDS
            return self._access


def claims(token: str) -> dict[str, Any] | None:
    """What a JWT says of itself, unverified; None for anything else, such as a legacy token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return said if isinstance(said, dict) else None


def lifetime(access: str) -> float:
    """Seconds an access token lives, by its own two times, so that a wrong clock here does not matter."""
    said = claims(access) or {}
    return float(said["exp"] - said["iat"]) if {"exp", "iat"} <= said.keys() else 300.0
