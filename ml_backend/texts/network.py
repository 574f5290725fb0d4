"""Connections that end at a deadline, to addresses that were checked: what was checked is what is connected to."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

from cueloop.http import certificates
from ml_backend.serving.hands import Hands
from ml_backend.texts.hosts import Hosts, NotFetched

_resolvers = Hands()


class Deadline:
    """A moment after which nothing goes on, however much or little came before."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """So many seconds from now."""
        self._clock, self._end, self._seconds = clock, clock() + seconds, seconds

    def left(self) -> float:
        """Seconds that are left. Raises NotFetched when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> NotFetched:
        """What is said when there are none."""
        return NotFetched(f"not there within {self._seconds:g} s (CUELOOP_FETCH_SECONDS)", silent=True)


class Transport(httpx.HTTPTransport):
    """HTTP over such connections. Uses no proxy: a proxy would choose the address."""

    def __init__(self, hosts: Hosts, deadline: Deadline) -> None:
        """For one fetch."""
        super().__init__(verify=certificates(), trust_env=False)
        # httpx has no public way to say how to connect
        self._pool = httpcore.ConnectionPool(ssl_context=certificates(), network_backend=_Backend(hosts, deadline))


class _Backend(httpcore.NetworkBackend):
    def __init__(self, hosts: Hosts, deadline: Deadline) -> None:
        self._hosts, self._deadline, self._plain = hosts, deadline, httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                    socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:
        host = host.strip("[]")
        found = [address for address in self._addresses(host, port) if self._hosts.permits(host, port, address)]
        if not found:
            raise NotFetched("no address that may be connected to; private and link-local ones are refused", host)
        for address in found[:-1]:
            try:
                return self._stream(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._stream(found[-1], port)

    def _stream(self, address: str, port: int) -> httpcore.NetworkStream:
        return _Stream(self._plain.connect_tcp(address, port, timeout=self._deadline.left()), self._deadline)

    def _addresses(self, host: str, port: int) -> list[str]:
        def resolve() -> list[str]:
            return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        try:
            return list(dict.fromkeys(_resolvers.run(resolve, self._deadline.left())))
        except TimeoutError:
            raise NotFetched("its name was not resolved in time", host, silent=True) from None
        except (OSError, UnicodeError):
            raise NotFetched("there is no such host", host, silent=True) from None


class _Stream(httpcore.NetworkStream):
    """A stream of which every step, and so all of them, ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
                  timeout: float | None = None) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
