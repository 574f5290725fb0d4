"""Puts a version of the guideline in force: Label Studio shows it as the project's instructions from now on."""

from __future__ import annotations

from typing import Protocol

from cueloop import audit
from cueloop.errors import Conflict, NotFound
from cueloop.store import Store, projects
from cueloop.store import guidelines as rows
from cueloop.store.columns import now
from cueloop.store.guidelines import Guideline
from guidelines.html import to_html


class Client(Protocol):
    """What this needs of `cueloop.label_studio.LabelStudio`."""

    def project(self, project_id: int) -> dict[str, object]:
        """The project as it stands."""

    def patch_project(self, project_id: int, **fields: object) -> dict[str, object]:
        """Change fields of it."""


def push(store: Store, client: Client, project_id: int, version: int | None = None, *, author: str = "cueloop"
         ) -> Guideline:
    """Show a version (default: the newest) to the annotators and write down that it is in force since now.

    `connect` journalled what stood there before, so that `disconnect` brings it back. A version that is shown already
    is left alone. Raises NotFound when there is no such version, Conflict when the project is only observed or
    when a newer version was in force already.
    """
    with store.read() as conn:
        project = projects.get(conn, project_id)
        known = rows.history(conn, project_id)
        if not known:
            raise NotFound(f"Project {project_id} has no guideline yet: `cueloop guidelines add FILE`.")
        wanted = known[-1] if version is None else rows.get(conn, project_id, version)
    if project.mode == "observe":
        raise Conflict(f"Project {project_id} is only observed: nothing is written to it. Connect it first.")
    newer = [g.version for g in known if g.in_force_at is not None and g.version > wanted.version]
    if newer:
        raise Conflict(f"Guideline version {newer[-1]} was in force after version {wanted.version}. To go back, add "
                       "the old text again: it becomes a version of its own.")
    _show(store, client, project_id, to_html(wanted.text))
    with store.write() as conn:
        rows.put_in_force(conn, project_id, wanted.version, now())
        audit.record(conn, author, "guideline in force", f"project {project_id}", {"version": wanted.version})
        return rows.get(conn, project_id, wanted.version)


def _show(store: Store, client: Client, project_id: int, html: str) -> None:
    fields: dict[str, object] = {"expert_instruction": html, "show_instruction": True}
    stands = client.project(project_id)
    if any(stands.get(name) != value for name, value in fields.items()):
        client.patch_project(project_id, **fields)
