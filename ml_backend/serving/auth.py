"""Basic auth of the ML backend, and the rule that it never listens to strangers without a password."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress

from cueloop.errors import SettingsError
from cueloop.settings import Settings


def admits(header: str | None, user: str, password: str) -> bool:
    """Whether an Authorization header carries this user and password, in constant time. No password: everybody."""
    if not password:
        return True
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, f"{user}:{password}".encode())


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
