"""`cueloop team pause`, `resume` and `notices`."""

from __future__ import annotations

from typing import Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

SHOWN = 50
"""Notices that are shown with --all."""


@click.command()
@click.argument("email")
@click.option("--why", required=True, metavar="TEXT", help="The reason; the annotator is told.")
@click.option("--training", type=click.IntRange(0), default=0, metavar="N",
              help="Ask again by itself when N tasks of training were right.")
@project_option
@click.option("--author", default="cli", metavar="NAME", help="Who pauses them, for the audit log.")
@json_option
@pass_settings
def pause(settings: Settings, email: str, why: str, training: int, project: int | None, author: str,
          as_json: bool) -> None:
    """Ask the annotator EMAIL nothing more in a project, and tell them why; their tasks go to others.

    A running sync empties their queue at its next round. What they have begun they may still finish.

    Example: `cueloop team pause ann@example.org --why "Please read guideline 4 again and write to me."`
    """
    from cueloop.store.columns import now
    from routing.checking import pauses
    from routing.route import alone

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    with store.write() as conn:
        alone(conn, project_id)
        made = pauses.by_hand(conn, project_id, email, why, author, now(), training=training)
    echo({"project": project_id, "annotator": email, "reason": made.reason, "training": made.training}, as_json,
         lambda facts: f"{email} is paused in project {project_id}. " + (
             f"{made.training['right']} of the last {made.training['of']} tasks of training right lift it."
             if made.training else f"To lift it: cueloop team resume {email} --project {project_id}"))


@click.command()
@click.argument("email")
@project_option
@click.option("--author", default="cli", metavar="NAME", help="Who lifts it, for the audit log.")
@json_option
@pass_settings
def resume(settings: Settings, email: str, project: int | None, author: str, as_json: bool) -> None:
    """Lift the pause of the annotator EMAIL, and tell them; what paused them does not pause them again.

    Example: `cueloop team resume ann@example.org`
    """
    from cueloop.store.columns import now
    from routing.checking import pauses
    from routing.route import alone

    store = open_store(settings)
    project_id = which_project(settings, store, project)
    with store.write() as conn:
        alone(conn, project_id)
        had = pauses.resume(conn, project_id, email, author, now())
    echo({"project": project_id, "annotator": email, "paused_at": had.created_at, "reason": had.reason}, as_json,
         lambda facts: f"{email} is asked again in project {project_id}, from the next round of sync on.")


@click.command()
@click.option("--all", "every", is_flag=True, help=f"Also those that were sent: the newest {SHOWN}.")
@project_option
@json_option
@pass_settings
def notices(settings: Settings, every: bool, project: int | None, as_json: bool) -> None:
    """Show what people and admins are to be told and no mail server took yet.

    They are sent by `cueloop sync` when CUELOOP_SMTP_URL and CUELOOP_MAIL_FROM are set; after a week they are news no
    more.

    Example: `cueloop team notices`
    """
    from dataclasses import asdict

    from cueloop.store import notices as outbox
    from cueloop.store.columns import now

    store = open_store(settings)
    chosen = which_project(settings, store, project) if project is not None else None
    with store.read() as conn:
        found = outbox.newest(conn, SHOWN, project_id=chosen) if every else outbox.waiting(
            conn, now(), project_id=chosen)
    ready = bool(settings.smtp_url.get_secret_value() and settings.mail_from)
    echo({"mail": ready, "notices": [asdict(notice) for notice in found]}, as_json, _tell)


def _tell(facts: dict[str, Any]) -> str:
    lines = []
    for notice in facts["notices"]:
        state = f"sent {notice['sent_at']:%Y-%m-%d %H:%M}" if notice["sent_at"] else (
            f"not sent after {notice['tries']} tries: {notice['error']}" if notice["error"] else "not sent yet")
        body = "\n".join(f"    {line}" for line in notice["text"].splitlines())
        lines.append(f"{notice['created_at']:%Y-%m-%d %H:%M}  to {notice['recipient']}: {notice['subject']} ({state})\n"
                     f"{body}")
    if not facts["mail"]:
        lines.append("Nothing is sent: set CUELOOP_SMTP_URL and CUELOOP_MAIL_FROM (and CUELOOP_MAIL_ADMIN).")
    return "\n".join(lines) if facts["notices"] else "\n".join(["Nobody has to be told anything.", *lines])
