"""Label Studio's ML protocol as pure functions: what its bodies mean.

Bodies hold tokens and customers' texts: nothing here logs them, errors name fields and never quote values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cueloop.errors import CueloopError, LabelConfigError
from cueloop.label_config import answer, parse
from cueloop.types import Control, LabelConfig
from ml_backend.registry import Loaded
from ml_backend.remembered import Remembered

UNTRAINED = "untrained"
"""Version of an answer that no model gave."""
LABEL_STUDIO = "heartex/"
"""How the User-Agent of Label Studio begins."""


class BadRequest(CueloopError):
    """Raised when a body does not say what its route needs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a /predict body asks for."""

    tasks: tuple[Any, ...]
    project_id: int | None
    config: LabelConfig | None
    """None: neither the body nor the project brought one."""
    interactive: bool
    """Asked from an open editor, whose answer is shown and not stored."""
    stored: bool
    """Asked by Label Studio, which stores what it is answered: an object even if its result is empty."""
    context: Any = None
    """What the annotator has done so far, as Label Studio's editor tells it: {"result": [...]}. Any JSON."""
    xml: str = ""
    """The label config as it was sent."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """What the body says beside the tasks: `context` of an open editor, `login` and `password` of the data."""


def asked(body: Any, user_agent: str = "") -> Asked:
    """Read a /predict body. Raises BadRequest saying which field is wrong."""
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object with a list `tasks`.")
    tasks = body.get("tasks")
    if isinstance(tasks, dict):
        tasks = [tasks]
    if not isinstance(tasks, list):
        raise BadRequest("`tasks` must be a list of tasks.")
    params = body.get("params")
    params = params if isinstance(params, dict) else {}
    interactive = params.get("context") is not None or _from_editor(tasks)
    return Asked(tuple(tasks), project_id(body.get("project")), config(body.get("label_config")),
                 interactive=interactive, stored=not interactive and user_agent.startswith(LABEL_STUDIO),
                 context=params.get("context"), xml=body.get("label_config") or "", params=params)


def _from_editor(tasks: list[Any]) -> bool:
    """Whether an open editor asks with a null context: Label Studio adds the person's drafts to a task only then."""
    return len(tasks) == 1 and isinstance(tasks[0], dict) and isinstance(tasks[0].get("drafts"), list)


def project_id(value: Any, name: str = "project") -> int | None:
    """The project's id in `5.1795339044` (id and time of creation), in a number, or in a project; None if absent.

    `name`: of the field, for the message. Raises BadRequest.
    """
    if isinstance(value, dict):
        value = value.get("id")
    if value is None or value == "":
        return None
    if isinstance(value, float):
        value = int(value) if 0 <= value < 10**18 else ""
    head = str(value).split(".", 1)[0] if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not (head.isascii() and head.isdecimal()) or len(head) > 18:
        raise BadRequest(f"`{name}` must be a project's id, like 5 or 5.1795339044.")
    return int(head)


def config(value: Any, name: str = "label_config") -> LabelConfig | None:
    """The label config in a body; None if it is absent or empty. Raises BadRequest when it cannot be read.

    `name`: of the field, for the message.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` must be a string of XML.")
    try:
        return _parsed(value)
    except LabelConfigError as error:
        raise BadRequest(str(error)) from None
    except (UnicodeEncodeError, RecursionError):
        raise BadRequest(f"`{name}` is no XML: half a character, or tags nested too deeply.") from None


def _read(xml: str) -> LabelConfig:
    xml.encode()  # half of a pair of surrogates is no character
    return parse(xml)


_parsed = Remembered(_read, 2**24)
"""Label Studio sends the same config with every request."""


def task_id(task: Any) -> int | None:
    """A task's id, where it has one."""
    found = task.get("id") if isinstance(task, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**31 else None


def controls_of(loaded: Loaded | None, config: LabelConfig | None) -> tuple[Control, ...]:
    """Controls that a model is asked about; without a config those that it was trained for.

    Models of ours answer single choices only. One of somebody else's may answer anything that the config has.
    """
    if config is not None:
        return config.controls if loaded and loaded.other else config.modelled
    heads = loaded.bundle.heads if loaded else ()
    return tuple(Control(h.control, h.to_name, "Choices", h.labels, h.field, modelled=True) for h in heads)


def open_controls(controls: Sequence[Control], context: Any) -> tuple[Control, ...]:
    """The controls that the annotator has not answered yet. Any JSON may be a context; what is none of ours is not."""
    result = context.get("result") if isinstance(context, dict) else None
    if not isinstance(result, list):
        return tuple(controls)
    return tuple(control for control in controls if answer(control, result) is None)
