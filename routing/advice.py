"""What an admin should know before rules come into force in a project: mistakes that the file alone cannot show."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cueloop import label_config
from cueloop.language.words import suggest
from routing.checking import advice as check_advice
from routing.context import Context
from routing.language.actions import Ask, Escalate, Reopen, Review
from routing.people import team_advice
from routing.thresholds import advice as threshold_advice


def advise(given: Context, conn: sa.Connection | None = None) -> list[str]:
    """One sentence for each thing that will not work as it reads; with `conn` also for what is too much work."""
    return [*team_advice.of_rules(given), *_labels(given), *_capacity(given), *_controls(given), *_declared(given),
            *check_advice.of_rules(given), *threshold_advice.of_rules(given),
            *(_of_store(conn, given) if conn is not None else ())]


def _of_store(conn: sa.Connection, given: Context) -> Iterator[str]:
    yield from team_advice.of_work(conn, given)
    yield from check_advice.of_store(conn, given)
    yield from threshold_advice.of_store(conn, given.project.id)


def _labels(given: Context) -> Iterator[str]:
    known = {label for control in given.controls for label in control.labels}
    for rule in given.rules.rules:
        action = rule.action.ask if isinstance(rule.action, Reopen) else rule.action
        until = action.until if isinstance(action, Ask) else None
        said = [rule.when, *(part for part in (until, rule.limit.seen if rule.limit else None) if part is not None)]
        for label in sorted(frozenset[str]().union(*(condition.labels for condition in said)) - known):
            yield (f"{given.rules.file}:{rule.line}: rule {rule.name}: no task ever gets the label {label!r}, which no "
                   f"modelled control of this project has{suggest(label, known)}")


def _capacity(given: Context) -> Iterator[str]:
    rules, people = given.rules.rules, len(given.people)
    share = given.rules.limit.share_of_all
    if not people:
        yield "nobody can be asked: the project has no annotators yet; tasks wait until somebody joins"
    elif all(one.id in given.paused for one in given.people):
        yield "nobody can be asked now: everybody is paused (`cueloop team resume`)"
    if people and share is not None and share * people < 1 - 1e-9:
        yield (f"{given.rules.file}: `share_of_all: {share:.0%}` lets {people} people give {share * people:.0%} of all "
               "answers: the rest waits for more people")
    if given.rules.budget.money == 0:
        yield f"{given.rules.file}: `budget` has no money to spend: nobody is asked anything"
    if rules and not any(isinstance(rule.action, Ask | Reopen | Review | Escalate) for rule in rules):
        yield f"{given.rules.file}: no rule asks anybody: people are given no tasks"
    if not given.controls:
        yield "the label config has no control that Cueloop judges: nothing is routed"
    elif not any(control.modelled for control in given.controls):
        yield ("the label config has no single choice, so no model predicts: conditions on `score`, `predicted` and "
               "their like are never true, and people are asked about everything")


def _controls(given: Context) -> Iterator[str]:
    """Controls that are not there, or whose answers have no such labels."""
    known = {control.name: control for control in label_config.parse(given.project.label_config).controls}
    for rule in given.rules.rules:
        for name in sorted({rule.control, *rule.when.controls} - {"", *known}):
            yield (f"{given.rules.file}:{rule.line}: rule {rule.name} speaks of the control {name}, which this project "
                   f"does not have{suggest(name, known)}; what it says of it is never known")
    for name, word in given.rules.declared.labels.items():
        if name not in known:
            yield (f"{given.rules.file}: `controls` names {name}, which is no control of this "
                   f"project{suggest(name, known)}")
        elif known[name].kind != "choice":
            yield (f"{given.rules.file}: control {name} cannot have `labels: {word}`: only a choice of one label can, "
                   f"and it is {known[name].type}; this has no effect")


def _declared(given: Context) -> Iterator[str]:
    known = {person.email.lower() for person in given.everybody.values()}
    file, said = given.rules.file, given.rules.declared
    for address in said.costs.people:
        if address not in known:
            yield f"{file}: `costs` names {address}, who is no annotator of this project{suggest(address, known)}"
