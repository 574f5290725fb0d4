"""What an admin should know of pauses and ground truth before rules come into force: whom they stop, what lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import sqlalchemy as sa

from routing.checking import checks, pause
from routing.checking.intervals import Rate
from routing.checking.records import signals_in
from routing.context import Context
from routing.language import logic
from routing.language.actions import Pause
from routing.language.functions import CONFIDENCE
from routing.language.scopes import ANNOTATOR


def of_rules(given: Context) -> Iterator[str]:
    """What follows from the rules and from how much ground truth there is."""
    for rule in given.rules.rules:
        if rule.pause is not None:
            where = f"{given.rules.file}:{rule.line}: rule {rule.name}"
            yield from (f"{where} {said}" for said in (*_strict(rule.pause), *_short(rule.pause, len(given.gold))))
    share, have = checks.share(given.rules, checks.GOLD), len(given.gold)
    if share and not have:
        yield (f"{given.rules.file}: `gold` has nothing to mix in yet: no annotation that was pulled counts as ground "
               "truth")
    elif share:
        yield (f"{given.rules.file}: the {have:,} tasks with ground truth last for {int(have / share):,} tasks of an "
               "annotator, for nobody gets one twice")


def of_store(conn: sa.Connection, given: Context) -> Iterator[str]:
    """Whom the pauses would stop at once."""
    found = pause.would(conn, given)
    stopped = {person for people in found.values() for person in people}
    at_work = [person for person in given.people if person.id not in given.paused]
    for rule in given.rules.rules:
        if found.get(rule.name):
            names = sorted(given.everybody[person].email for person in found[rule.name])
            more = f" and {len(names) - 5} others" if len(names) > 5 else ""
            yield (f"{given.rules.file}:{rule.line}: rule {rule.name} pauses {len(names)} of {len(at_work)} people at "
                   f"once, as they stand now: {', '.join(names[:5])}{more}")
    if at_work and len(stopped) == len(at_work):
        yield f"{given.rules.file}: its pauses stop everybody: nobody is left who may be asked, and all tasks wait"


def _strict(said: Pause) -> Iterator[str]:
    """A lower end is low after few answers, whatever they say."""
    for way in logic.tree(said.when.source, ANNOTATOR).alternatives() or ():
        for term, demand in way.demands.items():
            least, size = demand.ends[1], max(said.after, 1)
            signal, level = _end(term)
            low = Rate(size - 1, size).lower(level)
            if signal and least < 1 and low is not None and low < least:
                yield (f"pauses also who had {size - 1} right of {size}, for the lower end is {low:.0%} then; "
                       f"`upper({signal}, {level:.0%}) < {least:g}` pauses only who is shown to be worse")


def _short(said: Pause, have: int) -> Iterator[str]:
    """Ground truth that there is not enough of."""
    if said.training > have:
        yield (f"lifts a pause after {said.training} right answers to ground truth, and {have:,} tasks have one: "
               "nobody can pass until there are more; `cueloop team resume` lifts a pause by hand")
    if said.after > have and any("gold" in name for name in signals_in(said.when.names)):
        yield f"pauses nobody: it waits for {said.after} answers to ground truth, and {have:,} tasks have one"


def _end(term: str) -> tuple[str, float]:
    """The signal and confidence of `lower(SIGNAL, 95%)`; no signal for any other term."""
    node = ast.parse(term, mode="eval").body
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != "lower":
        return "", CONFIDENCE
    level = ast.literal_eval(node.args[1]) if len(node.args) > 1 else CONFIDENCE
    return ast.unparse(node.args[0]), float(level)
