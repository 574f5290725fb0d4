"""A mail server on loopback that takes letters and remembers them; it can be told to misbehave."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass
class Mailbox:
    """What arrived, and what the server is to do."""

    port: int = 0
    letters: list[tuple[str, Message]] = field(default_factory=list)
    """(recipient, letter)."""
    credentials: tuple[str, str] | None = None
    """User and password that it asks for; None: none."""
    refuse: set[str] = field(default_factory=set)
    """Recipients that it does not know."""
    hang_up_after_data: bool = False
    """Take the letter and die before saying so."""
    silent: bool = False
    """Answer nothing any more."""

    @property
    def url(self) -> str:
        """Its address, with the credentials it asks for."""
        login = f"{self.credentials[0]}:{self.credentials[1]}@" if self.credentials else ""
        return f"smtp://{login}127.0.0.1:{self.port}"

    def subjects(self, recipient: str) -> list[str]:
        """Subjects of somebody's letters."""
        return [str(letter["Subject"]) for to, letter in self.letters if to == recipient]

    def text(self, recipient: str) -> str:
        """The text of somebody's only letter."""
        (letter,) = [letter for to, letter in self.letters if to == recipient]
        body = letter.get_payload(decode=True)
        assert isinstance(body, bytes)
        return body.decode()


class _Session(socketserver.StreamRequestHandler):
    timeout = 5

    def handle(self) -> None:
        box: Mailbox = self.server.box              # type: ignore[attr-defined]
        if box.silent:
            self.server.released.wait(5)            # type: ignore[attr-defined]
            return
        self._say("220 ready")
        to: list[str] = []
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    self._say("250-here")
                    self._say("250 AUTH PLAIN" if box.credentials else "250 8BITMIME")
                case "AUTH":
                    _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                    good = (user, password) == box.credentials
                    self._say("235 welcome" if good else f"535 wrong: {user} {password}")
                case "RCPT":
                    who = rest[rest.index("<") + 1:rest.index(">")]
                    known = who not in box.refuse
                    to += [who] if known else []
                    self._say("250 ok" if known else "550 nobody of that name")
                case "DATA":
                    self._say("354 go on")
                    raw = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        raw += part
                    box.letters += [(who, message_from_bytes(raw)) for who in to]
                    to = []
                    if box.hang_up_after_data:
                        return
                    self._say("250 taken")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A running server; it ends with the block."""
    box = Mailbox()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        server.box, server.released = box, threading.Event()    # type: ignore[attr-defined]
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.released.set()                   # type: ignore[attr-defined]
            server.shutdown()
            thread.join()
