"""The words that a rules file may use: signals, functions, actions. One sentence each; docs and hints read them."""

from __future__ import annotations

SIGNALS: dict[str, tuple[str, str]] = {
    "score": ("number", "Calibrated probability that the champion's prediction is right."),
    "margin": ("number", "Champion's probability of its first label minus that of its second."),
    "entropy": ("number", "Champion's uncertainty: 0 is sure, 1 is no idea."),
    "predicted": ("text", "Label that the champion predicts."),
    "model_version": ("text", "Version of the champion that predicted."),
    "posterior": ("number", "Probability that the consensus label is right, given people's answers."),
    "label": ("text", "Consensus label of people's answers."),
    "answers": ("number", "People who have answered the task."),
    "skips": ("number", "People who have skipped the task."),
    "disagreement": ("number", "Share of answers that differ from the commonest one; unknown below two answers."),
    "agreement": ("number", "Agreement of the answers: share of pairs that say the same, of regions their F1; unknown "
                            "below two answers."),
    "interval_width": ("number", "Width of the 95 % interval around the consensus: of the largest share where people "
                                 "may differ, of the value of a rating or number."),
    "labels": ("list", "All labels that people's answers name."),
    "asked": ("number", "People who are being asked now."),
    "state": ("text", "Where the task stands: new, waiting, asked, accepted, done, escalated."),
    "age": ("number", "Seconds since the task was made; write 2h or 30m."),
    "quiet": ("number", "Seconds since the last answer; unknown before the first."),
    "seconds": ("number", "Seconds that people spent on it so far."),
    "cost": ("number", "Money that it cost so far; unknown where no rate is known."),
    "guideline_version": ("number", "Version of the guideline in force."),
    "answer_guideline": ("number", "Oldest version of the guideline under which a counting answer was given."),
}
"""Name: (kind, what it says). `task.FIELD` reads a field of the task's data and may be of any kind."""

FUNCTIONS: dict[str, tuple[str, str]] = {
    "score": ("number", "The champion's probability of the named label."),
    "posterior": ("number", "The consensus' probability of the named label."),
}
"""Called with one label in quotes, e.g. score("spam") > 0.01."""

ANNOTATOR_SIGNALS: dict[str, tuple[str, str]] = {
    "answers": ("number", "Answers that the annotator gave."),
    "accuracy": ("number", "Their accuracy against the consensus."),
    "gold_answers": ("number", "Answers they gave to ground truth."),
    "gold_accuracy": ("number", "Share of those that were right."),
    "agreement": ("number", "Share of the others' answers to the same tasks that say the same."),
    "consistency": ("number", "Share of tasks asked again that they answered the same way."),
    "seconds": ("number", "Median seconds of theirs for a task."),
    "skips": ("number", "Share of tasks that they skipped."),
    "drifting": ("truth", "Whether their accuracy fell, by the scorecard's test."),
    "guessing": ("truth", "Whether they answer no better than chance, by the scorecard's test."),
}
"""Signals of a person, for `pause.when`; `lower(X, 95%)` and `upper(X, 95%)` are the ends of X's interval."""

ACTIONS = ("escalate", "reopen", "stop", "accept", "review", "ask")
"""What a rule can do. When rules of several kinds match a task, the kind that stands first here takes effect."""


def column_name(function: str, label: str) -> str:
    """Name under which the column of `score("spam")` is looked up."""
    return f"{function}({label})"
