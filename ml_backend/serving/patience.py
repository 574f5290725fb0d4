"""A server process whose threads are never held for long by somebody who sends or reads slowly.

gunicorn gives a thread to each request from its first byte to its answer's last. So a connection gets a thread only
when a whole header has come (`ml_backend.serving.doorstep`); reading a body and sending an answer may take so long and
no longer, and less when others wait for a thread; and what cannot be read is answered as JSON without a word of it in
the log.
"""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from gunicorn.http import errors
from werkzeug.exceptions import BadRequest, RequestTimeout

from cueloop import logs
from ml_backend.serving.doorstep import SECONDS, DoorstepWorker, whole
from ml_backend.serving.rate import Bucket

PER_BYTE = 1 / 2**20
"""Seconds more for each byte of a body: a megabyte a second."""
CROWDED = 3.0
"""What is left of these times while requests wait for a thread."""
DRAIN_SECONDS = 0.1
"""How long a thread reads what nobody wanted of a body; then the connection is ended instead of kept."""
NEXT_MILLISECONDS = 10
"""How long a thread stays with a connection for its next request, while no other waits for a thread."""
STATUS = {errors.LimitRequestLine: (414, "URI Too Long"), errors.ExpectationFailed: (417, "Expectation Failed"),
          errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
          errors.UnsupportedTransferCoding: (501, "Not Implemented")}
"""What is answered to a request that is no HTTP; else 400."""

log = logs.get(__name__)
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Deadlines:
    """Until when each connection may keep its thread waiting. Threads write, the process's main loop looks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody waits."""
        self._clock = clock
        self._since: dict[socket.socket, tuple[float, float, int]] = {}
        self._cut: set[socket.socket] = set()

    def begin(self, sock: socket.socket, seconds: float, since: float | None = None, *, sends: bool = False) -> None:
        """From now (or `since`) on a thread waits for what comes from this connection, or until it took an answer."""
        ways = socket.SHUT_RDWR if sends else socket.SHUT_RD  # who was too slow to ask can still be told so
        self._since[sock] = (self._clock() if since is None else since, seconds, ways)

    def end(self, sock: socket.socket) -> bool:
        """The thread goes on. Whether it was time to: the connection was cut."""
        self._since.pop(sock, None)
        if sock not in self._cut:
            return False
        self._cut.discard(sock)
        return True

    def cut(self, *, crowded: bool) -> None:
        """End the waiting of all whose time is up: their threads read the end, or fail to write."""
        now = self._clock()
        for sock, (since, seconds, ways) in self._since.copy().items():
            if now - since > (min(seconds, CROWDED) if crowded else seconds):
                self._cut.add(sock)
                self._since.pop(sock, None)
                try:
                    sock.shutdown(ways)
                except OSError:  # it ended by itself meanwhile
                    self._cut.discard(sock)


class PatientWorker(DoorstepWorker):
    """gunicorn's process with threads, with bounds on what a slow client can hold."""

    def init_process(self) -> None:
        """Everything of this process's own; then serves until told to stop."""
        self._deadlines, self._told = Deadlines(), Bucket(20, 1)
        super().init_process()

    def load_wsgi(self) -> None:
        """The app, with a clock on its input."""
        super().load_wsgi()
        self.wsgi: Wsgi = partial(_timed, self.app.wsgi(), self._deadlines)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take connections or not; when stopping let go of the port, so that nobody comes whom nobody answers."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def handle(self, conn: Any) -> Any:
        """Read and answer a request, and those that come at once after it: handing the connection back costs more."""
        sock = conn.sock
        while True:
            self._deadlines.begin(sock, SECONDS)
            try:
                kept = super().handle(conn)
            finally:
                self._deadlines.end(sock)
            if kept is not True or not self.alive or self._crowded() or not (_speaks(sock) and whole(conn)):
                return kept

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Whether the connection can take another request. Who sends a body slowly that nobody reads is not waited
        for."""
        return bool(keepalive) and bool(conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS))

    def _crowded(self) -> bool:
        return bool(self.tpool._work_queue.qsize())

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose header has been read."""
        if self._deadlines.end(conn.sock):
            return False
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Called every second: end what takes too long, and when stopping what has not begun."""
        self._deadlines.cut(crowded=self._crowded())
        super().murder_pending()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer what cannot be read. Its error may quote a header, and a header may hold a password: only its kind."""
        ours = not isinstance(exc, errors.ParseException) or isinstance(
            exc, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName | errors.ConfigurationProblem)
        code, reason = (500, "Internal Server Error") if ours else STATUS.get(type(exc), (400, "Bad Request"))
        if self._told.take():  # anybody can send nonsense as fast as the network carries it
            (log.error if ours else log.info)("request not answered", kind=type(exc).__name__, status=code)
        body = json.dumps({"error": "The ML backend failed; its log says why." if ours else
                           f"This is not a request that can be read: {type(exc).__name__}."}).encode()
        head = (f"HTTP/1.1 {code} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        try:
            client.sendall(head.encode() + body)
        except OSError:  # gone already
            return


def _speaks(sock: socket.socket) -> bool:
    """Whether something comes at once."""
    try:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(NEXT_MILLISECONDS))
    except (OSError, ValueError):  # closed meanwhile
        return False


def _timed(app: Wsgi, deadlines: Deadlines, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The app; reading its input and sending its answer have their time."""
    sock, length = environ["gunicorn.socket"], environ.get("CONTENT_LENGTH") or "0"
    seconds = SECONDS + PER_BYTE * (int(length) if length.isdecimal() else 0)
    environ["wsgi.input"] = TimedInput(environ["wsgi.input"], deadlines, sock, seconds)
    found = app(environ, start_response)
    deadlines.begin(sock, SECONDS, sends=True)
    return found


class TimedInput:
    """A request's body. Raises RequestTimeout when it was cut because it took too long, BadRequest for chunks that are
    none.
    """

    def __init__(self, source: Any, deadlines: Deadlines, sock: socket.socket, seconds: float) -> None:
        """`seconds` from the first time something is read."""
        self._source, self._deadlines, self._sock, self._seconds = source, deadlines, sock, seconds
        self._since: float | None = None

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; all by default."""
        return self._within(self._source.read, None if size < 0 else size)

    def readline(self, size: int = -1) -> bytes:
        """A line, or at most so many bytes of it."""
        return self._within(self._source.readline, None if size < 0 else size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """All lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        """Lines."""
        return iter(self.readline, b"")

    def _within(self, reading: Callable[[int | None], bytes], size: int | None) -> bytes:
        self._since = time.monotonic() if self._since is None else self._since
        self._deadlines.begin(self._sock, self._seconds, self._since)
        try:
            found = reading(size)
        except errors.ParseException:  # a chunk that is none
            raise BadRequest from None
        finally:
            late = self._deadlines.end(self._sock)
        if late:
            raise RequestTimeout
        return found
