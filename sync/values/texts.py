"""Free text: the consensus is the answer most like all others.

Similarity is in `sync.values.likeness`, the choice in `sync.values.medoids`. `probability` is the expected similarity
of the consensus to the truth, an annotator's `accuracy` that of their answers: it lies between their similarity to what
the others choose, who err too, and what that would be had the others not erred (where the truth is known, to that).
Agreement is alpha with the distance 1 - similarity: pairs of one task against pairs of any.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.outcome import Outcome
from sync.values import agreement
from sync.values.answers import Answers, agreeing, index, voting
from sync.values.likeness import Texts, normal_form
from sync.values.means import between, shares, told
from sync.values.medoids import Medoids, choose
from sync.values.outcomes import Known, crowd, detail, qualities, remembered, row, truth_row

METHOD = "medoid"
"""Name of the method in the store."""

METRIC = "krippendorff_alpha_text"

TOLD = 5
"""So many candidates of a task are told with their share of the support."""

CHANCE_PAIRS = 5_000
"""So many pairs of answers to different tasks tell how like two answers are by chance."""


def judge(control: Control, seen: Observations, *, known: Known | None = None) -> Outcome:
    """Consensus texts, annotators and agreement of the answers to a free-text control."""
    answers = voting(seen, _strings)
    compared = agreeing(answers, _strings)
    said, distinct = index([normal_form(value) for value in compared.value])
    text, texts = said, Texts(distinct)
    truth = np.full(answers.tasks, -1)
    if compared is not answers:
        place = {form: at for at, form in enumerate(distinct)}
        text = np.array([place[normal_form(value)] for value in answers.value], np.int64)
        truth[list(answers.truth)] = [place[normal_form(value)] for value in answers.truth.values()]
    remembered_chance = crowd(known, "chance")
    weight = None if remembered_chance is None else detail(known, seen, "weight", 1.0)
    chance = _chance(answers, text, texts) if remembered_chance is None else float(remembered_chance)
    found = choose(answers, text, texts, chance, truth, weight=weight)
    rows = _consensus(control, answers, text, found, distinct)
    if known is not None:
        return Outcome(control, rows, remembered(seen, known),
                       agreement.not_judged(METRIC, "text", "only some tasks were judged"), answers.warnings)
    judged = between(shares(answers.annotator, found.like, answers.annotators),
                     shares(answers.annotator, _without_others_errors(answers, found.like, chance), answers.annotators))
    details = [{"weight": told(found.weight[at]), "crowd": {"chance": told(chance)}}
               for at in range(answers.annotators)]
    report = agreement.report(compared, lambda left, right: 1 - texts.similarity(said[left], said[right]),
                              metric=METRIC, level="text")
    return Outcome(control, rows, qualities(seen, judged, details), report, answers.warnings)


def _without_others_errors(answers: Answers, like: FloatArray, chance: float) -> FloatArray:
    """How like each answer would be to the truth, if it is so `like` a text that errs as much as an average answer.

    Two answers that err by themselves are, beyond chance, as alike as the product of what each has of the truth.
    """
    to_truth = np.zeros(answers.tasks, bool)
    to_truth[list(answers.truth)] = True
    erring = ~np.isnan(like) & ~to_truth[answers.task]
    if not erring.any() or chance >= 1:
        return like
    usual = max(float(like[erring].mean() - chance) / (1 - chance), 0.05) ** 0.5
    return np.where(erring, np.maximum(like, chance + (like - chance) / usual), like).clip(max=1.0)


def _strings(value: Any) -> tuple[str, ...] | None:
    """The texts of an answer; None if it holds none."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not all(isinstance(text, str) for text in given):
        return None
    return tuple(text for text in given if text.strip()) or None


def _chance(answers: Answers, text: IntArray, texts: Texts) -> float:
    """Mean similarity of answers to different tasks; 0 where there is one task only."""
    size = len(text)
    if size < 2:
        return 0.0
    rng = np.random.default_rng(0)
    left = rng.integers(0, size, CHANCE_PAIRS)
    right = (left + rng.integers(1, size, CHANCE_PAIRS)) % size
    apart = answers.task[left] != answers.task[right]
    return float(texts.similarity(text[left[apart]], text[right[apart]]).mean()) if apart.any() else 0.0


def _consensus(control: Control, answers: Answers, text: IntArray, found: Medoids,
               distinct: list[str]) -> tuple[Consensus, ...]:
    """One row for each task with an answer or a ground truth, told as its most reliable annotator wrote it."""
    told_texts = _told(found, distinct)
    writer = _writers(answers, text, found)
    rows = []
    for task, name in enumerate(answers.seen.tasks):
        count = int(answers.per_task[task])
        if task in answers.truth:
            rows.append(truth_row(name, control.name, "text", list(answers.truth[task]), told_texts[task], count))
        elif count:
            rows.append(row(name, control.name, "text", list(answers.value[writer[task]]), float(found.sure[task]),
                            told_texts[task], count, METHOD))
    return tuple(rows)


def _writers(answers: Answers, text: IntArray, found: Medoids) -> IntArray:
    """The answer of the most reliable annotator who gave each task's chosen text; the first by name among equals."""
    own = np.flatnonzero(text == found.text[answers.task])
    weight: FloatArray = found.weight[answers.annotator[own]].round(9)
    order = np.lexsort((own, -weight, answers.task[own]))
    task, first = np.unique(answers.task[own][order], return_index=True)
    writer = np.full(answers.tasks, -1)
    writer[task] = own[order[first]]
    return writer


def _told(found: Medoids, distinct: list[str]) -> dict[int, dict[str, float]]:
    """The best supported texts of each task, shortened, with their share of the support."""
    task, text, share = found.told
    told_texts: dict[int, dict[str, float]] = defaultdict(dict)
    for at in np.lexsort((text, -share, task)).tolist():
        some = told_texts[int(task[at])]
        if len(some) < TOLD:
            some.setdefault(distinct[text[at]][:200], float(share[at]))
    return told_texts
