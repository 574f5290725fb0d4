"""`cueloop route diff`: what differs between two rules files, and how many tasks that concerns now."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.cli._options import echo, json_option, open_store, pass_settings, project_option, which_project
from cueloop.settings import Settings

if TYPE_CHECKING:
    from cueloop.store import Store
    from routing.language.rules import Rules

IN_FORCE = "in-force"
HASH = 6
"""Least characters of a hash by which stored rules are named."""


@click.command()
@click.argument("old")
@click.argument("new")
@project_option
@click.option("--no-plans", is_flag=True, help="Compare the files only, even where a project is connected.")
@json_option
@pass_settings
def diff(settings: Settings, old: str, new: str, project: int | None, no_plans: bool, as_json: bool) -> None:
    """Tell what differs between the rules OLD and NEW, rule by rule.

    Each is a file, `in-force`, or the beginning of the hash of rules that were once in force. With a project
    (--project, or one of those names) it also tells how many tasks would get another plan now. Nothing is written.

    Example: `cueloop route diff in-force new-rules.yaml`
    """
    from routing.language.rules_diff import rules_diff
    from routing.plans_diff import plans_diff

    stored = [name for name in (old, new) if not Path(name).exists()]
    store, project_id = None, None
    if stored or project is not None:
        store = open_store(settings)
        project_id = which_project(settings, store, project)
    before, after = (find(name, store, project_id) for name in (old, new))
    changes = rules_diff(before, after)
    moves = None
    if store is not None and project_id is not None and not no_plans:
        moves = asdict(plans_diff(store, project_id, before, after))
    echo({"old": _facts(before), "new": _facts(after), "project": project_id, "same": not changes, "plans": moves,
          "changes": [{**asdict(change), "sentence": change.sentence} for change in changes]}, as_json, _lines)


def find(name: str, store: Store | None, project_id: int | None) -> Rules:
    """Rules by a file's path, `in-force`, or the beginning of a hash. Raises click.UsageError for none or several."""
    import sqlalchemy as sa

    from cueloop.store.schema import rules as table
    from routing import context
    from routing.language import rules

    if store is None or project_id is None or Path(name).exists():
        return rules.load(Path(name))
    with store.read() as conn:
        if name == IN_FORCE:
            return context.in_force(conn, project_id)
        rows = conn.execute(sa.select(table).where(table.c.project_id == project_id)).all()
    found = [row for row in rows if len(name) >= HASH and row.hash.startswith(name.lower())]
    if len(found) != 1:
        several = f"{len(found)} rules of project {project_id} have a hash that begins so" if found else \
            f"is no file, and no rules of project {project_id} have a hash that begins so"
        raise click.UsageError(f"{name}: {several}. Give a file, `{IN_FORCE}`, or at least {HASH} characters of a hash "
                               "(`cueloop route show` tells that of the rules in force).")
    return rules.parse(found[0].text, found[0].file)


def _facts(rules: Rules) -> dict[str, Any]:
    return {"file": rules.file, "hash": rules.hash, "rules": len(rules.rules)}


def _lines(facts: dict[str, Any]) -> str:
    old, new, plans = facts["old"], facts["new"], facts["plans"]
    lines = [f"{old['file']} ({old['hash'][:12]}) -> {new['file']} ({new['hash'][:12]})"]
    lines += [change["sentence"] for change in facts["changes"]] or [
        "No rule and no declaration differs." if old["hash"] != new["hash"] else "They are the same."]
    if plans is not None:
        lines.append(f"\n{plans['changed']} of {plans['tasks']} tasks of project {facts['project']} would get another "
                     "plan now:" if plans["changed"] else
                     f"\nNo plan of the {plans['tasks']} tasks of project {facts['project']} changes now.")
        lines += [f"  {move['tasks']:6}  {move['before']} -> {move['after']}   e.g. "
                  f"{', '.join(map(str, move['examples']))}" for move in plans["moves"]]
    return "\n".join(lines)
