"""Bodies and label configs that are small to send and would be dear to read."""

import json
import time

import pytest

from cueloop.errors import LabelConfigError
from cueloop.label_config import LARGEST, parse
from ml_backend.protocol import BadRequest, asked
from ml_backend.remembered import Remembered

TEXT = '<Text name="t" value="$t"/>'


def seconds(call):
    """Of processor time."""
    began = time.process_time()
    call()
    return time.process_time() - began


def many_controls(count):
    return "<View>" + TEXT + "".join(
        f'<Choices name="c{n}" toName="t"><Choice value="a"/><Choice value="b"/></Choices>' for n in range(count)
    ) + "</View>"


def nested_controls(count):
    return ("<View>" + TEXT + "".join(f'<Choices name="c{n}" toName="t"><Choice value="v{n}"/>' for n in range(count))
            + "</Choices>" * count + "</View>")


@pytest.mark.parametrize("config", [many_controls, nested_controls])
def test_a_config_of_many_controls_is_read_in_linear_time(config):
    few, many = config(1_000), config(16_000)
    parse(few)
    assert seconds(lambda: parse(many)) < 16 * 5 * max(seconds(lambda: parse(few)), 0.01)  # squared: 256 times


def test_a_control_within_another_one_keeps_its_labels_to_itself():
    outer, inner = parse(nested_controls(2)).controls
    assert (outer.labels, inner.labels) == (("v0",), ("v1",))


def test_labels_within_other_tags_are_its_own():
    [one] = parse('<View><Text name="t" value="$t"/><Taxonomy name="x" toName="t"><Choice value="a"><Choice value="b"/>'
                  '</Choice><View><Choice value="c"/></View></Taxonomy></View>').controls
    assert one.labels == ("a", "b", "c")


def test_a_config_without_end_is_refused():
    large = "<View>" + " " * LARGEST + "</View>"
    with pytest.raises(LabelConfigError, match="characters"):
        parse(large)
    with pytest.raises(BadRequest, match="characters"):
        asked({"tasks": [], "label_config": large})


@pytest.mark.parametrize("config", [
    '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><View>&b;</View>',
    '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><View>&a;</View>',
    '<!DOCTYPE l [<!ENTITY % a SYSTEM "http://127.0.0.1:1/"> %a;]><View/>'])
def test_entities_are_neither_expanded_nor_fetched(config):
    with pytest.raises(LabelConfigError, match="entities"):
        parse(config)


def test_tags_nested_a_hundred_thousand_deep_are_read_or_refused():
    deep = "<View>" * 100_000 + "</View>" * 100_000
    assert asked({"tasks": [], "label_config": deep}).config.controls == ()


def test_what_is_remembered_is_bounded_by_its_size():
    read = []
    remembered = Remembered(lambda text: read.append(text) or len(text), 100)
    assert [remembered("a" * 40), remembered("b" * 40), remembered("a" * 40)] == [40, 40, 40]
    assert len(read) == 2
    remembered("c" * 40)                      # b was not asked for longest
    assert remembered("a" * 40) == 40
    assert len(read) == 3
    remembered("d" * 1_000)                   # longer than all may be: not kept, and everything else goes
    remembered("d" * 1_000)
    assert len(read) == 5
    assert sum(map(len, remembered._known)) <= 100


def test_what_cannot_be_read_is_not_remembered():
    def fail(text):
        raise ValueError(text)

    remembered = Remembered(fail, 100)
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            remembered("x")
    assert not remembered._known


@pytest.mark.parametrize("body", [
    b'{"project": 1e400, "tasks": []}', b'{"project": -1e400, "tasks": []}', b'{"project": 1' + b"0" * 100_000 + b"}",
    b'{"tasks": [' * 50_000, b'{"tasks": [{"data": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}]}",
    b'{"tasks": [], "project": ' + b"9" * 4_000 + b"}"])
def test_numbers_and_depths_without_measure_are_refused_by_name(serve, body):
    response = serve().post("/predict", content=body)
    assert response.status_code == 400
    assert len(response.text) < 300


@pytest.mark.parametrize("data", [{"text": 1e300}, {"text": {"a": [None]}}, {"text": "a" * 2_000_000},
                                  {"text": "ab " * 300_000}, {"text": "\U0001f600" * 200_000},
                                  {"text": "\ud83d half \ude00"},
                                  {"\u0000": "x"}])
def test_any_text_is_answered(serve, train, data):
    train()
    response = serve("topics").post("/predict", content=json.dumps({"tasks": [{"data": data}]}).encode())
    assert response.status_code == 200
    assert len(response.json()["results"]) == 1
