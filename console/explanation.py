"""Routing for people to read: one task's story, and what a dry run found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LISTED = 5
"""People named for one reason, or as candidates; the others are counted, or left out."""


def human(facts: Mapping[str, Any]) -> str:
    """The story of one task in a terminal."""
    return "\n".join(_lines(facts))


def plan_lines(facts: Mapping[str, Any]) -> str:
    """What a dry run found, in a terminal."""
    lines = [f"Rules {facts['rules'][:12]} would now make these decisions:"]
    lines += [f"  {kind:<9} {count:>6}  by {rule}" for kind, rules in facts["decisions"].items()
              for rule, count in rules.items()] or ["  none"]
    lines.append("Afterwards: " + (", ".join(f"{n} {state}" for state, n in sorted(facts["states"].items())) or
                                   "no tasks") + ".")
    if facts["withdrawn"]:
        lines.append(f"{facts['withdrawn']} questions that lie in queues would be taken back.")
    lines.append(f"{facts['writes']} tasks would be written in Label Studio; {facts['nobody']} would wait for people.")
    return "\n".join([*lines, *facts["advice"]])


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from _stands(facts)
    for control in facts["controls"]:
        yield from _control(control)
    yield from _people(facts)
    shown = facts["label_studio"]
    queue = shown["cue"] or "no queue"
    yield (f"Label Studio shows overlap {shown['overlap']}, is_labeled {shown['is_labeled']}, {queue}"
           + (" (a write is waiting)" if shown["waits_to_be_written"] else ""))
    then = {(rule["rules_hash"], rule["rule"]): rule for rule in facts["rules_then"] if not rule["in_force"]}
    for made in facts["decisions"]:
        yield from _decision(made, then.pop((made["rules_hash"], made["rule"]), None))


def _stands(facts: Mapping[str, Any]) -> Iterator[str]:
    held = "; held out from the machine, no suggestion is shown" if facts["held_out"] else ""
    yield f"Task {facts['task']} of project {facts['project']}: {facts['state']}{held}"
    if facts["why"]:
        yield f"  {facts['why']} (rule {facts['plan']['rule'] or 'none'})"
    if facts["plan"] and facts["plan"].get("due"):
        yield f"  To be answered by {facts['plan']['due'][:16].replace('T', ' ')} UTC"
    if facts["waits_for"]:
        yield f"  It waits for {facts['waits_for']}."
    if facts["copy_of"]:
        yield f"  A hidden copy: somebody is asked about task {facts['copy_of']} again."
    if facts["gold"]:
        yield (f"  Ground truth among people's work: asked of {', '.join(facts['gold']['asked']) or 'nobody yet'}; "
               f"left for {', '.join(facts['gold']['left']) or 'nobody'}.")


def _control(control: Mapping[str, Any]) -> Iterator[str]:
    known = {k: v for k, v in control["signals"].items() if v is not None}
    yield f"Signals of {control['control']}: " + (", ".join(f"{k} = {_short(v)}" for k, v in known.items()))
    if control["model"]:
        yield _model(control["model"])
    if control["lesson"]:
        yield _lesson(control["lesson"])
    for rule in control["rules"]:
        mark = "*" if rule["counts"] else " "
        yield f"  {mark} {rule['rule']:<16} {rule['holds']:<8} {rule['action']:<9} when {rule['when']}"


def _model(said: Mapping[str, Any]) -> str:
    """What the model said, and which words spoke for it and against it."""
    line = f"  Model {said['version']} says {said['label']} ({said['score']:.2f})"
    if said["for"] is None:
        return line
    rather = f" rather than {said['next']}" if said["next"] else ""
    return f"{line}{rather}. For it: {_words(said['for'])}. Against it: {_words(said['against'])}."


def _lesson(taught: Mapping[str, Any]) -> str:
    """What an answer would teach the model. Why: as in docs/active-learning.md."""
    what = "A second opinion" if taught["kind"] == "second" else "A label"
    return f"  {what} would teach the model more than one of {taught['value']:.0%} of the tasks ({taught['why']})."


def _words(words: Sequence[Sequence[Any]]) -> str:
    return ", ".join(f"{word} {weight:+.2f}" for word, weight in words) or "nothing"


def _people(facts: Mapping[str, Any]) -> Iterator[str]:
    for asked in facts["asked"]:
        by = f", to be answered by {asked['due']:%Y-%m-%d %H:%M}" if asked["due"] and asked["state"] == "open" else ""
        what = "" if asked["kind"] == "ask" else f" ({asked['kind']})"
        yield f"Asked {asked['annotator']}{what}: {asked['state']}, since {asked['since']:%Y-%m-%d %H:%M}{by}"
    yield from _not_asked(facts["not_asked"])
    for one in facts["overridden"]:
        yield f"Overridden {one['at']:%Y-%m-%d %H:%M}: {one['by'] or 'it'} {one['says']}"


def _decision(made: Mapping[str, Any], then: Mapping[str, Any] | None) -> Iterator[str]:
    """A decision; `then` is its rule as it was, where another file is in force now."""
    yield (f"{made['at']:%Y-%m-%d %H:%M:%S} {made['kind']} by rule {made['rule']}: {_chosen(made['chosen'])} "
           f"(probability {made['probability']:.3g}) {made['why'] or ''}".rstrip())
    chosen = made["chosen"] if isinstance(made["chosen"], list) else []
    for candidate in sorted(made["candidates"], key=lambda one: one["annotator"] not in chosen)[:LISTED]:
        yield (f"    {candidate['annotator']}: worth {candidate['value']:.4f}, "
               f"probability {candidate['probability']:.3g}")
    if then is not None:
        yield f"    by {then['file']} as it was then ({then['rules_hash'][:12]}):"
        yield from (f"      {line}" for line in then["text"].splitlines())


def _not_asked(people: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Who is not asked and why, those with one reason on one line."""
    reasons: dict[str, list[str]] = {}
    for one in people:
        reasons.setdefault(one["why"], []).append(one["annotator"])
    for why, names in reasons.items():
        more = f" and {len(names) - LISTED} others" if len(names) > LISTED else ""
        yield f"Not asked, {why}: {', '.join(names[:LISTED])}{more}"


def _chosen(chosen: Any) -> str:
    return ", ".join(map(str, chosen)) or "-" if isinstance(chosen, list) else str(chosen)


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else repr(value)
