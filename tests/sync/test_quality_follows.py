"""From an annotation in Label Studio to consensus, performance and agreement in the store, and back out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cueloop.store import consensus, performance
from sync import quality
from tests.sync.team import Team, choice

MakeTeam = Callable[..., Team]


def look(us: Team) -> dict[int, tuple[str, int, str]]:
    """Pull and step once; (label, answers, method) by Label Studio's task id."""
    quality.step(us.store, us.admin, us.project, us.pull().changed | us.sweep().changed)
    with us.store.read() as conn:
        found = consensus.of_project(conn, us.project, "sentiment")
    ids = {row.key: row.id for row in us.read(_tasks())}
    return {ids[key]: (row.label, row.answers, row.method) for key, row in found.items()}


def _tasks() -> Any:
    import sqlalchemy as sa

    from cueloop.store.schema import tasks
    return sa.select(tasks.c.key, tasks.c.id)


def test_consensus_follows_answers_changes_skips_ground_truth_and_deletions(
        either_label_studio: Any, team: MakeTeam) -> None:
    # given three people who agree on the first of two tasks, and one who skips the second
    us = team(either_label_studio, 2)
    first, second = us.tasks()
    made = {name: us.person(name).annotate(first, choice("positive"), lead_time=8.0) for name in ("ann", "bob", "cid")}
    us.person("ann").annotate(second, [], was_cancelled=True)
    # then the first has a consensus, the skip makes none but is counted
    assert look(us) == {first: ("positive", 3, "hierarchical")}
    with us.store.read() as conn:
        people = {row.annotator_id: row for row in conn.execute(performance.of_project(us.project, "sentiment"))}
    assert (people[us.ids["ann"]].skips, people[us.ids["bob"]].skips) == (1, 0)
    assert people[us.ids["bob"]].median_lead_time == pytest.approx(8.0)
    # when two of them change their mind, the consensus turns
    for name in ("ann", "bob"):
        us.person(name).patch_annotation(made[name]["id"], result=choice("negative"))
    assert look(us)[first][:2] == ("negative", 3)
    # when the third one's is declared the ground truth, that holds
    us.admin.patch_annotation(made["cid"]["id"], ground_truth=True)
    assert look(us)[first] == ("positive", 3, "ground-truth")
    # and when all are deleted, nothing is left
    for annotation in made.values():
        us.admin.delete_annotation(annotation["id"])
    assert look(us) == {}
