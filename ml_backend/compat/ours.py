"""Our models as a `LabelStudioMLBase` subclass, for teams that keep label-studio-ml's own server.

That server builds the object anew for every request (2.x) or every setup (1.0.9), and hands over less than Label Studio
sent. So the object is a door: behind it stands, once a process, the very app that `cueloop serve` runs, and what was
asked is put to its routes. Whatever holds for our own server holds here: versions, blind tasks, labels of the config,
bad tasks, promotion while people work.

    from ml_backend.compat.ours import Cueloop      # model.py: all that label-studio-ml needs

    Cueloop.model = "tickets"                       # leave it out: each project's own model
    Cueloop.warm()
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, ClassVar

from flask import has_request_context
from flask import request as theirs

from cueloop import logs
from cueloop.errors import CueloopError
from ml_backend.compat import ours_app
from ml_backend.protocol import LABEL_STUDIO

try:
    from label_studio_ml import model as upstream
except ImportError as missing:
    raise ImportError(
        f"This needs label-studio-ml, and {missing.name} is not installed here. Install label-studio-ml with --no-deps "
        "and what requirements/label-studio-ml.txt lists; `cueloop serve` needs neither.") from None

TRAINING = "START_TRAINING"
"""The button. All other events are hints that polling makes superfluous."""

log = logs.get(__name__)


class Refused(CueloopError):
    """Raised when our app answers with an error: its message is what the app says."""


class Cueloop(upstream.LabelStudioMLBase):  # type: ignore[misc]
    """Answers for label-studio-ml 1.0.9 and 2.x; see above. Set `model` and `home` on it or on a subclass."""

    model: ClassVar[str | None] = None
    """NAME, NAME@ALIAS or NAME@VERSION; None: each project's own."""
    home: ClassVar[Path | None] = None
    """Home with the store and the artifacts; None: CUELOOP_HOME, as for every command."""
    TRAIN_EVENTS = (TRAINING,)

    def __init__(self, project_id: Any = None, label_config: str | None = None, **_: Any) -> None:
        """As 2.x calls it, by place too; 1.0.9 calls it by name and with more, tokens among it, which is not kept.

        The base's own constructor parses the config and, in 2.x, writes to a database: at every request, for nothing
        that is needed here.
        """
        self._brought = {"project": project_id or None, "label_config": label_config}

    @classmethod
    def warm(cls) -> None:
        """Load now, not within the three seconds that Label Studio waits for its first answer. Call it at the start."""
        ours_app.behind(cls.model, cls.home)
        gc.collect()
        gc.freeze()  # else every large body has Python look through the whole model for garbage

    def predict(self, tasks: Any, context: Any = None, **_: Any) -> list[Any]:
        """Answers as our own /predict gives them, one a task. Raises Refused where that refuses."""
        asked = self._said() | {"tasks": tasks, "params": {"context": context or None}}
        results: list[Any] = self._ask("/predict", asked)["results"]
        return results

    def fit(self, *given: Any, **named: Any) -> dict[str, Any]:
        """Hand the Start Training button over to our own queue and return at once: {"job"} or {"error"}.

        (event, data) in 2.x; 1.0.9 gives them by name. Without a connected project or a Redis it is told that nothing
        was started: the model in service stays.
        """
        event, data = given[:2] if len(given) > 1 else (named.get("event"), named.get("data"))
        if event != TRAINING or not isinstance(data, dict):
            return {}
        try:
            return self._ask("/webhook", {"action": TRAINING, "project": data.get("project")})
        except Refused as refused:
            log.warning("training was not started", reason=str(refused))
            return {"error": str(refused)}

    def get(self, key: str) -> Any:
        """2.x asks for `model_version`, to tell Label Studio which version predictions carry. Nothing else is kept."""
        return self.version() if key == "model_version" else None

    def set(self, key: str, value: Any) -> None:
        """2.x would keep this in a database; there is nothing to keep."""

    def has(self, key: str) -> bool:
        """Whether `get` knows it."""
        return key == "model_version"

    def version(self) -> str:
        """The version that predictions carry."""
        found: str = self._ask("/setup", {"project": self._said()["project"]})["model_version"]
        return found

    def _said(self) -> dict[str, Any]:
        """What Label Studio said of project and config in this request: 1.0.9 keeps them for whoever asks next."""
        body = theirs.get_json(silent=True) if has_request_context() else None
        if not isinstance(body, dict):
            return dict(self._brought)
        return {"project": body.get("project") or self._brought["project"],
                "label_config": body.get("label_config") or body.get("schema") or self._brought["label_config"]}

    def _ask(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        who = theirs.headers.get("User-Agent", "") if has_request_context() else LABEL_STUDIO
        response = ours_app.behind(self.model, self.home).post(route, json=body, headers={"User-Agent": who})
        answer: dict[str, Any] = response.get_json()
        if response.status_code >= 400:
            raise Refused(str(answer.get("error")))
        return answer


if hasattr(upstream, "LabelStudioMLManager"):
    from ml_backend.compat.ours_events import take_over

    take_over(upstream, Cueloop)
