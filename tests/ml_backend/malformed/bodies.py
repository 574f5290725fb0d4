"""Bodies that no route should be sent: what is wrong with the whole, and what is wrong with one field."""

import json

from tests.ml_backend.conftest import CONFIG

SECRET = "xq7-secret-of-a-customer"
"""Stands in every body, and may stand in no answer."""
TYPE = {"Content-Type": "application/json"}
GOOD = {
    "/predict": {"tasks": [{"id": 1, "data": {"text": f"bread {SECRET}"}}], "project": "1.1795339044",
                 "label_config": CONFIG, "params": {"login": SECRET, "password": SECRET, "context": None}},
    "/setup": {"project": "1.1795339044", "schema": CONFIG, "hostname": "http://localhost:8080",
               "access_token": SECRET, "extra_params": None},
    "/webhook": {"action": "ANNOTATION_CREATED", "annotation": {"id": 1, "result": [SECRET]}, "project": {"id": 1}},
    "/job_status": {"job": "1"},
    "/validate": {"config": CONFIG},
    "/delete": {"project": "1.1795339044"},
    "/duplicate_model": {"project_src": "1.1795339044", "project_dst": "2.1795339044"},
}
"""A body as Label Studio sends it, for each POST route."""
NO_PROJECT = ["abc", f"{SECRET}.1", [1], True, -1, "1e5", "⑤x", 2**70, {"id": SECRET}]
NO_CONFIG = [3, [SECRET], {"a": SECRET}, "<View>", f"<View>{SECRET}", f'<View a="{SECRET}"', "&lt;View/>",
             '<!DOCTYPE v [<!ENTITY a "aaaa">]><View><Text name="t" value="&a;"/></View>',
             CONFIG.replace("<Text", '<Choices name="topic" toName="text"><Choice value="a"/></Choices><Text')]
FIELDS = {
    "/predict": {"tasks": [None, 3, SECRET, True, 1.5], "project": NO_PROJECT, "label_config": NO_CONFIG},
    "/setup": {"project": NO_PROJECT},
    "/webhook": {"action": [None, 3, [SECRET], {"a": SECRET}, True]},
    "/validate": {"config": [3, [SECRET], {"a": SECRET}, True, None]},  # it is there to judge what cannot be read
    "/delete": {"project": NO_PROJECT},
    "/duplicate_model": {"project_src": NO_PROJECT, "project_dst": NO_PROJECT},
}
"""Values with which a field must be refused by its name."""


def wholes(good):
    """(what is wrong, content, headers) of bodies that are no JSON object at all."""
    text = json.dumps(good)
    return [
        ("empty", b"", TYPE), ("a space", b" ", TYPE), ("cut off", text[:-1].encode(), TYPE),
        ("cut in a string", text[:len(text) // 2].encode(), TYPE), ("with more after it", f"{text}}}".encode(), TYPE),
        ("single quotes", text.replace('"', "'").encode(), TYPE), ("HTML", f"<b>{SECRET}</b>".encode(), TYPE),
        ("a form", f"tasks={SECRET}".encode(), TYPE), ("bytes", b"\xff\xfe\x00\x80" + SECRET.encode(), TYPE),
        ("another alphabet's bytes", "{\"tasks\": \"äöü\"}".encode("latin-1"), TYPE),
        ("null", b"null", TYPE), ("a number", b"12", TYPE), ("a string", json.dumps(SECRET).encode(), TYPE),
        ("a list", json.dumps([SECRET]).encode(), TYPE), ("true", b"true", TYPE), ("not a number", b"NaN", TYPE),
        ("deeper than anybody can read", b"[" * 200_000, TYPE),
        ("deep in a field", b'{"tasks": ' + b'{"a": ' * 100_000, TYPE),
        ("a number without end", b'{"tasks": ' + b"9" * 20_000 + b"}", TYPE),
        ("sent as text", text.encode(), {"Content-Type": "text/plain"}),
        ("sent as a form", text.encode(), {"Content-Type": "application/x-www-form-urlencoded"}),
        ("sent in parts", text.encode(), {"Content-Type": "multipart/form-data; boundary=x"}),
    ]


def malformed():
    """(route, what is wrong, content, headers, field that is named or None) of every malformed body."""
    cases = []
    for route, good in GOOD.items():
        cases += [(route, wrong, content, headers, None) for wrong, content, headers in wholes(good)]
        for field, values in FIELDS.get(route, {}).items():
            cases += [(route, f"{field} {number}", json.dumps(good | {field: value}).encode(), TYPE, field)
                      for number, value in enumerate(values)]
    return cases


def odd():
    """(route, content) of bodies that may be answered or refused, as long as it is one of both."""
    values = [None, 3, -1.5, True, SECRET, "", [], [[]], [None], {}, {"id": None}, {"tasks": 1, "context": [1]}, 2**70,
              float("nan"), "\ud800\x00"]
    cases = []
    for route, good in GOOD.items():
        cases += [(route, json.dumps(good | {field: value}).encode()) for field in good for value in values]
        cases += [(route, json.dumps({name: value for name, value in good.items() if name != field}).encode())
                  for field in good]
    return cases
