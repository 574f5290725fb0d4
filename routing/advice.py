"""What an admin should know before rules come into force in a project: mistakes that the file alone cannot show."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cueloop import label_config
from routing.context import Context
from routing.language.actions import Ask
from routing.language.expressions import suggest
from routing.people import team_advice
from routing.thresholds import advice as threshold_advice


def advise(given: Context, conn: sa.Connection | None = None) -> list[str]:
    """One sentence for each thing that will not work as it reads; with `conn` also for what is too much work."""
    return [*team_advice.of_rules(given), *_labels(given), *_capacity(given), *_controls(given), *_declared(given),
            *threshold_advice.of_rules(given), *(_of_store(conn, given) if conn is not None else ())]


def _of_store(conn: sa.Connection, given: Context) -> Iterator[str]:
    yield from team_advice.of_work(conn, given)
    yield from threshold_advice.of_store(conn, given.project.id)


def _labels(given: Context) -> Iterator[str]:
    known = {label for control in given.controls for label in control.labels}
    for rule in given.rules.rules:
        for label in sorted(rule.when.labels - known):
            yield (f"{given.rules.file}:{rule.line}: rule {rule.name} speaks of the label {label!r}, which no modelled "
                   f"control of this project has{suggest(label, known)}")


def _capacity(given: Context) -> Iterator[str]:
    most = max((rule.action.n for rule in given.rules.rules if isinstance(rule.action, Ask)), default=0)
    if not given.people:
        yield "nobody can be asked: the project has no annotators yet"
    elif most > len(given.people):
        yield (f"a rule asks {most} people about a task and the project has {len(given.people)}: "
               "such tasks will wait for more")
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
    if said.gold.share and not given.gold:
        yield f"{file}: `gold` has nothing to mix in yet: no annotation that was pulled counts as ground truth"
    elif said.gold.share:
        yield (f"{file}: the {len(given.gold)} tasks with ground truth last for "
               f"{int(len(given.gold) / said.gold.share):,} tasks of an annotator, for nobody gets one twice")
