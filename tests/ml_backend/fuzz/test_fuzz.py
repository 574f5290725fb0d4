"""Every route, fuzzed from the backend's own OpenAPI description: no 5xx, and every answer is as described."""

import pytest
import schemathesis
import schemathesis.specs.openapi.schemas
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from cueloop.store import Store
from ml_backend.app import create_app
from ml_backend.openapi import OPERATIONS
from tests.ml_backend.conftest import Project, dataset, examples
from tests.ml_backend.live import Live
from tests.ml_backend.server import AUTH, settings_in, train_now

# schemas is imported here and not when a test first needs it: pytest rewrites it, and late in a whole run Python 3.11
# could not parse it ("AST constructor recursion depth mismatch").

EXAMPLES = 60
"""Requests of each kind for each route in the process; over HTTP a quarter of them."""
CONFIG = {"generation": {"with-security-parameters": False},  # every request has the password
          "checks": {"negative_data_rejection": {"expected-statuses": [400, 404, 405, 410, 415, 429]}}}
TOLERANT = {"/webhook"}
"""An event is a hint: nobody looks at what else is in it."""


@pytest.fixture(scope="module")
def served(tmp_path_factory, valkey):
    """(settings, store) of a connected project with a trained model and a Redis."""
    found = settings_in(tmp_path_factory.mktemp("fuzz")).model_copy(update={"redis_url": valkey})
    store = Store.open(found.store_url)
    Project(store, 1)
    train_now(found, store, [dataset(examples(90))], 1, "project-1")
    yield found, store
    store.close()


@pytest.fixture(scope="module")
def inside(served):
    """The description as the app serves it, whose requests stay in this process."""
    config = SchemathesisConfig.from_dict(CONFIG)
    return schemathesis.openapi.from_wsgi("/openapi.json", create_app(*served), config=config)


@pytest.fixture(scope="module")
def outside(served):
    """The same over HTTP, from a server as a user runs it."""
    live = Live(served[0])
    yield schemathesis.openapi.from_url(f"{live.url}/openapi.json", config=SchemathesisConfig.from_dict(CONFIG))
    live.stop()


def fuzz(description, method, route, kind, count):
    """Send `count` requests that are generated from the description, and hold each answer against it."""
    operation = description[route][method]
    # a description cannot tell well-formed XML, or which projects and jobs there are: those may be refused
    passed_by = [checks.positive_data_acceptance] + [checks.negative_data_rejection] * (route in TOLERANT)

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, print_blob=False,
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=kind))
    def ask(case):
        case.call_and_validate(auth=AUTH, excluded_checks=passed_by)

    ask()


CASES = [(o.method.upper(), o.rule, GenerationMode.POSITIVE) for o in OPERATIONS] + [
    (o.method.upper(), o.rule, GenerationMode.NEGATIVE) for o in OPERATIONS if o.body or o.query]
"""What is sent as described, and where there is something to do wrong also what is not."""


@pytest.mark.parametrize(("method", "route", "kind"), CASES)
def test_each_route_in_the_process(inside, method, route, kind):
    fuzz(inside, method, route, kind, EXAMPLES)


@pytest.mark.parametrize(("method", "route", "kind"), CASES)
def test_each_route_over_http(outside, method, route, kind):
    fuzz(outside, method, route, kind, EXAMPLES // 4)


def test_the_description_lists_every_route(served):
    rules = {(method, rule.rule) for rule in create_app(*served).url_map.iter_rules()
             for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert rules == {(operation.method.upper(), operation.rule) for operation in OPERATIONS}
