"""What will not work as it reads in a rules file that has no mistakes: told from the file alone, without data.

Everything said here is certain (`routing.language.logic`); what depends on a project's people and labels is told by
`routing.advice` when rules are applied.
"""

from __future__ import annotations

from collections.abc import Iterator

from cueloop.language.mistakes import Mistake
from routing.language import logic
from routing.language.actions import Accept, Ask, Escalate, Reopen, Review
from routing.language.atoms import Demand
from routing.language.audience import Audience
from routing.language.conditions import Condition
from routing.language.logic import Tree
from routing.language.rules import Rule, Rules
from routing.language.scopes import ANNOTATOR
from routing.language.vocabulary import ACTIONS

CLOSED = ("done", "accepted")
"""Values of `state` of tasks that can be opened again."""

ENDING = ("escalate", "stop")
"""Actions that take effect wherever their rule counts; `reopen` and `accept` have conditions of their own."""


def pitfalls(rules: Rules) -> tuple[Mistake, ...]:
    """One for each thing that will not work as it reads, in the order of the file."""
    trees = [logic.tree(rule.when.source) for rule in rules.rules]
    if not rules.rules:
        line, column = rules.at.get("rules", (1, 1))
        return (Mistake(line, column, "there is no rule: no task is accepted, asked about or stopped"),)
    found = [*_never(rules, trees), *_about_people(rules), *_pauses(rules)]
    for at, rule in enumerate(rules.rules):
        if not logic.never(trees[at]):
            found += [*_beaten(rules, trees, at), *_asking(rule, trees[at]), *_idle(rule), *_odd(rule, trees[at])]
    return tuple(sorted(set(found)))


def _at(rule: Rule, field: str, message: str) -> Mistake:
    line, column = rule.place(field)
    return Mistake(line, column, message)


def _never(rules: Rules, trees: list[Tree]) -> Iterator[Mistake]:
    for rule, tree in zip(rules.rules, trees, strict=True):
        if logic.never(tree):
            yield _at(rule, "when", f"rule {rule.name} can never hold: no values make {_brief(rule.when)} true; it "
                                    "does nothing")
        seen = rule.limit.seen if rule.limit else None
        if seen is not None and logic.never(logic.tree(seen.source)):
            yield _at(rule, "limit", f"the limit of rule {rule.name} counts no task: {_brief(seen)} is never true")


def _beaten(rules: Rules, trees: list[Tree], at: int) -> Iterator[Mistake]:
    """What other rules leave of a rule's action: the first that takes it away is told."""
    rule = rules.rules[at]
    if not rule.kind:
        return
    for other, tree in zip(rules.rules, trees, strict=True):
        if rule.kind in other.forbid and _covers(other, tree, rule, trees[at]):
            whose = "by the rule itself" if other is rule else f"by rule {other.name} (line {other.line})"
            yield _at(rule, rule.kind, f"`{rule.kind}` of rule {rule.name} never takes effect: it is forbidden {whose} "
                                       "wherever it holds")
            return
    for place, (other, tree) in enumerate(zip(rules.rules, trees, strict=True)):
        if other is rule or not other.kind or not _covers(other, tree, rule, trees[at]):
            continue
        if other.kind == rule.kind and place < at:
            yield _at(rule, rule.kind, _same_kind(rule, other, logic.implied(trees[at], tree)))
            return
        if _goes_before(rules, other, rule):
            yield _at(rule, rule.kind, f"`{rule.kind}` of rule {rule.name} never takes effect: wherever it holds, rule "
                                       f"{other.name} (line {other.line}) does too, and {other.kind} goes before "
                                       f"{rule.kind}")
            return


def _same_kind(rule: Rule, other: Rule, equal: bool) -> str:
    first = f"rule {other.name} (line {other.line})"
    if equal and rule.action == other.action:
        return f"rule {rule.name} says the same as {first}; remove one"
    if equal:
        return (f"rule {rule.name} contradicts {first}: both hold for the same tasks and say different things with "
                f"`{rule.kind}`; the first one counts, this one never does")
    return (f"`{rule.kind}` of rule {rule.name} never counts: wherever it holds, {first} does too and stands first; "
            "put the narrower rule first")


def _goes_before(rules: Rules, other: Rule, rule: Rule) -> bool:
    forbidden = any(other.kind in each.forbid for each in rules.rules)
    return other.kind in ENDING and ACTIONS.index(other.kind) < ACTIONS.index(rule.kind) and not forbidden


def _covers(other: Rule, tree: Tree, rule: Rule, by: Tree) -> bool:
    """Whether a rule holds wherever another does, by the same control's signals."""
    return other.control in ("", rule.control) and (other is rule or logic.implied(tree, by))


def _asking(rule: Rule, tree: Tree) -> Iterator[Mistake]:
    action = rule.action.ask if isinstance(rule.action, Reopen) else rule.action
    if isinstance(action, Ask):
        yield from _ends(rule, action, tree)
    if isinstance(action, Ask | Escalate | Review):
        yield from _nobody(rule, action.who, action.n if isinstance(action, Ask) else 1)


def _ends(rule: Rule, action: Ask, tree: Tree) -> Iterator[Mistake]:
    least, most = logic.bounds(tree, "answers")
    if action.max is not None and least >= action.max:
        yield _at(rule, rule.kind, f"rule {rule.name} asks nobody: it holds from {least:g} answers on, and `max` is "
                                   f"{action.max}")
    elif action.max is not None and action.until is None and most + action.n < action.max:
        yield _at(rule, rule.kind, f"`max: {action.max}` of rule {rule.name} is never reached: it holds up to {most:g} "
                                   f"answers and asks for {action.n} more")
    if action.until is None:
        return
    until = logic.tree(action.until.source)
    if logic.never(until):
        rest = f"`max: {action.max}` alone ends it" if action.max else "nothing ends it, for it has no `max`"
        yield _at(rule, rule.kind, f"`until` of rule {rule.name} is never true: {rest}")
    elif logic.implied(until, tree):
        yield _at(rule, rule.kind, f"rule {rule.name} asks nobody: `until` is true wherever it holds")


def _nobody(rule: Rule, who: Audience, n: int) -> Iterator[Mistake]:
    named = {person for person in who.people if not person.startswith("task.")} - set(who.never)
    if not who.people or len(named) < len(set(who.people) - set(who.never)):
        return          # anybody, or also people whom only the task names
    widened = bool(who.if_nobody and who.if_nobody.widen)
    if not named:
        yield _at(rule, rule.kind, f"rule {rule.name} names nobody: `never` takes away all of its `people`")
    elif len(named) < n and not widened:
        yield _at(rule, rule.kind, f"rule {rule.name} wants {n} people and names {len(named)}: its tasks will wait for "
                                   "ever")


def _idle(rule: Rule) -> Iterator[Mistake]:
    """Parts of a rule that have nothing to act on."""
    asks = isinstance(rule.action, Ask | Reopen | Escalate | Review)
    for name, given in (("deadline", rule.deadline), ("keep_together", rule.keep_together)):
        if given and not asks:
            yield _at(rule, name, f"`{name}` of rule {rule.name} has no effect: the rule asks nobody")
    if isinstance(rule.action, Accept) and rule.action.audit >= 1:
        yield _at(rule, "accept", f"rule {rule.name} accepts nothing: with `audit: 100%` people see every task")
    alone = not (rule.kind or rule.forbid or rule.modifies or rule.gold or rule.recheck or rule.limit)
    if rule.pause and "when" in rule.at and alone:
        yield _at(rule, "when", f"`when` of rule {rule.name} has no effect: it is about tasks, and whom to pause is "
                                "said by `pause.when`")


def _odd(rule: Rule, tree: Tree) -> Iterator[Mistake]:
    """Actions on tasks for which they are not made."""
    ways = [way for way in tree.alternatives() or () if way.possible]
    if isinstance(rule.action, Accept) and logic.bounds(tree, "score")[1] <= 0.5:
        yield _at(rule, "accept", f"rule {rule.name} accepts only what the model is more likely to have wrong than "
                                  "right; is `<` meant to be `>`?")
    if isinstance(rule.action, Reopen) and ways and not any(
            way.demands.get("state", Demand()).allows(state) for way in ways for state in CLOSED):
        yield _at(rule, "reopen", f"`reopen` of rule {rule.name} never takes effect: it concerns tasks that are done "
                                  "or accepted, and the rule holds only for others")


def _pauses(rules: Rules) -> Iterator[Mistake]:
    """Pauses of nobody and of everybody."""
    for rule in rules.rules:
        if rule.pause is None:
            continue
        tree = logic.tree(rule.pause.when.source, ANNOTATOR)
        if logic.never(tree):
            yield _at(rule, "pause", f"rule {rule.name} pauses nobody: {_brief(rule.pause.when)} is never true")
        elif logic.always(tree):
            yield _at(rule, "pause", f"rule {rule.name} pauses everybody: {_brief(rule.pause.when)} is always true")


def _about_people(rules: Rules) -> Iterator[Mistake]:
    """Pauses by checks that the file never makes."""
    checked = {"gold": rules.declared.gold.share or any(r.gold and r.gold.share for r in rules.rules),
               "recheck": rules.declared.recheck.share or any(r.recheck and r.recheck.share for r in rules.rules)}
    for rule in rules.rules:
        names = " ".join(rule.pause.when.names) if rule.pause else ""
        for signal, check in (("gold_", "gold"), ("consistency", "recheck")):
            if signal in names and not checked[check]:
                yield _at(rule, "pause", f"rule {rule.name} looks at checks that this file never makes: say "
                                         f"`{check}: {{share: 5%}}`")
        if rule.pause and rule.pause.training and not checked["gold"]:
            yield _at(rule, "pause", f"`training` of rule {rule.name} needs ground truth among the work: say "
                                     "`gold: {share: 5%}`")


def _brief(condition: Condition) -> str:
    text = " ".join(condition.source.split())
    return f"`{text if len(text) < 60 else text[:57] + '...'}`"
