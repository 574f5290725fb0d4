"""What `cueloop quality` prints for people."""

from __future__ import annotations

from typing import Any


def tables(facts: dict[str, Any]) -> str:
    """Agreement, consensus and the annotators of every control, as text."""
    lines = []
    if facts.get("replaced"):
        lines.append(f"{facts['replaced']} answers replace an earlier one of the same person to the same task.")
    for name, control in facts["controls"].items():
        if "project" in facts:
            lines.append(f"{name}")
        lines += [_consensus(control["consensus"]), _agreement(control["agreement"])]
        lines += [f"Warning: {warning}." for warning in control["consensus"]["warnings"]]
        lines += ["", *_annotators(control["annotators"]), ""]
    if not facts["controls"]:
        lines.append("The label config has no control that Cueloop models (single-choice Choices).")
    if "out" in facts:
        lines.append(f"Written: consensus.csv, annotators.csv and agreement.json in {facts['out']}.")
    return "\n".join(lines).rstrip()


def _consensus(facts: dict[str, Any]) -> str:
    if not facts["tasks"]:
        return "Consensus: no answers yet."
    shares = ", ".join(f"{label} {share:.1%}" for label, share in facts["labels"].items())
    return (f"Consensus: {facts['tasks']} tasks from {facts['answers']} answers, mean probability "
            f"{facts['mean_probability']:.3f} ({shares})")


def _agreement(facts: dict[str, Any]) -> str:
    if facts["value"] is None:
        return f"Agreement: none, {facts['reason']}."
    width = f" ({facts['low']:.3f} to {facts['high']:.3f})" if facts["low"] is not None else f" ({facts['reason']})"
    return f"Agreement: Krippendorff's alpha {facts['value']:.3f}{width} on {facts['tasks']} tasks"


def _annotators(records: list[dict[str, Any]]) -> list[str]:
    rows = [("annotator", "answers", "skips", "accuracy", "95 % interval", "seconds")]
    for r in records:
        seconds = "" if r["median_lead_time"] is None else f"{r['median_lead_time']:.1f}"
        rows.append((str(r.get("name") or r["annotator"]), str(r["answers"]), str(r.get("skips", "")),
                     f"{r['accuracy']:.1%}", f"{r['low']:.1%} to {r['high']:.1%}", seconds))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if at == 0 else cell.rjust(width)
                      for at, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]
