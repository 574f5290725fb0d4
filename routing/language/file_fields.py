"""Every field of a rules file and of a rule: what it is, how it is read, what it means."""

from __future__ import annotations

from typing import Any

from routing.language.action_fields import QUEUES_SHAPE, SHAPES
from routing.language.declarations import DECLARATIONS
from routing.language.people_fields import (
    BUDGET_SHAPE,
    FILE_LIMIT_SHAPE,
    GOLD_SHAPE,
    LIMIT_SHAPE,
    PAUSE_SHAPE,
    RECHECK_SHAPE,
)
from routing.language.shapes import (
    CONDITION,
    DURATION,
    FLAG,
    NUMBER,
    TASK_FIELD,
    TEXT,
    Field,
    Fields,
    Shape,
    choice,
    one_or_more,
)
from routing.language.vocabulary import ACTIONS

MEANS = {
    "escalate": "one of the people named decides; then the task is done",
    "reopen": "a task that is done is opened again, and people are asked; other tasks it leaves alone",
    "stop": "the task is done",
    "accept": "the model's label stands, written by the machine's own account, reversible",
    "review": "one of the people named looks at the answers and corrects them; then the task is done",
    "ask": "ask people"}
"""What each action does."""

MODIFIERS: Fields = {
    "priority": Field(NUMBER, "added to the task's priority, between 0 and 1 by its uncertainty; the first matching "
                              "rule that names one counts"),
    "blind": Field(FLAG, "`true`: no suggestion of the model is shown on such tasks"),
    "deadline": Field(DURATION, "time within which what this rule asks is to be answered, e.g. `30m`"),
    "keep_together": Field(TASK_FIELD, "`task.FIELD`: tasks with the same value there go to the same people"),
    "control": Field(TEXT, "the control whose signals it reads and whose answers it is about (default: each)")}
"""What a rule may carry beside its action."""

PEOPLE: Fields = {
    "gold": Field(GOLD_SHAPE, "ground truth among everybody's work, from tasks for which the rule holds"),
    "recheck": Field(RECHECK_SHAPE, "work that the same person is asked again, from tasks for which the rule holds"),
    "pause": Field(PAUSE_SHAPE, "annotators who are asked nothing more"),
    "limit": Field(LIMIT_SHAPE, "how much one person gets of tasks for which the rule holds")}
"""What a rule may do about people; it is no action of a task, and needs no `when`."""

RULE: Fields = {
    "name": Field(TEXT, "what decisions and explanations call it; unique", needed=True),
    "when": Field(CONDITION, "the condition; `true` for always; only rules about people may do without"),
    **{kind: Field(SHAPES[kind], MEANS[kind]) for kind in ACTIONS},
    "forbid": Field(one_or_more(choice(ACTIONS)), "one kind of action, or a list of kinds, that this task must not "
                                                  "get"),
    **MODIFIERS, **PEOPLE}

DEMANDING = frozenset({*ACTIONS, "forbid", *MODIFIERS} - {"control"})
"""Fields that need a `when`."""


def _nothing(*_given: Any) -> None:
    """The version and the list of rules are read by `routing.language.rules`."""


FILE: Fields = {
    "version": Field(Shape(_nothing, {"const": 1}), "1: the version of this language", needed=True),
    "rules": Field(Shape(_nothing, {"type": "array"}), "the list of rules", needed=True),
    "queues": Field(QUEUES_SHAPE, "how much work each annotator's queue holds"),
    "controls": Field(DECLARATIONS["controls"], "what the labels of each control are"),
    "gold": Field(DECLARATIONS["gold"], "ground truth that is mixed into everybody's work"),
    "recheck": Field(DECLARATIONS["recheck"], "work that the same person is asked again on a hidden copy"),
    "costs": Field(DECLARATIONS["costs"], "what an hour costs"),
    "budget": Field(BUDGET_SHAPE, "what may be spent: money, and hours of teams as `TEAM: 6h/week`"),
    "limit": Field(FILE_LIMIT_SHAPE, "how much one person gets of all tasks")}
