"""Hidden copies by which somebody was asked again: made while the router worked, taken out at the end."""

from __future__ import annotations

from console.connect.site import Site
from cueloop.journal import Entry
from cueloop.store import copies

KIND = copies.KIND


def undo(site: Site, entry: Entry) -> None:
    """Delete a copy, unless somebody answered it: then it stays, and says what it is."""
    from routing.checking.copies import undo as take_out

    take_out(site.store, site.client, entry)
