"""The account that owns what the machine accepts, so that no person's name stands on it."""

from __future__ import annotations

from contextlib import suppress
from secrets import token_hex, token_urlsafe

import sqlalchemy as sa

from console.connect.site import Row, Site
from console.connect.steps import Step
from console.parts import secrets
from cueloop import journal, settings
from cueloop.errors import Conflict, LabelStudioRefused, NotFound
from cueloop.journal import Entry
from cueloop.label_studio import LabelStudio
from cueloop.store import annotators, projects
from cueloop.store.schema import projects as table

KIND = "user"
TOKEN, EMAIL, PASSWORD = "CUELOOP_MACHINE_TOKEN", "CUELOOP_MACHINE_EMAIL", "CUELOOP_MACHINE_PASSWORD"


OTHERWISE = (f"Until {TOKEN} is set to the token of an account that you made for it, the machine accepts nothing; "
             "everything else works.")


def plan(site: Site) -> list[Step]:
    """Sign the machine up, unless its token works. One account serves all projects of this home."""
    if account(site) is not None:
        return []
    return [Step(KIND, "the machine's account", "sign up an account that owns what the machine accepts",
                 lambda: _make(site), otherwise=OTHERWISE)]


def conflicts(site: Site) -> list[str]:
    """A token that is set but does not work is replaced."""
    if site.settings.machine_token.get_secret_value() and account(site) is None:
        return [f"{TOKEN} is set but does not work here: a new account is made and its token replaces it."]
    return []


def account(site: Site) -> Row | None:
    """The machine's account, None when there is none whose token works."""
    token = settings.load(home=site.settings.home).machine_token.get_secret_value()
    if not token:
        return None
    with LabelStudio(site.client.url, token) as client:
        try:
            return client.whoami()
        except LabelStudioRefused:
            return None


def note(site: Site) -> Row | None:
    """Write down in the store that this account is a machine: its annotations are nobody's answers."""
    found = account(site)
    if found is not None:
        with site.store.write() as conn:
            annotators.put(conn, [found], kind=annotators.MACHINE)
    return found


def undo(site: Site, entry: Entry) -> None:
    """Delete the account with the last project that uses it, unless something of it stays anywhere.

    (What people edited after it stays; deleting the account would take its author from it.)
    """
    with site.store.read() as conn:
        others = [project.id for project in projects.live(conn) if project.id != site.project_id]
        known = list(conn.scalars(sa.select(table.c.id)))
    found = account(site)
    if others:
        moved = journal.intend(site.store, others[0], KIND, entry.target)
        journal.done(site.store, moved, entry.after)
    elif found is not None and not any(_has_labelled(site, project, found["id"]) for project in known):
        with suppress(NotFound):        # somebody may have done so before us
            site.client.delete_user(found["id"])
        secrets.put(site.settings.home, **dict.fromkeys((TOKEN, EMAIL, PASSWORD), ""))


def _has_labelled(site: Site, project_id: int, user_id: int) -> bool:
    try:
        return user_id in Site(site.settings, site.store, site.client, project_id).authors
    except NotFound:
        return False


def _make(site: Site) -> Row:
    """Sign up, or log in where a run that died had signed up."""
    home = site.settings.home
    known = secrets.read(home)
    if not known.get(EMAIL):
        known = {EMAIL: f"cueloop-{token_hex(4)}@cueloop.invalid", PASSWORD: token_urlsafe(18)}
        secrets.put(home, **known)      # before the account exists: whoever comes after a crash can get in
    try:
        session = site.client.sign_up(known[EMAIL], known[PASSWORD], "Cueloop", "machine")
    except Conflict:
        session = site.client.log_in(known[EMAIL], known[PASSWORD])
    with session:
        secrets.put(home, **{TOKEN: session.token()})
        return {"id": session.whoami()["id"], "email": known[EMAIL]}
