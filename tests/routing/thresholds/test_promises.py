"""What written thresholds promise, and which thresholds a rules file asks for."""

from __future__ import annotations

import pytest

from cueloop import label_config
from routing import found_thresholds
from routing.language import rules
from routing.thresholds.promises import threshold
from routing.thresholds.wanted import Sought, sought

CONFIG = """<View><Text name="t" value="$t"/>
<Choices name="topic" toName="t" choice="single"><Choice value="ok"/><Choice value="spam"/></Choices>
<Choices name="mood" toName="t" choice="single"><Choice value="ok"/><Choice value="grim"/></Choices></View>"""


@pytest.mark.parametrize(("condition", "bound"), [
    ("score >= 0.95", 0.95),
    ('predicted == "ok" and score > 95%', 0.95),
    ("0.9 <= score and answers == 0", 0.9),
    ("score >= 0.9 and score >= 0.97", 0.97),
    ("score >= .9", 0.9),
    ('predicted == "or" and score >= 0.9', 0.9),
    ("score >= 0.9 or answers < 1", None),              # lets others in
    ("not (score >= 0.9)", None),
    ("score < 0.9", None),
    ('score("spam") >= 0.9', None),                     # another score
    ('control("mood").score >= 0.9', None),
    ("task.score >= 0.9", None),
    ("score >= found(error=1%)", None),
    ("score >= 0.9 - margin", None),
    ("1 - 0.2 <= score", None),
    ("score >= 0", None),
    ("answers < 1", None)])
def test_the_least_score_that_a_condition_lets_in(condition: str, bound: float | None) -> None:
    assert threshold(condition) == bound


def test_columns_are_read_back_and_spelled_as_in_rules() -> None:
    for label, error, confidence, text in (("ok", 0.005, 0.95, 'found("ok", error=0.5%)'),
                                           ("", 0.01, 0.99, "found(error=1%, confidence=99%)"),
                                           ("a,b(c)", 0.1, 0.95, 'found("a,b(c)", error=10%)')):
        column = found_thresholds.column(label, error, confidence)
        assert found_thresholds.parts(column) == (label, error, confidence)
        assert found_thresholds.written(column) == text
    assert found_thresholds.parts("score") is None
    assert found_thresholds.parts("score(found)") is None


def test_each_threshold_is_sought_on_the_controls_it_concerns() -> None:
    controls = label_config.parse(CONFIG).routed
    found = sought(rules.parse("""
version: 1
controls: {mood: {labels: one}}
rules:
  - name: a
    when: predicted == "spam" and score >= found("spam", error=1%)
    accept: {audit: 5%}
  - name: b
    control: mood
    when: score >= found(error=2%)
    accept: {audit: 5%}
  - name: c
    when: score >= 0.9
    accept: {audit: 5%}
"""), controls)
    assert set(found) == {
        Sought("topic", "found(spam,0.01,0.95)", "spam", 0.01, 0.95),
        Sought("mood", "found(,0.02,0.95)", "", 0.02, 0.95),
        Sought("topic", "c", "", 0.1, 0.95, 0.9), Sought("mood", "c", "", 0.1, 0.95, 0.9)}
    # Where people may differ nobody is wrong
    differ = sought(rules.parse("""
version: 1
controls: {topic: {labels: distribution}, mood: {labels: distribution}}
rules: [{name: c, when: score >= 0.9, accept: {audit: 5%}}]
"""), controls)
    assert differ == ()
