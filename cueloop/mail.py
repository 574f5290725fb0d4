"""E-mail by SMTP: the server of CUELOOP_SMTP_URL, and one session in which letters are handed to it.

No password is sent over a line that others can read, and none stands in an error or a log line.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from time import monotonic
from urllib.parse import unquote, urlsplit

from cueloop.errors import CueloopError, SettingsError

PORTS = {"smtp": 587, "smtps": 465}
"""Port of each scheme when the URL names none: with STARTTLS, and encrypted from the start."""

WAIT = 3.0
"""Longest seconds that one answer of the server is waited for."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailError(CueloopError):
    """Raised when a letter cannot be handed to the mail server."""


class Refused(MailError):
    """Raised when the server took the session and refused this one letter."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, as its URL names it."""

    host: str
    port: int
    encrypted: bool
    """From the start; else STARTTLS is used where it is offered."""
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter; `id` is the same however often it is sent, so that a mailbox shows it once."""

    id: str
    to: tuple[str, ...]
    subject: str
    text: str
    at: datetime


Send = Callable[[Letter], None]


def parse(url: str) -> Server:
    """Read `smtp://user:password@host:port` or `smtps://…`. Raises SettingsError, which does not repeat it."""
    wrong = SettingsError("CUELOOP_SMTP_URL is no address of a mail server; write smtp://user:password@host:587 or "
                          "smtps://host:465, with % signs for special characters of the password.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise wrong
    return Server(parts.hostname, port or PORTS[parts.scheme], parts.scheme == "smtps",
                  unquote(parts.username or ""), unquote(parts.password or ""))


@contextmanager
def session(server: Server, sender: str, until: float) -> Iterator[Send]:
    """A function that hands one letter over, until `until` (monotonic clock); the session is ended afterwards.

    Raises MailError when there is no session to be had, and from the function; Refused where only that letter failed.
    """
    where = f"The mail server {server.host}:{server.port}"
    try:
        line = _open(server, until)
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(f"{where} refuses the user name or password of CUELOOP_SMTP_URL ({error.smtp_code}).") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"{where} cannot be used: {_said(server, error)}") from None

    def send(letter: Letter) -> None:
        try:
            line.send_message(_message(letter, sender), sender, list(letter.to))
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPNotSupportedError,
                ValueError) as error:      # ValueError: an address that cannot be one
            raise Refused(f"{where} does not take a letter to {', '.join(letter.to)}: {_said(server, error)}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise MailError(f"{where} broke off: {_said(server, error)}") from None

    try:
        yield send
    finally:
        _close(line)


class _Hurried:
    """Gives every answer of the server only as long as is left."""

    until = 0.0

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer. Raises TimeoutError when the time is over."""
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long")
        self.sock.settimeout(min(WAIT, left))                # type: ignore[attr-defined]
        said: tuple[int, bytes] = super().getreply()         # type: ignore[misc]
        return said


class _Plain(_Hurried, smtplib.SMTP):
    pass


class _Encrypted(_Hurried, smtplib.SMTP_SSL):
    pass


def _open(server: Server, until: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    name = socket.gethostname()         # smtplib's own way to find it may ask a name server
    line = _Encrypted(local_hostname=name, timeout=WAIT, context=context) if server.encrypted else _Plain(
        local_hostname=name, timeout=WAIT)
    line.until = until
    # smtplib names the host it checks the certificate for only when it connects by itself
    line._host = server.host  # type: ignore[union-attr]
    try:
        code, greeting = line.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, greeting)
        line.ehlo_or_helo_if_needed()
        safe = server.encrypted or server.host in LOOPBACK
        if not server.encrypted and line.has_extn("starttls"):
            line.starttls(context=context)
            line.ehlo()
            safe = True
        if server.user and not safe:
            raise smtplib.SMTPException("it offers no encryption, and the password is not sent without; use smtps://")
        if server.user:
            line.login(server.user, server.password)
    except BaseException:
        line.close()
        raise
    return line


def _close(line: smtplib.SMTP) -> None:
    try:
        line.quit()
    except (smtplib.SMTPException, OSError):
        line.close()        # the server is gone, and with it the session


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, ", ".join(letter.to)
    message["Subject"], message["Date"] = letter.subject, format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2].strip('<> ') or 'cueloop'}>"
    message["Auto-Submitted"] = "auto-generated"            # RFC 3834: no out-of-office notes in reply
    message.set_content(letter.text + "\n")
    return message


def _said(server: Server, error: Exception) -> str:
    """What went wrong in one line, without the secrets, whatever the server repeats."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        text = "; ".join(f"{code} {words.decode(errors='replace')}" for code, words in error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        text = f"{error.smtp_code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
    else:
        text = str(error) or type(error).__name__
    for secret in (server.password, server.user):
        text = text.replace(secret, "***") if secret else text
    return " ".join(text.split())[:300]
