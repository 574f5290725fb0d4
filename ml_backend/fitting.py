"""What of a label config a model answers, told so that a person understands it."""

from __future__ import annotations

from typing import Any

from cueloop.types import Control, LabelConfig
from ml_backend.bundle import Head, paired
from ml_backend.registry import Loaded

Told = dict[str, Any]


def unreadable(why: str) -> Told:
    """About a config that is no label config."""
    return {"valid": False, "message": why, "model": None, "model_version": None, "controls": []}


def fit(config: LabelConfig, loaded: Loaded | None) -> Told:
    """{"valid": whether anything is answered, now or after a training, "message", "model", "model_version",
    "controls": [{"name", "type", "answered", "message"}]}.
    """
    answers = {control.name: head for head, control in paired(loaded.bundle, config.modelled)} if loaded else {}
    told = [_control(control, answers.get(control.name), loaded) for control in config.controls]
    possible = bool(loaded and loaded.other and told) or bool(config.modelled if loaded is None else answers)
    return {"valid": possible, "message": _message(told, loaded, possible),
            "model": loaded.version.name if loaded else None,
            "model_version": loaded.version.version if loaded else None, "controls": told}


def _control(control: Control, head: Head | None, loaded: Loaded | None) -> Told:
    answered, why = False, f"Models of ours do not answer {control.type} like this; they answer single-choice Choices."
    if control.type == "Choices" and len(control.labels) < 2:
        why = "A control needs at least two labels for a model to choose between."
    if loaded and loaded.other:
        answered, why = True, "The model is not one of ours: it may answer this."
    elif head is not None:
        missing = [label for label in control.labels if label not in head.labels]
        answered = True
        why = f"Answered, but never with: {', '.join(missing)}." if missing else "Answered, with all its labels."
    elif control.modelled:
        why = ("No model answers here yet; it is trained when enough tasks are labelled." if loaded is None else
               "The model in service was not trained for this control or its labels.")
    return {"name": control.name, "type": control.type, "answered": answered, "message": why}


def _message(told: list[Told], loaded: Loaded | None, possible: bool) -> str:
    if not told:
        return "The label config has no control that anybody could answer: add <Choices name=\"...\" toName=\"...\">."
    names = ", ".join(one["name"] for one in told if one["answered"])
    if names:
        rest = ", ".join(one["name"] for one in told if not one["answered"])
        return f"Answered: {names}." + (f" Left to people: {rest}." if rest else "")
    if possible:
        return "No model answers here yet. Label tasks: one is trained when there are enough."
    return "Nothing of this label config is answered" + (f" by {loaded.version.name}." if loaded else ".")
