"""Contents behind the addresses in a task's data, only where the label config says that a field is an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cueloop import settings
from cueloop.errors import LabelConfigError, SettingsError
from cueloop.label_config import parse
from ml_backend.compat.utils import is_preload_needed
from ml_backend.texts.hosts import Hosts, NotFetched

ADDRESSES = frozenset({"Image", "Audio", "AudioPlus", "Video", "TimeSeries", "Pdf", "PDF"})
"""Object tags whose value is an address without saying so."""


def preloaded(value: Any, config: str | None, fetch: Callable[[str], Any], read: bool, linked: bool | None = None,
              ) -> Any:
    """`value` with what lies behind its addresses: file contents with `read`, else the files' paths.

    In a task's data only fields whose object tag shows an address are followed. A single value, whose field nobody
    can know, is followed when the config has any such tag. Texts are left alone, whatever they look like.
    """
    if isinstance(value, Mapping):
        fields = _linked(config)
        return {key: preloaded(item, config, fetch, read, linked if linked is not None else key in fields)
                for key, item in value.items()}
    if isinstance(value, list):
        return [preloaded(item, config, fetch, read, linked) for item in value]
    follow = bool(_linked(config)) if linked is None else linked
    if not isinstance(value, str) or not follow or not is_preload_needed(value) or not _allowed(value):
        return value
    file = fetch(value)
    return Path(file).read_text(encoding="utf-8") if read else file


def _linked(config: str | None) -> frozenset[str]:
    """Fields that hold addresses."""
    try:
        controls = parse(config).controls if config else ()
    except LabelConfigError:
        return frozenset()
    return frozenset(c.value for c in controls if c.value and (c.linked or c.shows in ADDRESSES))


def _allowed(url: str) -> bool:
    """Whether it is asked for: contents of Label Studio, storages, and the hosts of CUELOOP_FETCH_HOSTS. Our token goes
    with what is asked of Label Studio, so nothing else of it is.
    """
    if ".." in re.split(r"[/\\;?&=]", unquote(unquote(url))):
        return False
    if not url.startswith(("http://", "https://")):
        return True
    try:
        hosts = Hosts.of(settings.load())
        hosts.check(hosts.whole(url))
    except (NotFetched, SettingsError):
        return False
    return True
