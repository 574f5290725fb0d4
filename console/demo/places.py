"""Where to look when the demo has ended: addresses and logins for a browser, commands for the terminal."""

from __future__ import annotations

import sqlalchemy as sa

from console.demo.people import Account
from console.demo.stage import Stage
from console.parts import secrets
from console.parts.supervisor import Supervisor
from cueloop.store import schema as s
from cueloop.store.annotators import queue_name
from cueloop.store.assignments import OPEN


def places(supervisor: Supervisor, stage: Stage, *, stay: bool) -> list[tuple[str, str]]:
    """(what, where) lines. Without `stay` the first tells how to start everything again."""
    from routing.showing.channel import CHANNEL

    base, project, home = stage.admin.url, stage.project_id, stage.settings.home
    someone = busiest(stage)
    lines = [] if stay else [("start it again", f"CUELOOP_HOME={home} cueloop up")]
    lines.append(("project", f"{base}/projects/{project}/data"))
    if supervisor.label_studio is not None:
        own = supervisor.label_studio
        lines.append(("admin", f"{own.admin_email}  password {own.admin_password}"))
    lines += [
        ("an annotator", f"{someone.email}  password {someone.password}  (sign in in a private window)"),
        ("their queue", CHANNEL.link(base, project, queue_name(someone.id))),
        ("all annotators", str(home / "demo-people.json")),
        ("settings and secrets", str(secrets.file(home))),
        ("logs", str(home / "logs")),
        ("why a task went there", f"CUELOOP_HOME={home} cueloop route explain {min(stage.tasks)} --project {project}"),
        ("the labelled dataset", f"CUELOOP_HOME={home} cueloop export --project {project}"),
    ]
    return lines


def busiest(stage: Stage) -> Account:
    """Who has most to do at the end; the first one when nobody has."""
    a = s.assignments.c
    with stage.store.read() as conn:
        row = conn.execute(sa.select(a.annotator_id).where(a.project_id == stage.project_id, a.state == OPEN)
                           .group_by(a.annotator_id).order_by(sa.func.count().desc(), a.annotator_id)).first()
    chosen = next((account for account in stage.accounts if row and account.id == row.annotator_id), None)
    return chosen or stage.accounts[0]
