"""Where connections wait without a thread: until the whole header of a request has come, and after the last answer.

gunicorn hands a connection to a thread with its first byte, and when it ends one it waits up to two seconds, in the
loop that takes connections, for the client to end it too. Two hundred clients that say nothing more would keep
everybody out. Here both wait in the loop's selector, where a thousand of them cost next to nothing.
"""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

SECONDS = 20.0
"""For the header, for the body and for the answer of a request each, and for a new connection to say anything."""
FULL_SECONDS = 3.0
"""For the header while there is room for no more connections."""
LINGER_SECONDS = 2.0
"""How long we listen to who was answered for the last time, so that nothing of the answer is lost on the way."""
LARGEST_HEADER = 2**15
"""Bytes."""


class DoorstepWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's process with threads; a connection has one only while there is something to do."""

    def init_process(self) -> None:
        """Nobody is here yet."""
        self._beginning: dict[Any, tuple[float, int]] = {}
        self._leaving: dict[Any, float] = {}
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection a thread once a header has come whole; until then it waits, and not for ever."""
        until, before = self._beginning.pop(conn, (time.monotonic() + SECONDS, -1))
        came = _came(conn)
        if came is None or len(came) == before or _whole(came):  # as long as before: nothing more will come
            _wake_at(conn, 1)
            conn.data_ready = True
            super().enqueue_req(conn)
        elif len(came) >= LARGEST_HEADER:
            large = (errors.LimitRequestHeaders("header") if b"\r\n" in came
                     else errors.LimitRequestLine(len(came), LARGEST_HEADER))
            self.handle_error(None, conn.sock, conn.client, large)
            self._leave(conn)
        else:
            self._beginning[conn] = (until, len(came))
            _wake_at(conn, len(came) - len(_buffered(conn)) + 1)
            self._listen(conn, self._more_came)

    def finish_request(self, conn: Any, future: Any) -> None:
        """Keep a connection for its next request, or end it."""
        if not future.cancelled() and future.exception() is None and future.result():
            super().finish_request(conn, future)
        else:
            self._leave(conn)

    def murder_pending(self) -> None:
        """Called every second: end what takes too long, and when stopping what has not begun."""
        now, full = time.monotonic(), self.nr_conns >= self.worker_connections
        spare = SECONDS - FULL_SECONDS if full else 0.0 if self.alive else SECONDS - LINGER_SECONDS
        for conn, (until, _) in list(self._beginning.items()):
            if now > until - spare:
                del self._beginning[conn]
                self._end(conn)
        for conn, until in list(self._leaving.items()):
            if now > until:
                del self._leaving[conn]
                self._end(conn)
        super().murder_pending()

    def _more_came(self, conn: Any, sock: socket.socket) -> None:
        self.poller.unregister(sock)
        self.enqueue_req(conn)

    def _leave(self, conn: Any) -> None:
        """Say that nothing more comes from us, and wait without a thread until nothing more comes from there."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            _wake_at(conn, 1)
            self._listen(conn, self._still_sends)
        except (OSError, ValueError, KeyError):  # it is gone already
            self._end(conn)
            return
        self._leaving[conn] = time.monotonic() + LINGER_SECONDS

    def _still_sends(self, conn: Any, sock: socket.socket) -> None:
        try:
            if sock.recv(2**16):
                return
        except BlockingIOError:
            return
        except OSError:  # it was reset
            pass
        self._leaving.pop(conn, None)
        self._end(conn)

    def _listen(self, conn: Any, call: Any) -> None:
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(call, conn))

    def _end(self, conn: Any) -> None:
        with suppress(OSError, KeyError, ValueError):  # it was not registered
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def whole(conn: Any) -> bool:
    """Whether a thread that asks for the next header of a connection does not have to wait for it."""
    came = _came(conn)
    return came is None or _whole(came)


def _whole(came: bytes) -> bool:
    """gunicorn reads to the first empty line behind the request line."""
    came = came.lstrip(b"\r\n")
    return b"\r\n\r\n" in came or b"\n\n" in came


def _came(conn: Any) -> bytes | None:
    """What has come and nobody has read; None: nothing more will."""
    try:
        there = conn.sock.recv(LARGEST_HEADER, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return _buffered(conn)
    except (OSError, ValueError):
        return None
    return _buffered(conn) + there if there else None


def _buffered(conn: Any) -> bytes:
    """What was read with the request before."""
    return bytes(conn.parser.unreader.buf.getvalue()) if conn.parser is not None else b""


def _wake_at(conn: Any, size: int) -> None:
    """So many bytes must have come before the selector tells of a connection."""
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
