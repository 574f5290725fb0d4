"""A backtest for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from routing.backtest.measured import SHARES
from routing.backtest.support import REASONS

PEOPLE = 10
"""People listed by name."""

HEAD = f"{'':48} {'in force':>21} {'new':>21} {'change':>22}"


def lines(facts: Mapping[str, Any]) -> str:
    """The report in a terminal."""
    return "\n".join(_lines(facts))


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    old, new = facts["old"], facts["new"]
    yield f"{new['file']} ({new['hash'][:12]}) beside {old['file']} ({old['hash'][:12]}), project {facts['project']}"
    yield (f"History: {facts['answers']} answers to {facts['tasks']} tasks ({facts['answers_a_task']:.2f} a task), "
           f"{facts['known_truths']} with a known truth.")
    yield (f"What the next {facts['predicted']} tasks like these would see; the intervals hold together with "
           f"{facts['confidence']:.0%}:\n")
    yield HEAD
    for name, figure in facts["figures"].items():
        if figure["new"]["value"] is not None or figure["old"]["value"] is not None:
            yield (f"{figure['says']:48} {_interval(name, figure['old']):>21} {_interval(name, figure['new']):>21} "
                   f"{_interval(name, figure['change'], sign=True):>22}")
    yield from _untold(facts)
    yield from _support(facts)
    yield from _fates(facts["fates"])
    yield from _people(facts["people"])
    yield from (f"Note: {warning}." for warning in facts["warnings"])


def _untold(facts: Mapping[str, Any]) -> Iterator[str]:
    untold = [figure["says"] for figure in facts["figures"].values()
              if figure["new"]["value"] is None and figure["old"]["value"] is None]
    if untold:
        yield f"Not told, for lack of data: {'; '.join(untold)}."


def _support(facts: Mapping[str, Any]) -> Iterator[str]:
    new, who = facts["support_new"], facts["who"]
    yield (f"\nWhat history can answer of the new rules: {new['recorded']:.1%} of the tasks from recorded answers, "
           f"{new['weighed']:.1%} by choices whose chances were logged, {new['unsupported']:.1%} not at all.")
    yield from (f"  {share:6.1%}  {REASONS[reason]}" for reason, share in new["why"].items())
    yield (f"  {new['imputed']:6.1%}  of the answers that they ask for were never given and are drawn from the model "
           "of people")
    if new["unlogged_who"]:
        yield f"  {new['unlogged_who']:6.1%}  of the tasks: why somebody was asked is not known"
    if who["doubly_robust"] is not None:
        yield (f"Who they ask first agrees with others in {who['doubly_robust']:.1%} ± {1.96 * who['error']:.1%} of "
               f"the cases by the logged chances (worth {who['effective']:.0f} choices), in {who['modelled']:.1%} by "
               "the model of people.")


def _fates(fates: Mapping[str, Any]) -> Iterator[str]:
    yield f"\nOf the tasks of history {fates['changed']:.1%} would end in another way or with another label."
    yield f"  {'ended by rule':32} {'in force':>9} {'new':>9}"
    for rule, (before, after) in fates["by_rule"].items():
        yield f"  {rule or '(no rule)':32} {before:9.1f} {after:9.1f}"
    for fate in fates["examples"]:
        yield f"  task {fate['task']}: {fate['old']} -> {fate['new']} (in {fate['share']:.0%} of the draws)"


def _people(people: Mapping[str, Any]) -> Iterator[str]:
    if not people:
        return
    most = sorted(people.items(), key=lambda one: (-abs(one[1][2] - one[1][1]), one[0]))[:PEOPLE]
    yield f"\n  {'answers of':40} {'recorded':>9} {'in force':>9} {'new':>9}"
    for name, (given, before, after) in most:
        yield f"  {name:40} {given:9} {before:9.1f} {after:9.1f}"


def _interval(name: str, interval: Mapping[str, Any], *, sign: bool = False) -> str:
    """`12.3 [10.1, 14.5]`, shares in percent."""
    if interval["value"] is None:
        return "not known"
    scale, unit = (100, "%") if name in SHARES else (1, "")
    value, low, high = (scale * interval[part] + 0.0 for part in ("value", "low", "high"))
    plus = "+" if sign else ""
    digits = 1 if name in SHARES or max(abs(low), abs(high)) >= 100 else 2
    return f"{value:{plus}.{digits}f}{unit} [{low:{plus}.{digits}f}, {high:{plus}.{digits}f}]"
