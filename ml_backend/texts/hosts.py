"""From which hosts something may be fetched, and which of their addresses may be connected to.

`host` and `host:port` are trusted by name: they may live in a private network or on this machine. `*.domain` trusts
whoever has a name below it, so those may only have public addresses. Link-local addresses, where clouds tell
machines their secrets, are refused to all but their own literal.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

from cueloop.errors import CueloopError, SettingsError
from cueloop.settings import Settings

PORTS = {"http": 80, "https": 443}
ENTRY = re.compile(r"(?P<host>(\*\.)?[^\s:/\[\]@*]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{1,5}))?")
OWN_PATHS = re.compile(r"/(data/|(tasks|projects)/\d+/resolve/)")
"""Where Label Studio keeps uploads and local files, and hands out what lies in cloud storage."""
SECRETS_OF_CLOUDS = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "fd00:ec2::254", "168.63.129.16")))
"""Addresses of metadata services that are not link-local."""
NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotFetched(CueloopError):
    """Raised when what lies behind an address is not fetched. Names the host and the reason, never the address."""

    def __init__(self, reason: str, host: str = "", *, silent: bool = False, repeated: bool = False) -> None:
        """`silent`: the host did not answer (in time). `repeated`: it was not tried, it failed a moment ago."""
        super().__init__(f"{host}: {reason}" if host else reason)
        self.reason, self.host, self.silent, self.repeated = reason, host, silent, repeated

    def again(self) -> NotFetched:
        """The same, a moment later."""
        return NotFetched(self.reason, self.host, silent=self.silent, repeated=True)

    def at(self, host: str) -> NotFetched:
        """The same, saying where."""
        return NotFetched(self.reason, self.host or host, silent=self.silent, repeated=self.repeated)


@dataclass(frozen=True, slots=True)
class Hosts:
    """What may be fetched from."""

    named: frozenset[tuple[str, int | None]] = frozenset()
    """(host, port); None: the two usual ports."""
    below: tuple[tuple[str, int | None], ...] = ()
    """(`.domain`, port) of wildcards."""
    own: httpx.URL | None = None
    """Label Studio."""

    @classmethod
    def of(cls, settings: Settings) -> Hosts:
        """Read CUELOOP_FETCH_HOSTS and LABEL_STUDIO_URL. Raises SettingsError for what is no host."""
        named, below = set(), []
        for entry in filter(None, (part.strip() for part in settings.fetch_hosts.split(","))):
            match = ENTRY.fullmatch(entry)
            if match is None or int(match["port"] or 0) > 65535:
                raise SettingsError(f"CUELOOP_FETCH_HOSTS: {entry!r} is no host; write them like "
                                    "files.example.com, 10.0.0.5:9000 or *.example.com.")
            host, port = match["host"].strip("[]").lower().rstrip("."), int(match["port"]) if match["port"] else None
            if host.startswith("*."):
                below.append((host[1:], port))
            else:
                named.add((host, port))
        own = httpx.URL(settings.label_studio_url.rstrip("/")) if settings.label_studio_url else None
        return cls(frozenset(named), tuple(below), own)

    def whole(self, address: str) -> httpx.URL:
        """The address with a host: relative ones are Label Studio's. Raises NotFetched when it is none of either."""
        address = address.strip()
        if address.startswith("/") and not address.startswith(("//", "/\\")):
            if self.own is None:
                raise NotFetched("set LABEL_STUDIO_URL to fetch Label Studio's uploads")
            prefix = self.own.path.rstrip("/")
            if prefix and not address.startswith(prefix + "/"):
                address = prefix + address
            address = f"{self.own.scheme}://{self.own.netloc.decode()}{address}"
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            raise NotFetched("the value is no address") from None
        if url.scheme not in PORTS or not url.host:
            raise NotFetched("only addresses that begin with http:// or https://, and Label Studio's own paths, are "
                             "fetched")
        if url.userinfo:
            raise NotFetched("the address carries a user name or password", url.host)
        return url

    def is_own(self, url: httpx.URL) -> bool:
        """Whether it is content that Label Studio itself keeps: only there does our token go."""
        if self.own is None or (url.scheme, url.host, port(url)) != (self.own.scheme, self.own.host, port(self.own)):
            return False
        path, prefix = unquote(url.path), self.own.path.rstrip("/")
        parts = [part.partition(";")[0] for part in path.split("/")]
        return (path.startswith(prefix + "/") and OWN_PATHS.match(path.removeprefix(prefix)) is not None
                and ".." not in parts and "\\" not in path and "%" not in path)

    def check(self, url: httpx.URL) -> None:
        """Raises NotFetched when nothing may be fetched from there."""
        if not self.is_own(url) and not self._named(url.host, port(url)) and not self._below(url.host, port(url)):
            raise NotFetched(f"port {port(url)} of this host is not among CUELOOP_FETCH_HOSTS", url.host)

    def permits(self, host: str, number: int, address: str) -> bool:
        """Whether this host may be reached at that IP address."""
        ip = _inner(ipaddress.ip_address(address.partition("%")[0]))
        own = self.own is not None and (host, number) == (self.own.host, port(self.own))
        named = self._named(host, number)
        if own or (named and host == address):
            return True
        if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in SECRETS_OF_CLOUDS:
            return False
        return named or (ip.is_global and not ip.is_reserved and not (ip.version == 6 and ip.is_site_local))

    def _named(self, host: str, number: int) -> bool:
        host = host.lower().rstrip(".")
        return (host, number) in self.named or ((host, None) in self.named and number in PORTS.values())

    def _below(self, host: str, number: int) -> bool:
        host = host.lower().rstrip(".")
        return any(host.endswith(suffix) and (number == only if only else number in PORTS.values())
                   for suffix, only in self.below)


def port(url: httpx.URL) -> int:
    """Its port, said or not."""
    return url.port or PORTS.get(url.scheme, 0)


def _inner(ip: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if any(ip in network for network in NAT64):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
