"""What Label Studio asks about a project's model: does it fit a config, forget the project, start another with it."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from cueloop.errors import LabelConfigError
from cueloop.label_config import parse
from ml_backend import copying, fitting, protocol
from ml_backend.protocol import BadRequest
from ml_backend.serving import body
from ml_backend.serving.parts import Parts


class Projects:
    """Routes about projects and their models."""

    def __init__(self, parts: Parts) -> None:
        """Over the parts of a process."""
        self._parts = parts

    def validate(self) -> Response:
        """Say what of a label config the model answers. A config that cannot be read is an answer too, not an error."""
        sent = body.read(request)
        xml, project_id = sent.get("config"), protocol.project_id(sent.get("project"))
        if not isinstance(xml, str):
            raise BadRequest("`config` must be a string: the XML of a label config.")
        try:
            xml.encode()
            config = parse(xml)
        except (LabelConfigError, UnicodeEncodeError, RecursionError) as error:
            why = str(error) if isinstance(error, LabelConfigError) else "The label config is no XML."
            return jsonify(fitting.unreadable(why))
        return jsonify(fitting.fit(config, self._parts.choice.loaded(project_id)))

    def delete(self) -> Response:
        """Forget what this process remembers of a project. Its data, versions and files stay."""
        self._parts.choice.forget(_needed(body.read(request), "project"))
        return jsonify(status="ok")

    def duplicate_model(self) -> Response:
        """Have a project without a model of its own start with a copy of the version that answers for another one."""
        sent = body.read(request)
        source, target = _needed(sent, "project_src"), _needed(sent, "project_dst")
        loaded = self._parts.choice.loaded(source)
        self._parts.ask.check()
        version = copying.copy(self._parts.store, loaded, source, target)
        self._parts.choice.forget(target)
        return jsonify(status="ok", model=version.name, model_version=version.version)


def _needed(sent: dict[str, Any], name: str) -> int:
    found = protocol.project_id(sent.get(name), name)
    if found is None:
        raise BadRequest(f"`{name}` must be a project's id, like 5 or 5.1795339044.")
    return found
