"""Basic auth of the ML backend, and the rule that it never listens to strangers without a password."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress

from cueloop.errors import SettingsError
from cueloop.settings import Settings


class Door:
    """Who may come in. Survives any header."""

    def __init__(self, user: str, password: str) -> None:
        """No password: everybody may."""
        self._open = not password
        both = f"{user}:{password}"
        self._known = {both.encode(errors="surrogateescape")}
        if all(ord(character) < 256 for character in both):
            self._known.add(both.encode("latin-1"))

    def admits(self, header: str | None) -> bool:
        """Whether an Authorization header carries the user and the password, in constant time.

        Label Studio's client encodes them as Latin-1, browsers as UTF-8.
        """
        if self._open:
            return True
        scheme, _, encoded = (header or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return any(hmac.compare_digest(given, known) for known in self._known)


def check_binding(settings: Settings, host: str) -> None:
    """Raises SettingsError when the backend would be open to other machines without a password."""
    if settings.ml_password.get_secret_value() or _loopback(host):
        return
    raise SettingsError(f"The ML backend would listen on {host} without a password. Set CUELOOP_ML_PASSWORD, "
                        "or listen on 127.0.0.1.")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
