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
    "guideline_version": ("number", "Version of the guideline in force."),
}
"""Name: (kind, what it says). `task.FIELD` reads a field of the task's data and may be of any kind."""

FUNCTIONS: dict[str, tuple[str, str]] = {
    "score": ("number", "The champion's probability of the named label."),
    "posterior": ("number", "The consensus' probability of the named label."),
}
"""Called with one label in quotes, e.g. score("spam") > 0.01."""

ACTIONS = ("escalate", "stop", "accept", "ask")
"""What a rule can do. When rules of several kinds match a task, the kind that stands first here takes effect."""


def column_name(function: str, label: str) -> str:
    """Name under which the column of `score("spam")` is looked up."""
    return f"{function}({label})"
