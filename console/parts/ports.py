"""Ports on loopback."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 20000, 32000
"""Below the range from which the system takes ports for outgoing connections, so a port that we keep stays free."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free() -> int:
    """A port of loopback that is free now."""
    while not is_free(port := random.randint(FIRST, LAST)):  # noqa: S311  nothing secret about a port
        pass
    return port
