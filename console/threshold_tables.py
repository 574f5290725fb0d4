"""The report on thresholds as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def human(facts: Mapping[str, Any]) -> str:
    """The report of a project, or of a file."""
    goal = f"Error below {_percent(facts['error'])}, with {_percent(facts['confidence'])} confidence"
    if "classes" in facts:
        lines = [f"{facts['file']}: {facts['audited']} of {facts['rows']} rows have a truth. {goal}:",
                 *_table(facts["classes"])]
    else:
        lines = [f"Project {facts['project']}, model {facts['model'] or 'none'}. {goal}:"]
        if facts["reason"]:
            lines.append(f"  {facts['reason']}")
        for control in facts["controls"]:
            lines += _control(control)
    return "\n".join([*lines, "", *(f"* {line}" for line in facts["assumptions"])])


def _control(control: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield (f"{control['control']}: {control['tasks']} tasks predicted, {control['audited']} audited blind "
           f"({control['sampled']} of the audit sample, {control['audited'] - control['sampled']} answered before any "
           "model spoke)")
    yield from _table(control["classes"])
    doubt = max((row["doubt"] for row in control["classes"]), default=0.0)
    if doubt > 0:
        yield f"  people themselves are expected to be wrong about up to {_percent(doubt)} of these audited tasks"
    price = control["price"]
    for row in control["classes"]:
        if row["saving"]:
            yield f"  {row['label'] or 'all labels'}: {_saving(row['saving'], price)}"
    if control["in_force"]:
        yield "  rules in force:"
    for row in control["in_force"]:
        yield f"    {_standing(row)}"


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    width = max([len(row["label"]) for row in rows] + [len("all labels")])
    yield f"  {'':{width}}  {'from score':>10}  {'of tasks':>8}  {'audited':>8}  {'wrong':>5}  error (interval)"
    for row in rows:
        if not row["audited"] and row["score"] is None:
            error = ""
        else:
            rate = row["errors"] / row["above"] if row["above"] else 0.0
            error = f"{_percent(rate)} ({_percent(row['low'])} to {_percent(row['high'])})"
        score = f"{row['score']:.4f}" if row["score"] is not None else "none"
        share = _percent(row["share"]) if row["score"] is not None else ""
        yield (f"  {row['label'] or 'all labels':{width}}  {score:>10}  {share:>8}  {row['above']:>8}  "
               f"{row['errors']:>5}  {error}{_missing(row)}".rstrip())


def _missing(row: Mapping[str, Any]) -> str:
    if row["score"] is not None:
        return ""
    if row["needed"] is None:
        return f"; {row['why']}"
    more = row["needed"]
    of = f" predicted as {row['label']}" if row["label"] else ""
    return (f"; about {more['tasks']} more audited tasks{of} would make {more['score']:.4f} safe if errors stay at "
            f"{_percent(more['rate'])} above it")


def _saving(saving: Mapping[str, Any], price: Mapping[str, Any]) -> str:
    parts = [f"the machine would take {saving['takes']} open tasks now"]
    if saving["answers"] is not None:
        parts.append(f"{saving['answers']:.0f} answers less, {saving['audits']:.0f} for the audit")
    if saving["hours"] is not None:
        parts.append(f"that saves {saving['hours']:.1f} hours")
    if saving["money"] is not None:
        parts.append(f"{saving['money']:.2f} {price['currency']}")
    elif price["reason"]:
        parts.append(f"money unknown: {price['reason']}")
    return "; ".join(parts)


def _standing(row: Mapping[str, Any]) -> str:
    audits = f"{row['wrong']} of {row['seen']} audited tasks wrong ({_percent(row['low'])} to {_percent(row['high'])})"
    if row["kind"] == "fixed":
        said = f"rule {row['threshold']}: score >= {row['score']:g} promises at most {_percent(row['error'])}; {audits}"
        return f"{said}; ALARM since {row['alarm'][:16]}: not kept" if row["alarm"] else said
    if row["score"] is not None:
        return f"{row['threshold']}: {row['score']:.4f} since {row['since'][:16]}; {audits}"
    if row["alarm"]:
        return f"{row['threshold']}: ALARM, withdrawn {row['alarm'][:16]}: {row['why']}"
    return f"{row['threshold']}: not safe yet, nothing is accepted by it"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
