"""Why somebody was paused, in plain words with figures: for the annotator as much as for the admin."""

from __future__ import annotations

from collections.abc import Collection

from routing.checking.intervals import Rate
from routing.checking.records import Record

WORDS = {
    "gold_accuracy": "of {size} answers to tasks whose right answer is known, {hits} were right ({share})",
    "agreement": "on {size} tasks that others answered too, {share} of the others' answers are the same",
    "consistency": "of {size} tasks that were asked twice, {hits} were answered the same way ({share})",
    "skips": "{hits} of {size} tasks were skipped ({share})",
}
"""For shares that are counted."""


def reason(record: Record, signals: Collection[str], *, several: bool = False, control: str = "") -> str:
    """One sentence that names every signal of a condition that is known."""
    parts = [part for name in sorted(signals) if (part := _part(record, name))]
    said = "; ".join(parts) or "what the rule asks for is not there yet"
    said = f"{said[0].upper()}{said[1:]}."
    return f"{control}: {said}" if several else said


def _part(record: Record, name: str) -> str:
    rate = record.rates.get(name)
    if isinstance(rate, Rate):
        return WORDS[name].format(size=f"{rate.size:g}", hits=f"{round(rate.hits, 1):g}",
                                  share=_percent(rate.value or 0.0)) if rate.size else ""
    if rate is not None:
        return f"accuracy is estimated at {_percent(rate.value)} ({_percent(rate.low)} to {_percent(rate.high)})"
    if name == "drifting" and record.drifting:
        before, after = record.drift["before"]["value"], record.drift["after"]["value"]
        return (f"{_percent(before)} were right before {str(record.drift['when'])[:10]} and {_percent(after)} since, "
                "on tasks of like difficulty")
    plain = {"gold_answers": f"{record.gold_answers} answers so far to tasks whose right answer is known",
             "answers": f"{record.answers} answers so far",
             "seconds": f"{record.seconds or 0:.1f} seconds a task in the middle",
             "guessing": "answers are right hardly more often than guesses would be"}
    return plain.get(name, "") if record.value(name) not in (None, False) else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
