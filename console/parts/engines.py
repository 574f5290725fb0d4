"""Which Label Studio and which Redis a home works with: your own when their URLs are set, else embedded ones.

Addresses of embedded ones stand in `settings.env`, so that every command finds them; a marker beside each tells
them from an address that somebody wrote there on purpose.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from console.parts import secrets
from cueloop import logs
from cueloop.errors import PartFailed
from cueloop.settings import Settings


def embeds_label_studio(settings: Settings) -> bool:
    """Whether this home runs a Label Studio of its own. Raises PartFailed for a URL without a token."""
    have = secrets.read(settings.home)
    if settings.label_studio_url in ("", have.get("CUELOOP_EMBEDDED_LABEL_STUDIO")):
        return True
    if settings.label_studio_api_key.get_secret_value() in ("", have.get("CUELOOP_EMBEDDED_TOKEN")):
        raise PartFailed(f"LABEL_STUDIO_URL is {logs.mask(settings.label_studio_url)} but "
                         "LABEL_STUDIO_API_KEY is not set. "
                         "In that Label Studio: Account & Settings > Personal Access Token.")
    return False


def embeds_redis(settings: Settings) -> bool:
    """Whether this home runs a Valkey of its own."""
    return settings.redis_url in ("", secrets.read(settings.home).get("CUELOOP_EMBEDDED_REDIS"))


def found_label_studio(settings: Settings, url: str, token: str) -> Settings:
    """Note the embedded Label Studio for every command of this home; the settings that name it."""
    secrets.put(settings.home, LABEL_STUDIO_URL=url, LABEL_STUDIO_API_KEY=token)
    return settings.model_copy(update={"label_studio_url": url, "label_studio_api_key": SecretStr(token)})


def found_redis(settings: Settings, url: str) -> Settings:
    """Note the embedded Valkey for every command of this home; the settings that name it."""
    secrets.put(settings.home, CUELOOP_REDIS_URL=url)
    return settings.model_copy(update={"redis_url": url})


def absolute(home: Path) -> Settings:
    """The settings of `home` with its secrets made; its path absolute, for processes that start elsewhere."""
    return secrets.ensure(home.absolute())
