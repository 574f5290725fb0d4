"""What `cueloop quality` prints for people."""

from __future__ import annotations

from typing import Any

NAMES = {"krippendorff_alpha": "Krippendorff's alpha"}
"""Coefficients by the names that people know; others are told as they are."""

SHOWN_PAIRS = 5
"""Pairs of annotators that agree least, in the tables; all of them are in the JSON."""


def tables(facts: dict[str, Any]) -> str:
    """Agreement, consensus and the annotators of every control, as text."""
    lines = []
    if facts.get("replaced"):
        lines.append(f"{facts['replaced']} answers replace an earlier one of the same person to the same task.")
    for name, control in facts["controls"].items():
        if "project" in facts or len(facts["controls"]) > 1:
            lines.append(f"{name} ({control['kind']})")
        lines += [_consensus(control["consensus"]), *_model(control.get("model")), _agreement(control["agreement"]),
                  *_coefficients(control["agreement"], control["annotators"])]
        warnings = control["consensus"]["warnings"] + control["agreement"].get("warnings", [])
        lines += [f"Warning: {warning.rstrip('.')}." for warning in warnings]
        lines += ["", *_annotators(control["annotators"]), *_flags(control["annotators"]), ""]
    if not facts["controls"]:
        lines.append("The label config has no control that Cueloop judges: see docs/quality.md for those it does.")
    if "out" in facts:
        lines.append(f"Written to {facts['out']}: {', '.join(facts['files'])}.")
    return "\n".join(lines).rstrip()


def _consensus(facts: dict[str, Any]) -> str:
    if not facts["tasks"]:
        return "Consensus: no answers yet."
    shares = ", ".join(f"{label} {share:.1%}" for label, share in facts["labels"].items())
    wrong = "" if facts["expected_wrong"] is None else f", about {facts['expected_wrong']:.0f} of them wrong"
    return (f"Consensus: {facts['tasks']} tasks from {facts['answers']} answers{wrong}, mean probability "
            f"{facts['mean_probability']:.3f}" + (f" ({shares})" if shares else ""))


def _model(voice: dict[str, Any] | None) -> list[str]:
    if not voice:
        return []
    if voice.get("reason"):
        return [f"Model: does not speak, {voice['reason'].rstrip('.')}."]
    return [f"Model: one more voice of weight {voice['weight']:.2f} on {voice['tasks']} tasks"]


def _agreement(facts: dict[str, Any]) -> str:
    return "Agreement: " + (f"none, {facts['reason']}." if facts["value"] is None else
                            f"{_name(facts['metric'])} {_interval(facts)} on {facts['tasks']} tasks")


def _coefficients(facts: dict[str, Any], people: list[dict[str, Any]]) -> list[str]:
    names = {r["annotator"]: r.get("name") or r["annotator"] for r in people}
    others = [f"{_name(one['metric'])} {_interval(one)}" for one in facts.get("coefficients", ())
              if one["value"] is not None and one["metric"] != facts["metric"]]
    lines = ["           " + ", ".join(others)] if others else []
    pairs = [pair for pair in facts.get("by_pair", ()) if pair["value"] is not None]
    for pair in sorted(pairs, key=lambda one: one["value"])[:SHOWN_PAIRS if len(pairs) > 1 else 0]:
        first, second = (names.get(annotator, annotator) for annotator in pair["annotators"])
        lines.append(f"           {first} and {second}: {_interval(pair)} on {pair['tasks']} shared tasks")
    return lines


def _name(metric: str) -> str:
    return NAMES.get(metric, metric.replace("_", " "))


def _interval(facts: dict[str, Any]) -> str:
    if facts["low"] is None or facts["high"] is None:
        return f"{facts['value']:.3f}" + (f" ({facts['reason']})" if facts.get("reason") else "")
    return f"{facts['value']:.3f} ({facts['low']:.3f} to {facts['high']:.3f})"


def _annotators(records: list[dict[str, Any]]) -> list[str]:
    rows = [("annotator", "answers", "skips", "accuracy", "95 % interval", "seconds")]
    for r in records:
        seconds = "" if r["median_lead_time"] is None else f"{r['median_lead_time']:.1f}"
        accuracy, interval = ("", r.get("reason", "")) if r["accuracy"] is None else (
            f"{r['accuracy']:.1%}", f"{r['low']:.1%} to {r['high']:.1%}")
        rows.append((str(r.get("name") or r["annotator"]), str(r["answers"]), str(r.get("skips", "")), accuracy,
                     interval, seconds))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if at == 0 else cell.rjust(width)
                      for at, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]


def _flags(records: list[dict[str, Any]]) -> list[str]:
    """What the scorecards point at, a sentence each."""
    return [f"Look at {r.get('name') or r['annotator']}: {flag['sentence'].rstrip('.')}."
            for r in records for flag in (r.get("card") or {}).get("flags", ())]
