"""Which tasks are held out from the machine: drawn by hash, so that every process and every run agrees."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from cueloop.store.schema import projects, rules


def uniform(key: int, salt: str) -> float:
    """A number in [0, 1) that looks random and is always the same for a key and a salt."""
    digest = hashlib.sha256(f"{salt}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def is_sampled(task_key: int, salt: str, share: float) -> bool:
    """Whether a task belongs to a sample of `share`. A larger share keeps all tasks of a smaller one."""
    return uniform(task_key, salt) < share


def audit_salt(project_id: int) -> str:
    """Salt of a project's audit sample; never changes, so the sample outlives every rules file."""
    return f"audit:{project_id}"


def audit_share(conn: sa.Connection, project_id: int) -> float:
    """Share of a project's tasks held out by the rules in force; 0 when none are."""
    share = conn.scalar(sa.select(rules.c.audit_share).join(
        projects, sa.and_(projects.c.id == rules.c.project_id, projects.c.rules_hash == rules.c.hash),
    ).where(projects.c.id == project_id))
    return float(share or 0.0)


def held_out(conn: sa.Connection, project_id: int, task_keys: list[int]) -> frozenset[int]:
    """Those of the tasks that must carry no prediction in Label Studio, by the rules in force."""
    share, salt = audit_share(conn, project_id), audit_salt(project_id)
    return frozenset(key for key in task_keys if is_sampled(key, salt, share))
