"""Whether something answers on loopback."""

from __future__ import annotations

import base64
import http.client
import socket


def http_ok(port: int, path: str = "/health", *, user: str = "", password: str = "") -> bool:
    """Whether GET `path` on this port of loopback answers 200 within two seconds, with basic auth if given."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path, headers={"Authorization": f"Basic {pair}"} if password else {})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    """Whether somebody accepts connections on this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
