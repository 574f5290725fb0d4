"""Which version Label Studio shows to annotators."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio


def shown(client: LabelStudio, project_id: int) -> str | None:
    """The model version of the project; None: no predictions are shown."""
    return client.project(project_id).get("model_version") or None


def show(client: LabelStudio, project_id: int, version: str) -> None:
    """Have Label Studio show this version. It must have a prediction there: Label Studio answers 400 otherwise.

    What stood there before the project was connected is in the journal since then (`console.connect.project`), and
    the version is known from the store: `disconnect` brings the old one back.
    """
    if shown(client, project_id) != version:
        client.show_version(project_id, version)
