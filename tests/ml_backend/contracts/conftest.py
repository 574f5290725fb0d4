"""The 27 contracts that Label Studio's code and its library's tests imply, over HTTP, against any ML backend.

By default against ours. Against another one, e.g. your own:

    CUELOOP_CONTRACT_URL=http://localhost:9090 .venv/bin/pytest tests/ml_backend/contracts

CUELOOP_CONTRACT_USER and CUELOOP_CONTRACT_PASSWORD are its basic auth. CUELOOP_CONTRACT_KINDS says what its model does,
with commas between: choices, ner, interactive, timeseries (default: none of them, so that what every backend must do
is checked). The rest is skipped and says so.
"""

import os
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from cueloop.store import Store
from ml_backend.dataset import Dataset, Example
from tests.ml_backend.conftest import COMMON, Project
from tests.ml_backend.live import Live
from tests.ml_backend.server import settings_in, train_now

SENTIMENT = """<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text" choice="single">
<Choice value="Positive"/><Choice value="Negative"/><Choice value="Neutral"/></Choices></View>"""
TOPIC = """<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">
<Choice value="Sports"/><Choice value="Politics"/><Choice value="Technology"/></Choices></View>"""
BOTH = SENTIMENT.replace("</View>", "") + TOPIC.split("/>", 1)[1]
WORDS = {
    "sentiment": {"Positive": ["positive", "great", "lovely"], "Negative": ["negative", "awful", "bad"],
                  "Neutral": ["fine", "average", "okay"]},
    "topic": {"Sports": ["match", "goal", "coach"], "Politics": ["vote", "senate", "law"],
              "Technology": ["chip", "code", "laptop"]}}
CSV = "time,value\n" + "".join(f"{n},{0 if 10 <= n <= 20 else 5}\n" for n in range(40))
OURS = {"choices", "ner", "interactive", "timeseries"}


@pytest.fixture(scope="session")
def elsewhere():
    """A client of the backend that CUELOOP_CONTRACT_URL names; None: ours is checked."""
    url = os.environ.get("CUELOOP_CONTRACT_URL", "").rstrip("/")
    if not url:
        yield None
        return
    user = os.environ.get("CUELOOP_CONTRACT_USER", "")
    auth = (user, os.environ.get("CUELOOP_CONTRACT_PASSWORD", "")) if user else None
    with httpx.Client(base_url=url, auth=auth, timeout=100) as client:
        yield client


@pytest.fixture(scope="session")
def kinds(elsewhere):
    """What the model of the backend does."""
    named = os.environ.get("CUELOOP_CONTRACT_KINDS", "")
    return OURS if elsewhere is None else {kind.strip() for kind in named.split(",") if kind.strip()}


@pytest.fixture
def does(request, kinds):
    """`does("ner")` skips a contract about models that this backend does not have."""
    def check(kind):
        if kind not in kinds:
            pytest.skip(f"CUELOOP_CONTRACT_KINDS does not name {kind}")
    return check


@pytest.fixture(scope="session")
def home(tmp_path_factory, valkey):
    """Settings of a home with a store, and a connected project 1 that a trained model answers."""
    settings = settings_in(tmp_path_factory.mktemp("contracts")).model_copy(update={"redis_url": valkey})
    store = Store.open(settings.store_url)
    Project(store, 1, BOTH)
    train_now(settings, store, [_dataset(control, words) for control, words in WORDS.items()], name="contracts")
    store.close()
    return settings


@pytest.fixture(scope="session")
def backend(request, elsewhere):
    """A client of the backend under test: of ours, one with a text model."""
    if elsewhere is not None:
        yield elsewhere
        return
    live = Live(request.getfixturevalue("home"), "--model", "contracts")
    yield live.client
    live.stop()


@pytest.fixture(scope="session")
def csv_url():
    """Address of a file with 40 values of which those from 10 to 20 are low."""
    class Files(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.end_headers()
            self.wfile.write(CSV.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/series.csv"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def finder(request, elsewhere):
    """A client of the backend under test: of ours, one that serves a team's class for spans and time series."""
    if elsewhere is not None:
        yield elsewhere
        return
    live = Live(request.getfixturevalue("home"), "--model-class", str(Path(__file__).parent / "finder.py"),
                CUELOOP_FETCH_HOSTS=httpx.URL(request.getfixturevalue("csv_url")).netloc.decode())
    yield live.client
    live.stop()


def _dataset(control, words):
    rng, labels = random.Random(control), tuple(words)
    some = []
    for number in range(90):
        label = labels[number % len(labels)]
        text = " ".join(rng.choices(words[label], k=2) + rng.choices(COMMON, k=4))
        some.append(Example(number + 1, f"{control}/{number}", text, label, 0.95))
    return Dataset(control=control, to_name="text", field="text", labels=labels, examples=tuple(some), source="test")
