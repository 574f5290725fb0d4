"""`label_studio_ml.model` for a team's class: a base with what both generations of its subclasses stand on.

1.0.9 is constructed with `label_config` and `train_output`, 2.x with `project_id` and `label_config`, after which
`setup` runs. What an instance keeps with `set` lives in the folder of its version, never between versions.
"""

from __future__ import annotations

import json
import os
from abc import ABC
from collections.abc import Callable, Sequence
from typing import Any

from ml_backend.compat import given
from ml_backend.compat.preload import preloaded
from ml_backend.compat.utils import get_local_path

Function = Callable[..., Any]

registered: dict[str, Function] = {}
"""Functions that the file now being imported registered: "predict" and "update"."""


def predict_fn(function: Function) -> Function:
    """Decorator: this function predicts."""
    registered["predict"] = function
    return function


def update_fn(function: Function) -> Function:
    """Decorator: this function trains."""
    registered["update"] = function
    return function


class LabelStudioMLBase(ABC):  # noqa: B024  (as upstream: nothing has to be overridden)
    """What a team's class inherits from."""

    INITIAL_MODEL_VERSION = "0.0.1"
    TRAIN_EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "PROJECT_UPDATED",
                    "START_TRAINING")
    _functions: dict[str, Function] = {}  # noqa: RUF012  (set once, when its file is imported)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of both generations, by position too: a label config is what looks like XML."""
        config, others = kwargs.get("label_config"), [arg for arg in args if arg is not None]
        for arg in list(others):
            if isinstance(arg, str) and arg.lstrip().startswith("<"):
                config = arg
                others.remove(arg)
        output = kwargs.get("train_output") or next((arg for arg in others if isinstance(arg, dict)), None)
        project = kwargs.get("project_id") or next((arg for arg in others if isinstance(arg, str | int)), None)
        self.project_id = str(project or "")
        self.train_output = output or {}
        self.hostname = kwargs.get("hostname", "")
        self.access_token = kwargs.get("access_token", "")
        self._values: dict[str, Any] = given.values()
        self._config: str | None = None
        self._parsed: Any = None
        self._interface: Any = None
        if config is not None:
            self.use_label_config(config)
        if not self.model_version:
            self.set("model_version", self.INITIAL_MODEL_VERSION)
        self.setup()

    def setup(self) -> None:  # noqa: B027  (as upstream: it may be left out)
        """Prepares the instance; subclasses override it."""

    def predict(self, tasks: Sequence[Any], context: Any = None, **kwargs: Any) -> Any:
        """Answers for tasks; subclasses override it, or a function is registered with `predict_fn`."""
        function = self._functions.get("predict")
        return function(tasks, context, helper=self, **kwargs) if function else []

    def fit(self, event: Any, data: Any = None, **kwargs: Any) -> Any:
        """Trains; subclasses override it, or a function is registered with `update_fn`."""
        function = self._functions.get("update")
        return function(event, data, helper=self, **kwargs) if function else None

    def process_event(self, event: str, data: Any, job_id: str, additional_params: dict[str, Any]) -> Any:
        """Train if the event is one to train at."""
        if event in self.TRAIN_EVENTS:
            return self.fit(event=event, data=data, job_id=job_id, **additional_params)
        return None

    def get(self, key: str) -> Any:
        """What was kept under this key, or None."""
        if key == "parsed_label_config" and key not in self._values and self._config:
            return json.dumps(self.parsed_label_config)
        return self._values.get(key)

    def set(self, key: str, value: Any) -> None:
        """Keep something under this key; it is part of the version when `fit` has ended."""
        self._values[key] = value

    def has(self, key: str) -> bool:
        """Whether something was kept under this key."""
        return self.get(key) is not None

    def use_label_config(self, label_config: str) -> None:
        """The config that is answered."""
        self._config, self._parsed, self._interface = label_config, None, None
        self._values["label_config"] = label_config
        self._values.pop("parsed_label_config", None)

    @property
    def label_config(self) -> str | None:
        """The label config, as XML."""
        return self._config

    @label_config.setter
    def label_config(self, label_config: str) -> None:
        self.use_label_config(label_config)

    @property
    def parsed_label_config(self) -> Any:
        """{control: {type, to_name, inputs, labels, ...}}."""
        if self._parsed is None:
            from label_studio_sdk._extensions.label_studio_tools.core.label_config import parse_config

            stored = self._values.get("parsed_label_config")
            if stored:
                self._parsed = json.loads(stored)
            else:
                self._parsed = parse_config(self._config) if self._config else {}  # type: ignore[no-untyped-call]
        return self._parsed

    @parsed_label_config.setter
    def parsed_label_config(self, parsed: Any) -> None:
        self._parsed = parsed

    @property
    def label_interface(self) -> Any:
        """The config as an object of the SDK, made when it is first asked for."""
        if self._interface is None:
            from label_studio_sdk.label_interface.interface import LabelInterface

            if not self._config:
                raise AttributeError("label_interface: there is no label config")
            self._interface = LabelInterface(config=self._config)
        return self._interface

    @label_interface.setter
    def label_interface(self, interface: Any) -> None:
        self._interface = interface

    @property
    def model_version(self) -> Any:
        """The author's own version; Label Studio is told the version of the registry."""
        return self._values.get("model_version")

    @model_version.setter
    def model_version(self, version: Any) -> None:
        self.set("model_version", version)

    def bump_model_version(self) -> str:
        """Count the author's own version up by a minor step."""
        numbers = [int(part) if part.isdecimal() else 0 for part in str(self.model_version or "").split(".")]
        major, minor = ([*numbers, 0, 0])[:2]
        self.set("model_version", f"{major}.{minor + 1}.0")
        return str(self.model_version)

    def set_extra_params(self, extra_params: Any) -> None:
        """What Label Studio was told to pass on: a JSON text or an object."""
        self.set("extra_params", extra_params if isinstance(extra_params, str) else json.dumps(extra_params))

    @property
    def extra_params(self) -> Any:
        """The same, read."""
        stored = self.get("extra_params")
        return json.loads(stored) if stored else {}

    def get_label_studio_access_token(self) -> str | None:
        """The token that Label Studio is asked with."""
        return os.getenv("LABEL_STUDIO_API_KEY") or os.getenv("LABEL_STUDIO_ACCESS_TOKEN")

    def get_local_path(
        self, url: str, project_dir: str | None = None, ls_host: str | None = None,
        ls_access_token: str | None = None, task_id: int | None = None, *args: Any, **kwargs: Any,
    ) -> Any:
        """The file behind an address: of Label Studio, of its storages, or of the web."""
        host = ls_host or self.hostname or os.getenv("LABEL_STUDIO_URL") or os.getenv("LABEL_STUDIO_HOST")
        token = ls_access_token or self.access_token or self.get_label_studio_access_token()
        return get_local_path(url, *args, project_dir=project_dir, hostname=host, access_token=token,
                              task_id=task_id, **kwargs)

    def preload_task_data(self, task: dict[str, Any], value: Any = None, read_file: bool = True) -> Any:
        """`value` with the contents behind its addresses (or their files): only where the config says address."""
        fetch = lambda url: self.get_local_path(url=url, task_id=task.get("id"))  # noqa: E731
        return preloaded(value, self._config, fetch, read_file)

    def get_first_tag_occurence(
        self, control_type: Any, object_type: Any, name_filter: Any = None, to_name_filter: Any = None,
    ) -> Any:
        """(from_name, to_name, field) of the first such control about such an object."""
        return self.label_interface.get_first_tag_occurence(
            control_type=control_type, object_type=object_type, name_filter=name_filter, to_name_filter=to_name_filter)

    def build_label_map(self, tag_name: str, names: Sequence[str]) -> dict[str, str]:
        """{a model's own label: label of the config}: by `predicted_values`, else by name, whatever its case."""
        small = {name.lower() for name in names}
        found: dict[str, str] = {}
        for label, tag in (self.label_interface.get_control(tag_name).labels_attrs or {}).items():
            told = [value.strip() for value in tag.attr.get("predicted_values", "").split(",")]
            meant = {value: label for value in told if value and value in names}
            if not meant and label in names:
                meant = {label: label}
            elif not meant and label.lower() in small:
                meant = {label.lower(): label}
            found |= meant
        return found
