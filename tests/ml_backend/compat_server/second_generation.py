"""A stand-in for label-studio-ml 2.x, which PyPI does not have: how its server calls a model, and nothing else.

Written from the description of 2.x (its constructor and `fit` by place, a new object for every request, the version
asked of `get`, an object in `extra_params`), not taken from it.
"""

from __future__ import annotations

from types import ModuleType

from flask import Flask, jsonify, request

NAMES = ("label_studio_ml", "label_studio_ml.model", "label_studio_ml.api")
EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "START_TRAINING")


class LabelStudioMLBase:
    """What a model of 2.x inherits from. Its own constructor is slow and writes to a database: ours avoids it."""

    def __init__(self, project_id=None, label_config=None):
        raise AssertionError("the base's constructor was called")

    def get(self, key):
        raise AssertionError("the base's database was asked")

    set = get

    def set_extra_params(self, extra_params):
        self.set("extra_params", extra_params)

    @property
    def model_version(self):
        return self.get("model_version")


def server(model_class):
    """The routes of 2.x in front of a model."""
    app = Flask("second generation")

    @app.get("/health")
    def health():
        return jsonify(status="UP", model_class=model_class.__name__)

    @app.post("/setup")
    def setup():
        said = request.json
        model = model_class(project_id=said["project"].split(".", 1)[0], label_config=said["schema"])
        if said.get("extra_params"):
            model.set_extra_params(said["extra_params"])
        return jsonify(model_version=model.get("model_version"))

    @app.post("/predict")
    def predict():
        said = request.json
        params = said.get("params", {})
        context = params.pop("context", {})
        model = model_class(project_id=str(said.get("project")).split(".", 1)[0], label_config=said["label_config"])
        return jsonify(results=model.predict(said["tasks"], context=context, **params))

    @app.post("/webhook")
    def webhook():
        said = request.json
        event = said.pop("action")
        if event not in EVENTS:
            return jsonify(status="Unknown event"), 200
        model = model_class(str(said["project"]["id"]), label_config=said["project"]["label_config"])
        return jsonify(result=model.fit(event, said), status="ok"), 201

    return app


def modules():
    """They as `sys.modules` would have them."""
    package, model, api = (ModuleType(name) for name in NAMES)
    model.LabelStudioMLBase = LabelStudioMLBase
    api.init_app = lambda model_class, basic_auth_user=None, basic_auth_pass=None: server(model_class)
    package.model, package.api = model, api
    return dict(zip(NAMES, (package, model, api), strict=True))
