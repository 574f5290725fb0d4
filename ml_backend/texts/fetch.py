"""Fetches what lies behind an address: from allowed hosts, so many bytes, so many seconds, so many redirects.

Errors name the host and the reason. An address may carry a signature in its query: it is never told.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx

from cueloop.auth import TokenAuth
from cueloop.settings import Settings
from ml_backend.texts.hosts import Hosts, NotFetched
from ml_backend.texts.network import Deadline, Transport

REDIRECTS = 3
"""Most redirects that are followed, each to an allowed host."""
MEGABYTE = 1_000_000
PIECE = 2**16
"""Bytes that are unpacked at a time."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an address gave."""

    data: bytes
    type: str
    """Its Content-Type, as the server said it."""


class Fetcher:
    """Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError when CUELOOP_FETCH_HOSTS names something that is no host."""
        self.hosts = Hosts.of(settings)
        self._seconds, self._largest = settings.fetch_seconds, int(settings.fetch_megabytes * MEGABYTE)
        token = settings.label_studio_api_key.get_secret_value()
        self._auth = TokenAuth(settings.label_studio_url.rstrip("/"), token) if settings.label_studio_url else None

    def get(self, address: str) -> Content:
        """The content behind an address. Raises NotFetched."""
        url, deadline = self.hosts.whole(address), Deadline(self._seconds)
        with httpx.Client(transport=Transport(self.hosts, deadline), trust_env=False, follow_redirects=False,
                          headers={"User-Agent": "cueloop", "Accept": "text/*, */*;q=0.1",
                                   "Accept-Encoding": "gzip"}) as client:
            for _ in range(REDIRECTS + 1):
                self.hosts.check(url)
                found = self._hop(client, url, deadline)
                if isinstance(found, Content):
                    return found
                url = self.hosts.whole(str(url.join(found)))
        raise NotFetched(f"more than {REDIRECTS} redirects", url.host)

    def _hop(self, client: httpx.Client, url: httpx.URL, deadline: Deadline) -> Content | str:
        """Content, or where the server sends us. Cookies of one hop are not shown to the next."""
        client.cookies.clear()
        auth = self._auth if self._auth is not None and self.hosts.is_own(url) else None
        try:
            with client.stream("GET", url, auth=auth) as response:
                if response.has_redirect_location:
                    return response.headers["location"]
                if response.status_code != 200:
                    raise NotFetched(f"it answered {response.status_code}", url.host)
                return Content(b"".join(self._within(response, url, deadline)),
                               response.headers.get("content-type", ""))
        except NotFetched as error:
            raise error.at(url.host) from None
        except httpx.TimeoutException:
            raise deadline.over().at(url.host) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError, zlib.error) as error:
            raise NotFetched(f"it cannot be fetched ({type(error).__name__})", url.host,
                             silent=isinstance(error, httpx.TransportError)) from None

    def _within(self, response: httpx.Response, url: httpx.URL, deadline: Deadline) -> Iterator[bytes]:
        size = 0
        too_large = NotFetched(f"larger than {self._largest / MEGABYTE:g} MB (CUELOOP_FETCH_MEGABYTES)", url.host)
        said = response.headers.get("content-length", "")
        if said.isdecimal() and int(said) > self._largest:
            raise too_large
        for chunk in _unpacked(response):
            size += len(chunk)
            if size > self._largest:
                raise too_large
            deadline.left()
            yield chunk


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """Its content in small pieces: what is packed several times, or by other means, grows a thousandfold and more in
    one step. Raises NotFetched and zlib.error.
    """
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in {"", "identity"}:
        yield from response.iter_raw(PIECE)
        return
    if coding not in {"gzip", "x-gzip"}:
        raise NotFetched("its Content-Encoding is not read")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in response.iter_raw(PIECE):
        left = chunk
        while left:
            if unpack.eof:  # another archive behind the first
                unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield unpack.decompress(left, PIECE)
            left = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    while not unpack.eof and (rest := unpack.decompress(b"", PIECE)):
        yield rest
    if not unpack.eof:
        raise NotFetched("it ends in the middle")


def fetch_file(address: str, settings: Settings, folder: Path) -> Path:
    """The content behind an address as a file in `folder`, fetched once. Raises NotFetched.

    For models that want a path; the same rules as for texts. The file keeps the address's suffix.
    """
    fetcher = Fetcher(settings)
    url = fetcher.hosts.whole(address)
    suffix = PurePosixPath(url.path).suffix
    name = hashlib.sha256(str(url).encode()).hexdigest()[:32]
    target = folder / (name + (suffix if suffix[1:].isalnum() and len(suffix) <= 10 else ""))
    if not target.exists():
        content = fetcher.get(address)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(target, content.data)
    return target


def write_whole(target: Path, data: bytes) -> None:
    """Write a file beside and rename it: nobody ever sees half of it. For its owner only."""
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(beside, target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise

