"""The OpenAPI description and the app say the same."""

import re
from pathlib import Path

import jsonschema
import pytest

from cueloop import __version__
from ml_backend import openapi
from ml_backend.app import create_app
from ml_backend.openapi_schemas import SCHEMAS
from tests.ml_backend.conftest import CONFIG, Project, examples
from tests.ml_backend.server import AUTH, task

DESCRIBED = [(one.rule, one.method) for one in openapi.OPERATIONS]
EXAMPLES = {
    "/setup": {"project": "1.1", "schema": CONFIG, "extra_params": {"a": 1}},
    "/predict": {"tasks": [task("bread", id=1)], "project": "1.1", "label_config": CONFIG},
    "/versions": {"project": "1.1"}, "/webhook": {"action": "ANNOTATION_CREATED", "project": {"id": 1}},
    "/job_status": {"job": "7"}, "/validate": {"config": CONFIG}, "/delete": {"project": "1.1"},
    "/duplicate_model": {"project_src": "1.1", "project_dst": "2.1"}}


@pytest.fixture
def app(settings, store, project, train):
    """An app with a trained project 1 and a project 2 without a model."""
    project.add(examples(60))
    train(project_id=1, name="project-1")
    Project(store, 2)
    return create_app(settings, store)


def _schema(name):
    return {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}


def test_every_route_of_the_app_is_described_and_the_other_way_round(settings, store):
    rules = {(rule.rule, method.lower()) for rule in create_app(settings, store).url_map.iter_rules()
             for method in rule.methods - {"HEAD"}}
    assert rules == set(DESCRIBED)
    assert len(DESCRIBED) == len(rules)


@pytest.mark.parametrize("operation", openapi.OPERATIONS, ids=lambda one: f"{one.method}-{one.rule}")
def test_what_a_route_answers_is_what_is_described(app, operation):
    body = EXAMPLES[operation.rule] if operation.body else None
    if body is not None:
        jsonschema.Draft202012Validator(_schema(operation.body)).validate(body)
    response = app.test_client().open(operation.rule, method=operation.method.upper(), json=body, auth=AUTH)
    answers = dict(operation.answers)
    name = answers.get(response.status_code) or "Error"
    assert name != "Error" or response.status_code in operation.refuses, response.text
    if name in SCHEMAS:
        jsonschema.Draft202012Validator(_schema(name)).validate(response.json)


def test_label_studios_list_of_predictions_is_described_too(app):
    response = app.test_client().post("/predict", json=EXAMPLES["/predict"], auth=AUTH,
                                      headers={"User-Agent": "heartex/1.23.2"})
    assert isinstance(response.json["results"][0], list)
    jsonschema.Draft202012Validator(_schema("Results")).validate(response.json)


@pytest.mark.parametrize("operation", openapi.OPERATIONS, ids=lambda one: f"{one.method}-{one.rule}")
def test_every_route_tells_its_errors_by_the_status_that_is_described(app, operation):
    client, called = app.test_client(), {"method": operation.method.upper(), "auth": AUTH}
    described = openapi.description()["paths"][operation.rule][operation.method]["responses"]
    seen = [app.test_client().open(operation.rule, method="DELETE", auth=AUTH)]
    if not operation.open and not operation.says_more:
        seen.append(client.open(operation.rule, method=operation.method.upper()))
    if operation.body:
        seen += [client.open(operation.rule, data=b"{", **called),
                 client.open(operation.rule, data=b"{}", content_type="text/plain", **called),
                 client.open(operation.rule, data=b"{}", headers={"Content-Encoding": "gzip"}, **called)]
    for response in seen:
        assert str(response.status_code) in described
        jsonschema.Draft202012Validator(_schema("Error")).validate(response.json)


def test_the_description_is_open_and_tells_the_version(app):
    response = app.test_client().get("/openapi.json")
    assert (response.status_code, response.json["info"]["version"]) == (200, __version__)
    assert response.json == openapi.description()


def test_docs_list_every_route_with_its_methods():
    page = (Path(__file__).parents[2] / "docs" / "ml-backend.md").read_text(encoding="utf-8")
    table = {line.split("|")[1] for line in page.splitlines() if line.startswith(("| GET", "| POST"))}
    listed = {(rule, method.lower()) for cell in table for rule in re.findall(r"`([^`]+)`", cell)
              for method in re.findall(r"GET|POST", cell)}
    assert listed == set(DESCRIBED)


def test_health_that_is_asked_whether_it_is_ready_says_no_with_503(settings, store):
    response = create_app(settings, store).test_client().get("/health?ready=1", auth=AUTH)
    assert (response.status_code, response.json["ready"]) == (503, False)
    jsonschema.Draft202012Validator(_schema("Health")).validate(response.json)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
