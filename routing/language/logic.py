"""What can be said of conditions without data: that one is never true, or true whenever another is.

A condition is taken apart into alternatives, each a set of demands on single terms (`score`, `task.lang`,
`score("spam")` ...). An alternative whose demands on a term leave no value is impossible. Whatever is not understood
is taken to be possible, so what is said here is true, and not all that is true is said.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf

from routing.language import atoms
from routing.language.atoms import Atom, Demand
from routing.language.scopes import REGION, TASK, Scope

MOST = 256
"""Alternatives of one condition; with more nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way in which a condition can be true."""

    demands: dict[str, Demand] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    """Terms that must have no value."""

    def with_atom(self, atom: Atom) -> Alternative | None:
        """This one, where the atom holds as well; None when that is impossible."""
        if atom.unknown:
            return None if atom.term in self.demands else replace(self, unknown=self.unknown | {atom.term})
        if atom.term in self.unknown:
            return None
        had = self.demands.get(atom.term)
        demand = had.narrowed(atom.demand) if had else atom.demand
        return None if demand.impossible else replace(self, demands={**self.demands, atom.term: demand})

    @property
    def possible(self) -> bool:
        """Whether what is demanded of several terms goes together: probabilities of labels add up to no more than 1,
        and below two answers nothing is known of how far they agree."""
        ends = {term: demand.ends for term, demand in self.demands.items()}
        if ends.get("answers", (0.0, inf))[1] < 2 and ends.keys() & {"agreement", "disagreement"}:
            return False
        return all(sum(low for term, (low, _) in ends.items() if term.startswith(f"{name}(")) <= 1 + 1e-9
                   for name in ("score", "posterior"))

    def implies(self, atom: Atom) -> bool:
        """Whether the atom is known to hold wherever this does."""
        if atom.unknown:
            return atom.term in self.unknown
        had = self.demands.get(atom.term) or atom.always
        return had is not None and had.narrowed(atom.range).within(atom.demand)


@dataclass(frozen=True, slots=True)
class Tree:
    """A condition in which `not` stands nowhere: all or any of its parts, or one atom; without parts, a constant."""

    all: bool
    parts: tuple[Tree | Atom, ...]

    def alternatives(self) -> list[Alternative] | None:
        """Ways in which it can be true; none when it never is, None when there are too many to tell."""
        found = [Alternative()] if self.all else []
        for part in self.parts:
            ways = [Alternative().with_atom(part)] if isinstance(part, Atom) else part.alternatives()
            if ways is None:
                return None
            possible = [way for way in ways if way is not None]
            found = _joined(found, possible) if self.all else [*found, *possible]
            if len(found) > MOST:
                return None
        return found

    def follows(self, way: Alternative) -> bool:
        """Whether it is known to be true wherever an alternative is."""
        whole = all if self.all else any
        return whole(way.implies(part) if isinstance(part, Atom) else part.follows(way) for part in self.parts)


def tree(source: str, scope: Scope = TASK) -> Tree:
    """A condition that compiles, taken apart."""
    return _tree(atoms.parse(source), True, scope)


def never(condition: Tree) -> bool:
    """Whether nothing can make it true."""
    ways = condition.alternatives()
    return ways is not None and not any(way.possible for way in ways)


def always(condition: Tree) -> bool:
    """Whether it is true whatever the values, also where they are unknown."""
    return condition.follows(Alternative())


def implied(condition: Tree, by: Tree) -> bool:
    """Whether it is true whenever `by` is, and `by` can be."""
    ways = by.alternatives()
    return bool(ways) and all(condition.follows(way) for way in ways or ())


def bounds(condition: Tree, term: str) -> tuple[float, float]:
    """The least and the most that a number can be where the condition is true."""
    ways = condition.alternatives()
    if not ways:
        return -inf, inf
    ends = [way.demands.get(term, Demand()).ends for way in ways]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _joined(left: Sequence[Alternative], right: Sequence[Alternative]) -> list[Alternative]:
    found = []
    for a in left:
        for b in right:
            both: Alternative | None = a
            for term, demand in b.demands.items():
                both = both.with_atom(Atom(term, demand)) if both else None
            for term in b.unknown:
                both = both.with_atom(Atom(term, unknown=True)) if both else None
            if both is not None:
                found.append(both)
        if len(found) > MOST:
            break
    return found


def _tree(node: ast.expr, wanted: bool, scope: Scope) -> Tree:
    """`wanted`: whether the node is to be true or false; unknown is neither."""
    if isinstance(node, ast.BoolOp):
        return Tree(isinstance(node.op, ast.And) == wanted, tuple(_tree(v, wanted, scope) for v in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _tree(node.operand, not wanted, scope)
    if isinstance(node, ast.Compare):
        pairs = zip((node.left, *node.comparators), node.ops, node.comparators, strict=False)
        return Tree(wanted, tuple(_atom(atoms.comparison(*pair, wanted, scope)) for pair in pairs))
    if isinstance(node, ast.Name) and node.id in ("true", "false"):
        return Tree((node.id == "true") == wanted, ())
    inner = atoms.over_regions(node, "any") if wanted else None
    if inner is not None and never(_tree(inner, True, REGION)):
        return Tree(False, ())
    return _atom(atoms.truth(node, wanted))


def _atom(found: Atom | bool) -> Tree:
    return Tree(found, ()) if isinstance(found, bool) else Tree(True, (found,))
