"""What a version was made of: its parents, the data, the guideline, the code and the libraries."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cueloop.store import models
from cueloop.store.models import ModelVersion

MOST = 100
"""Parents that are told."""


def parents(conn: sa.Connection, version: ModelVersion) -> list[ModelVersion]:
    """The champion with which it was compared, that one's, and so on; deleted ones too. Ends where nothing is known."""
    found: list[ModelVersion] = []
    seen, current = {(version.name, version.version)}, version
    while len(found) < MOST and (parent := current.card.get("parent")):
        name, at, number = str(parent).rpartition("@")
        before = models.get(conn, name if at else current.name, number)
        if before is None or (before.name, before.version) in seen:
            break
        seen.add((before.name, before.version))
        found.append(before)
        current = before
    return found


def made_of(version: ModelVersion) -> dict[str, Any]:
    """What its card says of that, in one shape whatever made the version; None or {}: unknown.

    `data` by control: the hash of the set, its cursor, and what else the card has. `code`: release, commit and, of a
    team's own class, the hash of its file.
    """
    card = version.card
    made_by = card.get("made_by") or {"cueloop": card.get("libraries", {}).get("cueloop")}
    if card.get("class"):
        made_by = made_by | {"class": card["class"], "file_sha256": card.get("code")}
    return {
        "data": {control: _data(about, card) for control, about in (card.get("controls") or {}).items()},
        "labelled": card.get("labelled") or {}, "source": card.get("source"), "files": card.get("files") or [],
        "guideline_version": card.get("guideline_version"), "seed": card.get("seed"), "code": made_by,
        "libraries": {name: release for name, release in (card.get("libraries") or {}).items() if name != "cueloop"},
        "why": card.get("why") or None}


def _data(about: dict[str, Any], card: dict[str, Any]) -> dict[str, Any]:
    told = about.get("data") or {}
    return {"sha256": about.get("data_sha256"), "cursor": card.get("cursor")} | told
