"""What `cueloop models compare` prints for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.model_tables import score

MOST = 10
"""Pairs of labels that are listed."""
Facts = Mapping[str, Any]


def text(facts: Facts) -> str:
    """Two versions side by side; by their cards where no task judges both."""
    names = [f"{m['model']}@{m['version']}" for m in facts["models"]]
    lines: list[str] = []
    for report in facts["controls"]:
        lines.append(f"{report['control']}: {report['tasks']} tasks that people answered blind and both predicted")
        if report["tasks"]:
            lines += _judged(report, names)
        lines += _changed(report.get("changed"))
    judged = any(report["tasks"] for report in facts["controls"])
    if not judged:
        lines += ["No task that people answered blind judges both. By their cards, each on what was held out then:"]
        lines += [f"{name}  " + "; ".join(f"{control} {score(held)}" for control, held in m["held_out"].items())
                  for name, m in zip(names, facts["models"], strict=True)]
    return "\n".join(lines + ([f"The tasks are in {facts['changed_file']}."] if "changed_file" in facts else []))


def _judged(report: Facts, names: list[str]) -> list[str]:
    width = max(map(len, names))
    if "models" not in report:      # regions
        told = report["f1"] or ["-", "-"]
        return [f"  {name:<{width}}  F1 {f1}" for name, f1 in zip(names, told, strict=True)]
    lines = [f"  {name:<{width}}  {m['accuracy']:.3f} ({m['low']:.3f}-{m['high']:.3f}) right, macro-F1 "
             f"{_share(m['macro_f1'])}, calibration error {m['ece']:.3f}"
             for name, m in zip(names, report["models"], strict=True)]
    if report["difference"]:
        lines.append(f"  difference {report['difference']['accuracy']:+.3f} ± {report['difference']['error']:.3f}, "
                     f"log score {report['difference']['log_score']:+.3f} ± {report['difference']['log_error']:.3f}")
    lines.append(f"  they say the same of {report['agree']:.1%}; both are wrong about {report['both_wrong']}")
    lines += [f"  {one['label']}: {one['tasks']} tasks, right {_share(one['right'][0])} and "
              f"{_share(one['right'][1])}" for one in report["labels"]]
    for name, m in zip(names, report["models"], strict=True):
        lines += [f"  {name} takes for another label: {_confused(m['confusion'])}",
                  f"  {name} is right, by score: {_reliability(m['reliability'])}"]
    return lines


def _confused(confusion: Mapping[str, Mapping[str, int]]) -> str:
    pairs = sorted(((count, people, said) for people, row in confusion.items() for said, count in row.items()
                    if said != people), key=lambda pair: (-pair[0], pair[1:]))
    more = f", and {len(pairs) - MOST} more pairs" if len(pairs) > MOST else ""
    return (", ".join(f"{people} for {said} {count}" for count, people, said in pairs[:MOST]) or "nothing") + more


def _reliability(curve: list[Facts]) -> str:
    return ", ".join(f"{one['accuracy']:.2f} of {one['tasks']} at {one['score']:.2f}" for one in curve)


def _changed(changed: Facts | None) -> list[str]:
    if not changed or not changed["of"]:
        return []
    pairs = changed["pairs"]
    lines = [f"  {changed['tasks']} of {changed['of']} tasks change their label"]
    for one in pairs[:MOST]:
        right = f"; of {one['judged']} judged right {one['right'][0]} and {one['right'][1]}" if one["judged"] else ""
        lines.append(f"    {one['one']} -> {one['other']}: {one['tasks']}{right}")
    return lines + ([f"    and {len(pairs) - MOST} more pairs"] if len(pairs) > MOST else [])


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"
