"""The annotators and the ways to their queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.connect.site import Row, Site
from console.connect.steps import Step
from cueloop import journal
from cueloop.errors import NotFound
from cueloop.journal import Entry
from cueloop.store import annotators
from cueloop.store.annotators import queue_name

KIND = "tab"
KNOWN_TO_TAKE_LINKS = ("1.23.",)
"""Label Studio versions in whose front end a tab in the address was seen to work; it is not documented."""
MOST_TABS = 20
"""Stored tabs are listed to everybody: more make the page slow and unreadable."""


def team(site: Site, named: Sequence[str] = ()) -> list[Row]:
    """Accounts that can be asked: `named` (address or id), else all but the machines and the account we work as.

    That account is one of the team once it has labelled here. Raises NotFound for a name that nobody has.
    """
    with site.store.read() as conn:
        machines = annotators.machines(conn)
    people = [user for user in site.users if user["id"] not in machines and not _is_ours(user)]
    if not named:
        return [user for user in people if user["id"] != site.me["id"] or user["id"] in site.authors]
    unknown = [name for name in named if not any(_is(user, name) for user in people)]
    if unknown:
        known = ", ".join(sorted(user["email"] for user in people)) or "nobody"
        raise NotFound(f"No annotator of Label Studio is called {', '.join(unknown)}. It knows: {known}.")
    return [user for user in people if any(_is(user, name) for name in named)]


def write(site: Site, people: Sequence[Row]) -> None:
    """Write them into the store, each with the name of their queue."""
    with site.store.write() as conn:
        annotators.put(conn, people)


def links_work(site: Site) -> bool:
    """Whether a queue link can be relied on: the front end is one that takes it, and the server heeds its filter.

    The server is asked for the next task of a queue that nobody has; it must answer that there is none.
    """
    from routing.showing.queues import next_task_body

    if not site.client.version().startswith(KNOWN_TO_TAKE_LINKS):
        return False
    return site.client.next_task(site.project_id, next_task_body(site.project_id, "nobody")) is None


def plan_tabs(site: Site, people: Sequence[Row]) -> list[Step]:
    """Stored tabs for those who have none; for Label Studios whose front end does not take links."""
    have = {entry.target for entry in journal.standing(site.store, site.project_id, KIND)
            if entry.state == journal.DONE}
    return [Step(KIND, queue_name(user["id"]), f"store a tab for {user['email']}",
                 lambda user=user: _store_tab(site, user))      # type: ignore[misc]
            for user in people if queue_name(user["id"]) not in have]


def undo(site: Site, entry: Entry) -> None:
    """Remove the tab of that queue."""
    for view in site.client.views(site.project_id):
        if _shows(view, entry.target):
            try:
                site.client.delete_view(view["id"])
            except NotFound:
                continue


def links(site: Site, people: Sequence[Row]) -> list[dict[str, Any]]:
    """How each annotator opens their queue, by their stored tab if they have one: `id`, `email`, `queue`, `link`."""
    from routing.showing.channel import CHANNEL

    stored = {entry.target: entry.after["id"] for entry in journal.standing(site.store, site.project_id, KIND)
              if entry.after}
    found = []
    for user in people:
        name = queue_name(user["id"])
        address = (f"{site.client.url}/projects/{site.project_id}/data?tab={stored[name]}&labeling=1"
                   if name in stored else CHANNEL.link(site.client.url, site.project_id, name))
        found.append({"id": user["id"], "email": user["email"], "queue": name, "link": address})
    return found


def _store_tab(site: Site, user: Row) -> Row:
    from routing.showing.queues import tab

    name = queue_name(user["id"])
    there = [view for view in site.client.views(site.project_id) if _shows(view, name)]
    view = there[0] if there else site.client.create_view(site.project_id, tab(name, f"Queue of {user['email']}"))
    return {"id": view["id"]}


def _shows(view: Row, queue: str) -> bool:
    items = ((view.get("data") or {}).get("filters") or {}).get("items") or []
    return any(item.get("value") == f",{queue}," and "cue_queue" in str(item.get("filter")) for item in items)


def _is(user: Row, name: str) -> bool:
    return name.strip().lower() in {user["email"].lower(), str(user["id"]), str(user.get("username", "")).lower()}


def _is_ours(user: Row) -> bool:
    """A machine account of another home."""
    return str(user["email"]).endswith("@cueloop.invalid")
