"""What benchmarks compare with: a plain pipeline behind label-studio-ml's own server, as its users write one."""

from __future__ import annotations

import httpx

from benchmarks import upstream
from tests.ml_backend.compat_server.conftest import setup
from tests.ml_backend.conftest import examples
from tests.ml_backend.server import predict, task


def test_a_plain_pipeline_answers_once_it_is_set_up(real_python, tmp_path):
    some = examples(90)
    url, process = upstream.start_plain([e.text for e in some], [e.label for e in some], tmp_path)
    try:
        with httpx.Client(base_url=url, timeout=60) as client:
            assert setup(client) == "INITIAL"  # its own word for a version, whatever the model is
            [answer] = predict(client, [task("the loan of the bank")])
            assert answer["result"][0]["value"] == {"choices": ["money"]}
    finally:
        process.stop()
