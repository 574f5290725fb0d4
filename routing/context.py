"""What one run of the router rests on: read once, the same for all its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from cueloop import label_config
from cueloop.sampling import audit_salt, is_sampled
from cueloop.store import annotators, ground_truth, models, projects
from cueloop.store import rules as stored_rules
from cueloop.store.annotators import Annotator
from cueloop.store.pilot import chosen
from cueloop.store.projects import Project
from cueloop.types import Control
from routing import found_thresholds
from routing.checking import checks, pauses
from routing.language import rules as rules_files
from routing.language.default_rules import DEFAULT_FILE, DEFAULT_RULES
from routing.language.rules import Rules
from routing.people import teams
from routing.people.team import NO_TEAM, Team
from routing.signals import Champion, learning


@dataclass(frozen=True, slots=True)
class Context:
    """Project, rules in force, champion and people at one moment."""

    project: Project
    rules: Rules
    controls: tuple[Control, ...]
    """Those that rules speak of: single choices, or all that get a consensus where there is no single choice; then
    those that a rule names."""
    champion: Champion | None
    people: tuple[Annotator, ...]
    """Those who may be asked in this project."""
    everybody: dict[int, Annotator]
    now: datetime
    gold: frozenset[int] = frozenset()
    """Tasks whose ground truth is mixed into people's work; none where the rules mix in none."""
    team: Team = NO_TEAM
    """What `team.yaml` says of people."""
    paused: frozenset[int] = frozenset()
    """People who are asked nothing more until their pause is lifted."""
    found: Mapping[str, float] = field(default_factory=dict)
    """Thresholds that are safe now: {column of `found(...)`: score}."""
    teaching: float = 0.0
    """The part that what an answer would teach the model has in the order of the queues, 0 to 1."""
    named: frozenset[str] = frozenset()
    """Controls of which only those rules speak that name them."""

    @property
    def machines(self) -> frozenset[int]:
        """Accounts whose annotations are not a person's."""
        return frozenset(a.id for a in self.everybody.values() if a.kind == annotators.MACHINE)

    def control(self, name: str) -> Control:
        """A routed control by name; the first one when there is none of that name any more."""
        return next((c for c in self.controls if c.name == name), self.controls[0])

    def labels(self, name: str) -> tuple[str, ...]:
        """What a single choice chooses from; empty for answers of any other shape, which are right or wrong."""
        control = self.control(name)
        return control.labels if control.modelled else ()

    def held_out(self, task: int) -> bool:
        """Whether a task belongs to the audit sample of the rules in force."""
        return is_sampled(task, audit_salt(self.project.id), self.rules.audit_share)

    def queues_of(self, people: Sequence[int] | frozenset[int]) -> list[str]:
        """Names of these annotators' queues."""
        return [self.everybody[person].queue for person in people if person in self.everybody]


def read(conn: sa.Connection, project_id: int, now: datetime, *, rules: Rules | None = None) -> Context:
    """The context of a run; `rules` instead of those in force, for a dry run of another file.

    A project without rules gets the default ones. Raises RulesError when what is stored cannot be read.
    """
    project = projects.get(conn, project_id)
    champion = models.champion(conn, project_id)
    everybody = annotators.known(conn)
    tried, rules, team = rules, rules or in_force(conn, project_id), teams.in_force(conn)
    rules = replace(rules, declared=teams.declared(rules.declared, team))      # with what people cost by team.yaml
    pilot = frozenset((project.pilot or {}).get("annotators") or ()) if project.mode == "pilot" else None
    config = label_config.parse(project.label_config)
    by_name = {rule.control for rule in rules.rules} - {control.name for control in config.routed}
    extra = tuple(control for control in config.judged if control.name in by_name)
    return Context(
        project=project, rules=rules, controls=config.routed + extra, named=frozenset(c.name for c in extra),
        champion=Champion(champion.name, champion.version) if champion else None,
        people=tuple(a for a in everybody.values() if a.kind == annotators.PERSON and a.deleted_at is None
                     and (pilot is None or not pilot.isdisjoint({a.id, a.email, a.queue}))),
        everybody=everybody, now=now, gold=_gold(conn, project_id, rules),
        team=team, paused=pauses.paused(conn, project_id),
        found=found_thresholds.safe(conn, project_id, tried), teaching=learning.weight(conn, project_id))


def _gold(conn: sa.Connection, project_id: int, rules: Rules) -> frozenset[int]:
    if not (checks.share(rules, checks.GOLD) or checks.trains(rules) or pauses.in_training(conn, project_id)):
        return frozenset()
    return frozenset(chosen(conn, project_id, sorted(
        ground_truth.tasks_with(conn, project_id, imported=rules.declared.gold.imported))))


def in_force(conn: sa.Connection, project_id: int) -> Rules:
    """The rules in force, or the default ones where none are."""
    stored = stored_rules.in_force(conn, project_id)
    return _parse(stored.text, stored.file) if stored else default()


def default() -> Rules:
    """The rules that a project starts with."""
    return _parse(DEFAULT_RULES, DEFAULT_FILE)


@lru_cache(maxsize=32)
def _parse(text: str, file: str) -> Rules:
    """Every round of the loop reads the same few rules."""
    return rules_files.parse(text, file)


def put_in_force(conn: sa.Connection, project_id: int, rules: Rules, author: str) -> bool:
    """Put rules in force, and with them what they declare; False when they were already."""
    projects.declare(conn, project_id, teams.declared(rules.declared, teams.in_force(conn)).to_json())
    return stored_rules.put_in_force(conn, project_id, file=rules.file, text=rules.text, hash=rules.hash,
                                     audit_share=rules.audit_share, author=author)
