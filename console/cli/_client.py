"""The Label Studio that a command works with."""

from __future__ import annotations

import click

from cueloop import logs
from cueloop.errors import SettingsError
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings


def open_client(settings: Settings) -> LabelStudio:
    """A client of the Label Studio of these settings, closed when the command ends. Raises SettingsError."""
    token = settings.label_studio_api_key.get_secret_value()
    if not settings.label_studio_url:
        raise SettingsError("LABEL_STUDIO_URL is not set: set it, with LABEL_STUDIO_API_KEY, to the Label Studio that "
                            "you mean, or run `cueloop up`, which brings one.")
    if not token:
        raise SettingsError(f"LABEL_STUDIO_API_KEY is not set: make a token in "
                            f"{logs.mask(settings.label_studio_url)} under "
                            "Account & Settings > Personal Access Token.")
    client = LabelStudio(settings.label_studio_url, token)
    click.get_current_context().call_on_close(client.close)
    return client
