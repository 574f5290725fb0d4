"""What can be said of annotators whose answers are one label each: quality, independence, drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sync.arrays import FloatArray
from sync.assess import Assessment
from sync.observations import Observations
from sync.scorecard.anchoring import NOTABLE, Anchoring, anchoring
from sync.scorecard.copying import Pair, copying
from sync.scorecard.correction import ALPHA
from sync.scorecard.difficulty import Adjusted, adjusted, expected
from sync.scorecard.drift import LEAST as DRIFT_LEAST
from sync.scorecard.drift import Drift, drift
from sync.scorecard.evidence import Evidence
from sync.scorecard.gold import Gold, gold
from sync.scorecard.guessing import Guessing, guessing
from sync.scorecard.judged import Judged, judge
from sync.scorecard.rates import difference
from sync.scorecard.separation import confused_pairs, separates
from sync.scorecard.straight import Straight, straight
from sync.scorecard.words import figure, flag, key, percent
from sync.told import moment, rounded


@dataclass(frozen=True, slots=True)
class Skilled:
    """Measures of all annotators of `seen`."""

    seen: Observations
    assessment: Assessment
    judged: Judged
    adjusted: Adjusted
    gold: Gold
    gold_lower: FloatArray
    separates: tuple[tuple[int, int, Any], ...]
    anchoring: Anchoring | None
    straight: Straight
    copying: dict[int, list[Pair]]
    drift: Drift
    guessing: Guessing

    @property
    def mean(self) -> float:
        """Accuracy of the average answer."""
        judged = self.assessment.performance
        return float(np.average(judged.accuracy, weights=judged.answers)) if judged.answers.any() else float("nan")


def skilled(seen: Observations, assessment: Assessment, evidence: Evidence | None) -> Skilled:
    """Measure everybody, against the consensus of the others."""
    people = len(seen.annotators)
    judged = judge(seen, assessment.fit, None if evidence is None else evidence.model)
    chance = expected(judged, people, len(seen.tasks))
    anchored = None
    if (judged.model >= 0).any():
        anchored = anchoring(judged.annotator, judged.label == judged.model, 1 - judged.model_right, judged.seen,
                             annotators=people)
    copied: dict[int, list[Pair]] = {}
    for pair in copying(judged, seen, assessment.fit):
        copied.setdefault(pair.first, []).append(pair)
        copied.setdefault(pair.second, []).append(pair)
    counts = assessment.fit.counts
    told = tuple((a, b, separates(counts, a, b)) for a, b in confused_pairs(counts))
    known = gold(seen)
    return Skilled(seen, assessment, judged, adjusted(judged, chance, assessment.performance), known,
                   known.at_least(), told,
                   anchored, straight(judged, annotators=people, labels=len(seen.labels)), copied,
                   drift(judged, chance, annotators=people),
                   guessing(judged.annotator, judged.label, assessment.fit.prior, assessment.performance,
                            assessment.crowd_mean))


def quality_section(found: Skilled, at: int) -> dict[str, Any]:
    """Accuracy as it is and on average work, on gold, and which labels they can tell apart."""
    plain, on_average, known = found.assessment.performance, found.adjusted, found.gold
    return {
        "accuracy": figure(plain.accuracy[at], plain.low[at], plain.high[at], plain.answers[at],
                           effective=rounded(plain.effective[at], 1)),
        "adjusted": figure(on_average.accuracy[at], on_average.low[at], on_average.high[at], on_average.compared[at],
                           "too few of their tasks were answered by two others",
                           expected=rounded(on_average.expected[at]), mean=rounded(on_average.mean)),
        "gold": figure(known.accuracy[at], known.low[at], known.high[at], known.answered[at],
                       "they met no ground truth", right=int(known.right[at]), lower=rounded(found.gold_lower[at])),
        "separates": [
            {"labels": [found.seen.labels[a], found.seen.labels[b]],
             **figure(told[0][at], told[1][at], told[2][at], told[3][at])} for a, b, told in found.separates]}


def independence_section(found: Skilled, at: int) -> dict[str, Any]:
    """Agreement with the model split into skill and anchoring; shared mistakes; answers that see no task."""
    return {"anchoring": _anchoring(found.anchoring, at), "straight_lining": _straight(found, at),
            "copying": [_pair(found, pair, at) for pair in found.copying.get(at, [])]}


def _anchoring(one: Anchoring | None, at: int) -> dict[str, Any]:
    if one is None:
        return figure(np.nan, np.nan, np.nan, 0, "it is not known what the model said when they answered")
    agreed = [figure(kind.agree[at], kind.low[at], kind.high[at], kind.answers[at], f"no answer is known to be {name}")
              for name, kind in (("given beside a suggestion", one.seen), ("blind", one.blind))]
    return figure(
        one.value[at], one.low[at], one.high[at], one.seen.effective[at],
        "too few wrong suggestions, seen or blind, are known",
        agreement_seen=agreed[0], agreement_blind=agreed[1], skill=rounded(one.skill[at]), lift=rounded(one.lift[at]),
        follows_wrong_seen=rounded(one.seen.wrong[at]) if one.seen.answers[at] else None,
        beside="own blind answers" if one.own[at] else "everybody's blind answers")


def _straight(found: Skilled, at: int) -> dict[str, Any]:
    one, names = found.straight, found.seen.labels
    return {"run": None if one.length[at] < 1 else {
                "label": names[one.label[at]], "length": int(one.length[at]), "others": rounded(one.others[at]),
                "p": rounded(one.p_run[at], 6)},
            "favourite": None if one.favourite[at] < 0 else {
                "label": names[one.favourite[at]], "share": rounded(one.share[at]), "others": rounded(one.usual[at]),
                "p": rounded(one.p_share[at], 6)}}


def _pair(found: Skilled, pair: Pair, at: int) -> dict[str, Any]:
    other = pair.second if pair.first == at else pair.first
    return {"annotator": key(found.seen.annotators[other]), "shared": pair.shared, "mistakes": pair.mistakes,
            "of": key(found.seen.annotators[pair.first]), "expected": rounded(pair.expected, 2),
            "together": pair.together, "p": rounded(pair.p, 6)}


def drift_figure(found: Skilled, at: int) -> dict[str, Any]:
    """Whether accuracy changed: None unless a test says so. The figure is accuracy after less accuracy before."""
    one = found.drift
    if one.place[at] < 0:
        return figure(np.nan, np.nan, np.nan, one.answers[at],
                      f"fewer than {DRIFT_LEAST} answers that others can judge, with their time", changed=False)
    told: dict[str, Any] = {name: rounded(getattr(one, name)[at], 6) for name in ("p", "p_break", "p_trend")}
    if one.p[at] > ALPHA:   # the likeliest break of a noise looks like one: nothing is shown of it
        return figure(np.nan, np.nan, np.nan, one.answers[at], "no change that chance does not explain",
                      changed=False, **told)
    sides = [figure(getattr(one, name)[at], getattr(one, f"{name}_low")[at], getattr(one, f"{name}_high")[at],
                    size) for name, size in (("before", one.split[at]), ("after", one.answers[at] - one.split[at]))]
    gap = float(one.after[at] - one.before[at])
    low, high = difference(one.after[at], one.after_low[at], one.after_high[at], one.before[at], one.before_low[at],
                           one.before_high[at])
    return figure(gap, float(low), float(high), one.answers[at], changed=True, **told,
                  when=moment(found.seen.at[one.place[at]]), before=sides[0], after=sides[1],
                  slope_per_100=rounded(one.slope[at]))


def skilled_flags(found: Skilled, at: int) -> list[dict[str, Any]]:
    """Guessing, straight-lining, one label only, shared mistakes, anchoring, drift: each with its evidence."""
    return [*_guessing_flags(found, at), *_straight_flags(found, at), *_pair_flags(found, at),
            *_anchoring_flags(found, at), *_drift_flags(found, at)]


def _guessing_flags(found: Skilled, at: int) -> list[dict[str, Any]]:
    one, judged = found.guessing, found.assessment.performance
    if not one.told[at]:
        return []
    return [flag("guessing", f"right in {percent(judged.accuracy[at])} ({percent(judged.low[at])} to "
                 f"{percent(judged.high[at])}) of {judged.answers[at]} answers, the team in {percent(found.mean)}; "
                 f"guessing would be in {percent(one.chance[at])}", one.p[at])]


def _straight_flags(found: Skilled, at: int) -> list[dict[str, Any]]:
    one, seen = found.straight, found.seen
    flags = []
    if one.p_run[at] <= ALPHA:
        judged = found.judged
        own = np.flatnonzero(judged.annotator == at)
        own = own[np.lexsort((judged.row[own], judged.at[own]))]
        rows = judged.row[own].tolist()
        run = rows[rows.index(one.first[at]):rows.index(one.last[at]) + 1]
        flags.append(flag(
            "straight-lining", f"gave '{seen.labels[one.label[at]]}' {one.length[at]} times in a row; others "
            f"{percent(one.others[at])} on the same tasks", one.p_run[at], (seen.tasks[seen.task[row]] for row in run)))
    if one.p_share[at] <= ALPHA:
        flags.append(flag(
            "one label", f"gave '{seen.labels[one.favourite[at]]}' to {percent(one.share[at])} of the tasks, others "
            f"{percent(one.usual[at])} on the same tasks, and nearly as often where the others say otherwise",
            one.p_share[at]))
    return flags


def _pair_flags(found: Skilled, at: int) -> list[dict[str, Any]]:
    flags = []
    for pair in found.copying.get(at, []):
        seen = found.seen
        other = seen.annotators[pair.second if pair.first == at else pair.first]
        of = f"{pair.mistakes} mistakes with" if pair.first == at else f"the {pair.mistakes} mistakes of"
        soon = f", {pair.together} of them within a minute" if pair.together else ""
        flags.append(flag(
            "copying", f"shares {pair.shared} of {of} {other}{soon}; {pair.expected:.1f} would be chance", pair.p,
            (seen.tasks[seen.task[row]] for row in pair.rows),
            annotator=key(other)))
    return flags


def _anchoring_flags(found: Skilled, at: int) -> list[dict[str, Any]]:
    one = found.anchoring
    if one is None or one.p[at] > ALPHA or not one.value[at] >= NOTABLE:
        return []
    judged = found.judged
    rows = np.flatnonzero((judged.annotator == at) & (judged.seen == 1) & (judged.model == judged.label))
    rows = rows[judged.model_right[rows] < 0.2]
    return [flag("anchoring", f"follows {percent(one.seen.wrong[at])} of the model's wrong suggestions; blind the "
                 f"same mistake is made in {percent(one.seen.wrong[at] - one.value[at])}", one.p[at],
                 (found.seen.tasks[task] for task in judged.task[rows]))]


def _drift_flags(found: Skilled, at: int) -> list[dict[str, Any]]:
    one = found.drift
    if one.p[at] > ALPHA:
        return []
    if one.p_break[at] <= one.p_trend[at]:
        when = moment(found.seen.at[one.place[at]])[:10]
        told = f"right on {percent(one.before[at])} before {when}, on {percent(one.after[at])} since then"
    else:
        told = f"accuracy {'falls' if one.slope[at] < 0 else 'rises'} by {abs(100 * one.slope[at]):.1f} points every " \
               "100 answers"
    return [flag("drift", f"{told}, the difficulty of the tasks accounted for", one.p[at])]
