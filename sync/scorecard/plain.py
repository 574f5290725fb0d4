"""What can be said of annotators whatever the shape of their answers: speed, skips, edits by others, consistency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sync.observations import Observations
from sync.scorecard.asked_twice import Copy
from sync.scorecard.consistency import Consistency, consistency, likeness
from sync.scorecard.correction import ALPHA
from sync.scorecard.evidence import Evidence
from sync.scorecard.judged import counted
from sync.scorecard.lead_times import LeadTimes, lead_times
from sync.scorecard.reviews import Reviews, reviews
from sync.scorecard.same import canonical
from sync.scorecard.skips import Skips, skips
from sync.scorecard.speed import Speed, speed
from sync.scorecard.words import band, figure, flag, key, keys, percent, seconds

NO_EVIDENCE = "only the answers themselves are known here"


@dataclass(frozen=True, slots=True)
class Plain:
    """Measures of all annotators of `seen`; `row` are the answers that count. None: nothing is known about it."""

    seen: Observations
    row: Any
    times: LeadTimes
    speed: Speed
    skips: Skips | None
    reviews: Reviews | None
    reviewers: dict[int, Counter[Any]]
    consistency: Consistency


def plain(seen: Observations, evidence: Evidence | None,
          similar: Callable[[Any, Any], float] | None = None) -> Plain:
    """Measure everybody. `similar` says how alike two structured answers are, 0 to 1; else they are equal or not."""
    row, people = counted(seen), len(seen.annotators)
    task, annotator = seen.task[row], seen.annotator[row]
    times = lead_times(task, annotator, seen.seconds[row], seen.at[row], tasks=len(seen.tasks), annotators=people,
                       length=None if evidence is None else evidence.length)
    found_skips = found_reviews = None
    reviewers: dict[int, Counter[Any]] = {}
    if evidence is not None:
        found_skips = _skips(seen, row, evidence)
    if evidence is not None and evidence.edits is not None:
        author = np.array([edit.author for edit in evidence.edits], int)
        changed = np.array([-1 if edit.changed is None else int(edit.changed) for edit in evidence.edits], int)
        found_reviews = reviews(author, changed, np.bincount(annotator, minlength=people))
        for edit in evidence.edits:
            reviewers.setdefault(edit.author, Counter())[edit.reviewer] += 1
    return Plain(seen, row, times, speed(task, annotator, times, tasks=len(seen.tasks), annotators=people),
                 found_skips, found_reviews, reviewers,
                 _consistency(seen, () if evidence is None else evidence.copies, similar))


def _skips(seen: Observations, row: Any, evidence: Evidence) -> Skips:
    met = np.concatenate([np.stack([seen.task[row], seen.annotator[row]], 1), evidence.skips])
    skipped = np.concatenate([np.zeros(len(row)), np.ones(len(evidence.skips))])
    tasks = max(len(seen.tasks), int(met[:, 0].max(initial=-1)) + 1)
    annotators = max(len(seen.annotators), int(met[:, 1].max(initial=-1)) + 1)
    return skips(met[:, 0], met[:, 1], skipped, tasks=tasks, annotators=annotators)


def _consistency(seen: Observations, copies: Sequence[Copy],
                 similar: Callable[[Any, Any], float] | None) -> Consistency:
    annotator = np.array([copy.annotator for copy in copies], int)
    people = len(seen.annotators)
    if similar is not None:
        alike = np.array([similar(copy.first, copy.second) for copy in copies], np.float64)
        return likeness(annotator, alike, annotators=people)
    texts = [[canonical(said) for said in (copy.first, copy.second)] for copy in copies]
    if any(isinstance(copy.first, list | dict) for copy in copies):
        return likeness(annotator, np.array([float(one == two) for one, two in texts]), annotators=people)
    place = {text: at for at, text in enumerate(sorted({text for pair in texts for text in pair}))}
    first, second = (np.array([place[pair[side]] for pair in texts], int) for side in (0, 1))
    return consistency(annotator, first, second, annotators=people, labels=len(place))


def speed_section(found: Plain, at: int) -> dict[str, Any]:
    """Median active time, ratio to others on the same tasks, and times that do not count."""
    one = found.speed
    return {
        "seconds": figure(one.seconds[at], one.low[at], one.high[at], one.timed[at], "no lead times are known"),
        "ratio": figure(one.ratio[at], one.ratio_low[at], one.ratio_high[at], one.compared[at],
                        "no task of theirs has lead times of two others"),
        "impossible": int(one.impossible[at]), "idle": int(one.idle[at]), "overlapping": int(one.overlapping[at])}


def consistency_section(found: Plain, at: int) -> dict[str, Any]:
    """Share of tasks asked twice that were answered the same."""
    one = found.consistency
    none = "no task was asked twice" if not one.twice[at] else "they gave one label only"
    return {"same": figure(one.same[at], one.low[at], one.high[at], one.twice[at], none),
            "kappa": figure(one.kappa[at], one.kappa_low[at], one.kappa_high[at], one.twice[at], none)}


def skips_figures(found: Plain, at: int) -> dict[str, Any]:
    """Skip rate, and adjusted for tasks that others skip too."""
    one = found.skips
    if one is None:
        unknown = figure(np.nan, np.nan, np.nan, 0, NO_EVIDENCE)
        return {"skips": unknown, "skips_adjusted": dict(unknown)}
    return {"skips": figure(one.rate[at], one.low[at], one.high[at], one.met[at], skipped=int(one.skipped[at])),
            "skips_adjusted": figure(one.adjusted[at], one.adjusted_low[at], one.adjusted_high[at], one.met[at],
                                     expected=float(round(one.expected[at], 4)))}


def reviews_figure(found: Plain, at: int) -> dict[str, Any]:
    """Share of answers that others changed in substance, how many they touched, and who."""
    one = found.reviews
    if one is None:
        return figure(np.nan, np.nan, np.nan, 0, NO_EVIDENCE)
    by = found.reviewers.get(at, Counter()).most_common(5)
    return figure(one.share[at], one.low[at], one.high[at], one.given[at] - one.unknown[at], "no answers",
                  edited=int(one.edited[at]), changed=int(one.changed[at]), unknown=int(one.unknown[at]),
                  by=[{"annotator": key(who), "edits": count} for who, count in by])


def plain_flags(found: Plain, at: int) -> list[dict[str, Any]]:
    """Too fast to have worked, and skips that the tasks do not explain."""
    flags = []
    if found.speed.p[at] <= ALPHA:
        rows = np.flatnonzero((found.seen.annotator[found.row] == at) & found.times.impossible)
        rows = rows[np.argsort(found.times.seconds[rows], kind="stable")]
        timed = int(found.speed.timed[at] + found.speed.impossible[at])
        fastest = [float(round(second, 3)) for second in found.times.seconds[rows]]
        flags.append(flag(
            "impossible times", f"{len(rows)} of {timed} answers came faster than such tasks can be done, the "
            f"fastest after {seconds(fastest[0])}", found.speed.p[at],
            (found.seen.tasks[task] for task in found.seen.task[found.row[rows]]), seconds=fastest[:len(keys(rows))]))
    one = found.skips
    if one is not None and one.p[at] <= ALPHA:
        flags.append(flag("skips", f"skips {percent(one.rate[at])} of the tasks; others "
                          f"{percent(one.expected[at])} of the same ones", one.p[at]))
    return flags


def plain_bands(speeds: dict[str, Any], consistent: dict[str, Any]) -> dict[str, str]:
    """Speed beside others (a tenth more or less is about the same), and steadiness, in words."""
    ratio, same = speeds["ratio"], consistent["same"]
    low, high = ratio["low"], ratio["high"]
    pace = "not known" if low is None or high is None else (
        "faster than others" if high < 0.9 else "slower than others" if low > 1.1 else "about as fast as others")
    return {"speed": pace, "consistency": band(same["low"], same["high"], 0.8, ("unsteady", "unclear", "steady"))}
