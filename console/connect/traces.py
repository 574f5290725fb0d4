"""What Cueloop leaves in Label Studio as it works, known from the store: model versions and guidelines."""

from __future__ import annotations

import html
import re

import sqlalchemy as sa

from console.connect.site import Site
from cueloop.store import guidelines
from cueloop.store.schema import predictions


def pushed_versions(site: Site) -> list[str]:
    """Version strings under which predictions were pushed, or may have been; with their alternatives."""
    from cueloop.store.predictions import ALTERNATIVE

    with site.store.read() as conn:
        versions = conn.scalars(sa.select(predictions.c.version).distinct().where(
            predictions.c.project_id == site.project_id, predictions.c.sent_at.is_not(None))).all()
    return sorted(name for version in versions for name in (version, version + ALTERNATIVE))


def is_our_instruction(site: Site, stands: str) -> bool:
    """Whether the project's instructions are a guideline that Cueloop put there. Label Studio cleans HTML a little."""
    from guidelines.html import to_html

    with site.store.read() as conn:
        known = guidelines.history(conn, site.project_id)
    return _words(stands) in {_words(to_html(row.text)) for row in known if row.in_force_at is not None}


def _words(text: str) -> str:
    """The text without its tags and spaces."""
    return "".join(html.unescape(re.sub(r"<[^>]*>", "", text or "")).split())
