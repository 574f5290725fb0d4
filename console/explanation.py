"""Routing for people to read: one task's story, and what a dry run found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def human(facts: Mapping[str, Any]) -> str:
    """The story of one task in a terminal."""
    return "\n".join(_lines(facts))


def plan_lines(facts: Mapping[str, Any]) -> str:
    """What a dry run found, in a terminal."""
    lines = [f"Rules {facts['rules'][:12]} would now make these decisions:"]
    lines += [f"  {kind:<9} {count:>6}  by {rule}" for kind, rules in facts["decisions"].items()
              for rule, count in rules.items()] or ["  none: everything stands as it should"]
    lines.append("Afterwards: " + (", ".join(f"{n} {state}" for state, n in sorted(facts["states"].items())) or
                                   "no tasks") + ".")
    lines.append(f"{facts['writes']} tasks would be written in Label Studio; {facts['nobody']} would wait for people.")
    return "\n".join([*lines, *facts["advice"]])


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    held = "; held out from the machine, no suggestion is shown" if facts["held_out"] else ""
    yield f"Task {facts['task']} of project {facts['project']}: {facts['state']}{held}"
    if facts["why"]:
        yield f"  {facts['why']} (rule {facts['plan']['rule'] or 'none'})"
    if facts["waits_for"]:
        yield f"  It waits for {facts['waits_for']}."
    if facts["copy_of"]:
        yield f"  A hidden copy: somebody is asked about task {facts['copy_of']} again."
    if facts["gold"]:
        yield (f"  Ground truth among people's work: asked of {', '.join(facts['gold']['asked']) or 'nobody yet'}; "
               f"left for {', '.join(facts['gold']['left']) or 'nobody'}.")
    for control in facts["controls"]:
        known = {k: v for k, v in control["signals"].items() if v is not None}
        yield f"Signals of {control['control']}: " + (", ".join(f"{k} = {_short(v)}" for k, v in known.items()))
        for rule in control["rules"]:
            mark = "*" if rule["counts"] else " "
            yield f"  {mark} {rule['rule']:<16} {rule['holds']:<8} {rule['action']:<9} when {rule['when']}"
    for asked in facts["asked"]:
        yield f"Asked {asked['annotator']}: {asked['state']}, since {asked['since']:%Y-%m-%d %H:%M}"
    shown = facts["label_studio"]
    queue = shown["cue"] or "no queue"
    yield (f"Label Studio shows overlap {shown['overlap']}, is_labeled {shown['is_labeled']}, {queue}"
           + (" (a write is waiting)" if shown["waits_to_be_written"] else ""))
    for made in facts["decisions"]:
        yield (f"{made['at']:%Y-%m-%d %H:%M:%S} {made['kind']} by rule {made['rule']}: {_chosen(made['chosen'])} "
               f"(probability {made['probability']:.3g}) {made['why'] or ''}".rstrip())
        for candidate in made["candidates"][:5]:
            yield (f"    {candidate['annotator']}: worth {candidate['value']:.4f}, "
                   f"probability {candidate['probability']:.3g}")


def _chosen(chosen: Any) -> str:
    return ", ".join(map(str, chosen)) or "-" if isinstance(chosen, list) else str(chosen)


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else repr(value)
