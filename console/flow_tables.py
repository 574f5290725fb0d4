"""What `cueloop flow` prints for people. Every figure that is missing says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Facts = dict[str, Any]
STATES = {"waiting": "waiting for anybody", "queued": "in somebody's queue", "partly": "answered, more are wanted",
          "escalated": "escalated", "unruled": "no rule matches", "done": "done by people",
          "accepted": "accepted by the machine"}


def tables(facts: Facts) -> str:
    """The report as text: throughput, waiting, forecast, automation, cost."""
    parts = [_throughput(facts), _waiting(facts["waiting"]), _forecast(facts["forecast"]),
             _automation(facts["automation"]), _cost(facts["cost"])]
    return "\n\n".join("\n".join(part) for part in parts)


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "unknown"
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} s"


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Rows with aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [indent + "  ".join(cell.ljust(width) if at == 0 else cell.rjust(width)
                               for at, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in rows]


def _throughput(facts: Facts) -> list[str]:
    told = facts["throughput"]
    lines = [f"Throughput, {facts['days']} days since {facts['since']}"]
    if told["reason"]:
        return [*lines, f"  {told['reason']}"]
    lines += table([("annotator", "answers", "skips", "rechecks", "active", "sittings", "answers/h", "time known"),
                    *(_worked(record["name"] or str(record["annotator"]), record) for record in told["people"]),
                    _worked("all", told["total"])])
    trend, closing = told["trend"], told["first_to_done"]
    lines.append("  Last full week against the one before: " + (
        trend["reason"] if trend["reason"]
        else f"{trend['ratio'] - 1:+.0%} ({trend['low'] - 1:+.0%} to {trend['high'] - 1:+.0%})"))
    lines.append("  First answer to done: " + (closing["reason"] or
                 f"median {duration(closing['median'])}, 90 % within {duration(closing['p90'])}"))
    return lines


def _worked(name: str, record: Facts) -> tuple[str, ...]:
    def hours(value: float | None) -> str:
        return "unknown" if value is None else f"{value:.1f} h"

    rate, known = record["per_hour"], record["coverage"]
    return (name, str(record["answers"]), str(record["skips"]), str(record["rechecks"]),
            hours(record["active_hours"]), hours(record["session_hours"]), "" if rate is None else f"{rate:.0f}",
            "" if known is None else f"{known:.0%}")


def _waiting(told: Facts) -> list[str]:
    rows = [("state", "tasks", "median age", "90 %", "oldest")]
    for state in told["states"]:
        oldest = state["oldest"]
        aged = state["median"] is not None
        rows.append((STATES[state["state"]], str(state["tasks"]), duration(state["median"]) if aged else "",
                     duration(state["p90"]) if aged else "",
                     f"task {oldest['task']}, {duration(oldest['seconds'])}" if oldest else ""))
    lines = ["Where tasks are", *table(rows)]
    if told["queues"]:
        lines += table([("queue of", "tasks", "work in it"),
                        *((q["name"] or str(q["annotator"]), str(q["tasks"]),
                           "unknown" if q["hours"] is None else f"{q['hours']:.1f} h") for q in told["queues"])])
    if told["unrouted"]:
        lines.append(f"  {told['unrouted']} more tasks were never routed: outside the pilot, or not seen yet.")
    stuck = told["nobody_can_take"]
    if stuck["tasks"]:
        lines.append(f"  Nobody is left who could take {stuck['tasks']} tasks, e.g. "
                     f"{', '.join(map(str, stuck['examples'][:3]))}: add people, or lower `max` in the rules.")
    return lines + ([f"  {told['reason']}"] if told["reason"] else [])


def _forecast(told: Facts) -> list[str]:
    lines = [f"Forecast: {told['tasks_left']} tasks are open and need about {told['answers_left']:.0f} answers"]
    if told["reason"]:
        return [*lines, f"  no date: {told['reason']}"]

    def day(name: str) -> str:
        return str(told[name])[:16].replace("T", " ")

    return [*lines, f"  done {day('median')} UTC (80 %: {day('low80')} to {day('high80')}; "
                    f"95 %: {day('low')} to {day('high')}) at {told['per_day']:.0f} answers a day"]


def _automation(told: Facts) -> list[str]:
    if told["share"] is None:
        return [f"Decided by the machine: {told['reason']}"]
    return [f"Decided by the machine: {told['by_machine']} of {told['by_machine'] + told['by_people']} finished tasks "
            f"({told['share']:.1%})",
            f"  wrong in blind audits: {_share(told['audit'])}",
            f"  suggestions taken unchanged: {_share(told['suggestions'])}"]


def _share(told: Facts) -> str:
    if told["value"] is None:
        return f"unknown, {told['reason']}"
    return f"{told['value']:.1%} ({told['low']:.1%} to {told['high']:.1%}, of {told['of']})"


def _cost(told: Facts) -> list[str]:
    unit = told["unit"]

    def amount(figure: Facts) -> str:
        if figure["value"] is None:
            return f"unknown, {figure['reason']}"
        value: Callable[[float], str] = "{:.4g}".format
        if figure.get("low") is None:
            why = f" ({figure['reason']})" if figure.get("reason") else ""
            return f"{value(figure['value'])} {unit}{why}"
        return f"{value(figure['value'])} {unit} ({value(figure['low'])} to {value(figure['high'])})"

    spent, saving = told["spent"], told["saving"]
    lines = [f"Cost, in {unit}" + (f": {told['reason']}" if told["reason"] else "")]
    hours = spent["people_hours"]
    lines += [f"  spent so far: people {'unknown' if hours is None else f'{hours:.2f} h'}, "
              f"machine {spent['machine_hours']:.2f} h (serving not counted)",
              f"  per answer: {amount(told['per_answer'])}", f"  per finished label: {amount(told['per_label'])}",
              f"  per accurate label: {amount(told['per_accurate_label'])}"]
    hand = told["by_hand"]
    each = f", {hand['answers_per_task']} answers to every task" if hand["value"] is not None else ""
    lines.append(f"  the same by hand: {amount(hand)}{each}")
    if saving["value"] is not None:
        width = f" ({saving['low']:.0%} to {saving['high']:.0%})" if saving["low"] is not None else ""
        lines.append(f"  saved: {saving['value']:.0%}{width}")
    split = told["split"]
    if split and split["rework"] is not None and split["people"]:
        lines.append(f"  rework (beyond the first plan, checks, rechecks): {split['rework'] / split['people']:.0%} "
                     "of people's cost")
    return lines
