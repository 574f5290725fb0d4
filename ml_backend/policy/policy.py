"""The training policy of a project, as numbers. Without a `training.yaml` the defaults hold.

Shares are between 0 and 1, durations in seconds, margins in points of accuracy as a share (0.02 is two points).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AUTO = "auto"
"""Kind of model: whichever of those installed is best on data that it did not learn from."""
KEEP, REMOVE = "keep", "remove"
EVERY = "*"
"""Among protected labels: all that are not named."""


@dataclass(frozen=True, slots=True)
class Data:
    """What is learned from and what is held out."""

    least_probability: float = 0.5
    """Consensus that is less sure is left out of training and judging. Asking for more than this biases the classes:
    one answer alone makes a rare label less sure than a common one."""
    soft: bool = False
    """Learn the whole posterior of each consensus, not its label weighted with its probability."""
    holdout: float = 0.2
    """Share of the labelled tasks that judges and is never trained on; it grows with them and never changes."""
    source: str | None = None
    """Field of the task's data that names its source (author, document, conversation): one source, one part."""
    duplicates: float | None = 0.8
    """Likeness of two texts (Jaccard of their pieces) from which they go into the same part; None: never."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of the week."""

    day: int | None
    """0: Monday; None: every day."""
    minute: int
    """Minutes after midnight."""


@dataclass(frozen=True, slots=True)
class Triggers:
    """When a training is due: whichever comes first. None: never for that reason."""

    first_per_class: int = 5
    """Labelled tasks that each class needs before the first training."""
    first_patience: int = 20
    """Labelled tasks per class of the config after which a rare class no longer holds up the first training."""
    growth: float | None = 0.4
    """Share by which the labelled tasks have grown since the last training."""
    least_new: int = 20
    """New labels that a training needs, unless a person or the schedule asks for it. Any reason but growth needs twice
    as many, and twice its own evidence, after each training since the champion's that did not come into service."""
    score_fall: float | None = 0.05
    """Points by which the champion's accuracy on fresh blind audits has fallen below what it was promoted with, beyond
    chance."""
    score_audits: int = 30
    """Fresh audits that this needs."""
    input_drift: float | None = 0.2
    """Population stability index of newly arrived tasks' inputs against those that were there when it was trained."""
    label_drift: float | None = 0.1
    """The same of the mix of labels, as the champion predicts them."""
    guideline: bool = True
    """A new guideline version, as soon as enough tasks were answered under it (`least_new`)."""
    every: float | None = None
    """Seconds since the last training, if anything has changed since."""
    at: tuple[Clock, ...] = ()
    """Times of the week at which a training is due, if anything has changed since the last."""
    time_zone: str = "UTC"
    """Time zone of `at`."""
    pause: float = 600.0
    """Seconds after a training that failed; twice as long after each further one, up to a day."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """A challenger predicts beside the champion, unseen, until enough fresh blind answers judge both."""

    audits: int
    longest: float
    """Seconds after which what is there has to do."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a challenger must show to be promoted."""

    margin: float = 0.0
    """Points of accuracy by which it may be worse, beyond what chance explains."""
    protected: Mapping[str, float] = field(default_factory=dict)
    """{label: points of recall by which it may be worse on that label}, `*` for all not named."""
    slices: tuple[str, ...] = ()
    """Fields of the task's data by whose values it is judged apart."""
    slice_margin: float = 0.05
    """Points by which it may be worse on a slice, beyond what chance explains."""
    ece: float | None = None
    """Largest calibration error that is let pass."""
    shadow: Shadow | None = None


@dataclass(frozen=True, slots=True)
class Rollback:
    """When a promoted version is taken back by itself: its error on blind audits has risen."""

    on: bool = True
    rise: float = 0.05
    """Points above the error that the version before had."""
    audits: int = 20
    """Blind audits of tasks it predicted that this needs at least."""
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Rollout:
    """What becomes of the predictions of versions that no longer serve."""

    old: str = KEEP
    keep: int = 1
    """With `remove`: versions before the one in service whose predictions stay in Label Studio."""


@dataclass(frozen=True, slots=True)
class Learning:
    """Which tasks are asked first so that the model learns fastest."""

    on: bool = True
    by: str = "margin"
    """margin | entropy"""
    diverse: bool = True
    """No near-duplicates in a batch."""
    rare: bool = True
    """Tasks that may be of a rare class come sooner."""
    second: bool = True
    """Second opinions on doubtful labels compete with new labels."""
    weight: float = 0.5
    """Its part in the order of the queues, beside what an answer tells about the task itself; 0: none."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that `training.yaml` may say."""

    data: Data = Data()
    train: Triggers = Triggers()
    kinds: tuple[str, ...] = (AUTO,)
    """Kinds of models that compete; `auto`: all that are installed and fit the data."""
    gate: Gate = Gate()
    rollback: Rollback = Rollback()
    rollout: Rollout = Rollout()
    learning: Learning = Learning()
    hash: str = ""
    """Of the file in force; empty: the defaults."""
