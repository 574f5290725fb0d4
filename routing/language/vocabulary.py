"""The words that a rules file may use: signals, functions, actions. One sentence each; docs and hints read them."""

from __future__ import annotations

from routing.language.literals import COUNT, SECONDS, SHARE

SIGNALS: dict[str, tuple[str, str]] = {
    "score": ("number", "Calibrated probability that the champion's prediction is right."),
    "margin": ("number", "Champion's probability of its first label minus that of its second."),
    "entropy": ("number", "Champion's uncertainty: 0 is sure, 1 is no idea."),
    "predicted": ("text", "Label that the champion predicts."),
    "model_version": ("text", "Version of the champion that predicted."),
    "models_agree": ("number", "Share of the project's other models (of each its newest version) that predict the "
                               "champion's label; unknown where none of them predicts."),
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
    "lesson": ("number", "What a person's answer would teach the model: its rank among the project's tasks, from 0 to "
                         "1; unknown where training has not looked at it."),
    "doubted": ("truth", "Whether the model that pre-labelled it was found bad since, and no person has answered after "
                         "that."),
    "guideline_version": ("number", "Version of the guideline in force."),
    "answer_guideline": ("number", "Oldest version of the guideline under which a counting answer was given."),
}
"""Name: (kind, what it says). `task.FIELD` reads a field of the task's data and may be of any kind."""

FUNCTIONS: dict[str, tuple[str, str, str]] = {
    "score": ("number", 'score("L")', "The champion's probability of the label L."),
    "posterior": ("number", 'posterior("L")', "The consensus' probability of the label L."),
    "found": ("number", 'found("L", error=1%)',
              "Score above which the champion's answer L is wrong in at most so many cases, found from blind answers; "
              "without a label: of all labels together. `confidence=95%` is how sure that is. Unknown while no such "
              "threshold is safe."),
    "sample": ("truth", 'sample("NAME", 10%)',
               "True for a tenth of all tasks, drawn by a hash of the task: always the same ones for one name."),
    "known": ("truth", "known(X)", "Whether X has a value: never unknown itself."),
    "any": ("truth", "any(regions, COND)", "Whether COND holds for a region that the champion predicts."),
    "all": ("truth", "all(regions, COND)", "Whether COND holds for each of them; true where there are none."),
    "count": ("number", "count(regions, COND)", "Regions for which COND holds; without COND all of them."),
    "control": ("any", 'control("NAME").SIGNAL', "Any signal of another control of the same task."),
}
"""Name: (kind, how it is written, what it says)."""

REGION_SIGNALS: dict[str, tuple[str, str]] = {
    "score": ("number", "Calibrated probability that the region is right."),
    "label": ("text", "Its label."),
}
"""What is said of a region inside `any`, `all` and `count`; any other name is a property of it."""

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
"""Signals of a person, for `pause.when`."""

ANNOTATOR_FUNCTIONS: dict[str, tuple[str, str, str]] = {
    "lower": ("number", "lower(X, 95%)", "Lower end of X's interval: X is at least that, with 95 % confidence."),
    "upper": ("number", "upper(X, 95%)", "Upper end of X's interval."),
    "known": FUNCTIONS["known"],
}

STATES = ("new", "waiting", "asked", "accepted", "done", "escalated")
"""Values of the signal `state`."""

MEASURES: dict[str, str] = {
    **dict.fromkeys(("score", "margin", "entropy", "posterior", "disagreement", "agreement", "models_agree",
                     "lesson"), SHARE),
    **dict.fromkeys(("answers", "skips", "asked", "guideline_version", "answer_guideline"), COUNT),
    **dict.fromkeys(("age", "quiet", "seconds"), SECONDS),
}
"""What the numbers of a task measure: a share is between 0 and 1, a count is whole, none is negative."""

ANNOTATOR_MEASURES: dict[str, str] = {
    **dict.fromkeys(("accuracy", "gold_accuracy", "agreement", "consistency", "skips"), SHARE),
    **dict.fromkeys(("answers", "gold_answers"), COUNT), "seconds": SECONDS,
}

ACTIONS = ("escalate", "reopen", "stop", "accept", "review", "ask")
"""What a rule can do. When rules of several kinds match a task, the kind that stands first here takes effect."""


def column_name(function: str, label: str) -> str:
    """Name under which the column of `score("spam")` is looked up."""
    return f"{function}({label})"
