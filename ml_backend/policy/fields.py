"""Every field of training.yaml: what it is, how it is read, what it means. One table for reader, schema and docs."""

from __future__ import annotations

from dataclasses import replace

from cueloop.language.shapes import AMOUNT, DURATION, FLAG, SHARE, Field, Fields, Shape, choice, integer, one_or_more
from ml_backend.models import KINDS
from ml_backend.policy.policy import (
    AUTO,
    KEEP,
    REMOVE,
    Data,
    Gate,
    Learning,
    Rollback,
    Rollout,
    Shadow,
    Triggers,
)
from ml_backend.policy.shapes import (
    CLOCK,
    FIELD,
    ZONE,
    Several,
    between,
    margins,
    or_never,
    positive,
    section,
    several,
)

DATA: Fields = {
    "least_probability": Field(SHARE, "consensus that is less sure is left out of training and judging"),
    "soft": Field(FLAG, "`true`: learn the whole posterior of each consensus, not its label with its probability"),
    "holdout": Field(between(0.01, 0.5), "share of the labelled tasks that judges models and never trains one"),
    "source": Field(or_never(FIELD), "`task.FIELD` that names where a task comes from (author, document, conversation)"
                                     ": tasks of one source are never on both sides"),
    "duplicates": Field(or_never(positive(SHARE)), "likeness from which two texts are never on both sides")}

FIRST: Fields = {
    "per_class": Field(integer(2), "labelled tasks that each class needs", into="first_per_class"),
    "patience": Field(integer(2), "labelled tasks per class after which a rare class holds it up no longer",
                      into="first_patience")}

SCORE: Fields = {
    "falls": Field(positive(SHARE), "points of accuracy by which it has fallen, beyond chance", into="score_fall"),
    "audits": Field(integer(10), "fresh blind audits that this needs", into="score_audits")}

DRIFT: Fields = {
    "inputs": Field(or_never(positive(AMOUNT)), "population stability index of text lengths, unknown words or scores",
                    into="input_drift"),
    "labels": Field(or_never(positive(AMOUNT)), "the same of the labels that the champion predicts",
                    into="label_drift")}

TRAIN: Fields = {
    "first": Field(several(FIRST), "when there is enough for a first model"),
    "growth": Field(or_never(positive(SHARE)), "share by which the labelled tasks have grown, at most 100%"),
    "least_new": Field(integer(1), "new labels that a training needs unless a person or the schedule asks for it"),
    "score": Field(or_never(several(SCORE), Several(score_fall=None)),
                   "the champion's accuracy on fresh blind audits has fallen below what it was promoted with"),
    "drift": Field(or_never(several(DRIFT), Several(input_drift=None, label_drift=None)),
                   "tasks that arrived since are not like those before"),
    "guideline": Field(FLAG, "a guideline version came into force, and `least_new` tasks were answered under it"),
    "every": Field(or_never(DURATION), "time since the last training, e.g. `7d`, if anything has changed"),
    "at": Field(or_never(one_or_more(CLOCK), ()), "a day and time, or a list of them, e.g. `monday 03:00` or "
                                                  "`every day 18:30`, if anything has changed"),
    "time_zone": Field(ZONE, "time zone of `at`, e.g. `Europe/Berlin`"),
    "pause": Field(DURATION, "rest after a training that failed, doubled with each further one, up to a day")}

SHADOW: Fields = {
    "audits": Field(integer(1), "fresh blind answers that judge champion and challenger", needed=True),
    "longest": Field(DURATION, "time after which what is there has to do", needed=True)}

GATE: Fields = {
    "margin": Field(SHARE, "points of accuracy by which a challenger may be worse, beyond what chance explains"),
    "protected": Field(margins(), "points of recall by which it may be worse on a label: `{hate: 2%}`; `\"*\"` for all "
                                  "that are not named"),
    "slices": Field(or_never(one_or_more(FIELD), ()), "`task.FIELD`, or a list: it is judged apart on each value"),
    "slice_margin": Field(SHARE, "points by which it may be worse on a slice, beyond what chance explains"),
    "calibration_error": Field(or_never(SHARE), "largest calibration error (ECE) that is let pass", into="ece"),
    "shadow": Field(or_never(Shape(
        lambda reader, node, what: _shadow(section(SHADOW, dict).read(reader, node, what)),
        section(SHADOW, dict).schema)),
        "a challenger first predicts unseen beside the champion, until fresh blind answers judge both")}

ROLLBACK: Fields = {
    "rise": Field(positive(SHARE), "points above the error of the version before"),
    "audits": Field(integer(5), "blind audits of tasks it predicted that this needs at least"),
    "confidence": Field(between(0.5, 0.9999), "how sure it must be")}

ROLLOUT: Fields = {
    "old": Field(choice((KEEP, REMOVE)), "what becomes of predictions of versions that no longer serve"),
    "keep": Field(integer(0), "with `remove`: versions before the one in service whose predictions stay")}

LEARNING: Fields = {
    "by": Field(choice(("margin", "entropy")), "how unsure the model is"),
    "diverse": Field(FLAG, "no near-duplicates in a batch"),
    "rare": Field(FLAG, "tasks that may be of a rare class come sooner"),
    "second": Field(FLAG, "second opinions on doubtful labels compete with new labels"),
    "weight": Field(SHARE, "its part in the order of the queues; 0: none")}

SECTIONS: Fields = {
    "data": Field(section(DATA, lambda values: Data(**values)), "what is learned from, and what is held out"),
    "train": Field(section(TRAIN, lambda values: Triggers(**values)), "when a training is due: whichever comes first"),
    "models": Field(one_or_more(choice((AUTO, *KINDS))), "kinds of models that compete; `auto`: all that are installed",
                    into="kinds"),
    "gate": Field(section(GATE, lambda values: Gate(**values)), "what a challenger must show to be promoted"),
    "rollback": Field(or_never(section(ROLLBACK, lambda values: Rollback(**values)), replace(Rollback(), on=False)),
                      "when a promoted version is taken back by itself: its error on blind audits has risen"),
    "rollout": Field(section(ROLLOUT, lambda values: Rollout(**values)), "predictions in Label Studio"),
    "learning": Field(or_never(section(LEARNING, lambda values: Learning(**values)), replace(Learning(), on=False)),
                      "which tasks are asked first so that the model learns fastest")}

PARTS: dict[str, Fields] = {
    "data": DATA, "train": TRAIN, "train.first": FIRST, "train.score": SCORE, "train.drift": DRIFT, "gate": GATE,
    "gate.shadow": SHADOW, "rollback": ROLLBACK, "rollout": ROLLOUT, "learning": LEARNING}
"""Where each table of fields stands in the file, for the documentation."""


def _shadow(values: dict[str, float]) -> Shadow | None:
    """None where a mistake was noted."""
    return Shadow(int(values["audits"]), values["longest"]) if len(values) == len(SHADOW) else None
