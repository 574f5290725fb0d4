"""Logs are JSON lines without tokens and bodies."""

import json

import structlog

from cueloop import logs


def test_a_token_and_a_body_never_reach_the_log(capsys):
    structlog.reset_defaults()
    logs.setup("info", "test")
    logs.get("room").info("called", access_token="open-sesame", body="somebody's text", task=7)
    line = json.loads(capsys.readouterr().err)
    assert line["access_token"] == "***"
    assert line["body"] == "<15 characters>"
    assert (line["task"], line["process"], line["module"]) == (7, "test", "room")
    structlog.reset_defaults()
