"""Plans in the store that another release wrote."""

from __future__ import annotations

import json
from dataclasses import replace

from routing.deciding.plans import Plan
from routing.language.audience import Audience

BEFORE = {"kind": "escalate", "rule": "stuck", "rules_hash": "ab", "control": "topic", "n": 1, "target": 3, "max": None,
          "expertise": "all_labels", "people": ["lead@example.org"], "label": None, "posterior": None, "version": None,
          "audit": "", "why": "the people that the rule names"}


def test_a_plan_of_an_older_release_names_the_same_people() -> None:
    plan = Plan.from_json(BEFORE)
    assert plan.who == Audience(people=("lead@example.org",))
    assert (plan.kind, plan.rule, plan.target, plan.since, plan.due) == ("escalate", "stuck", 3, None, None)
    assert Plan.from_json({**BEFORE, "people": []}) == replace(plan, who=Audience())


def test_what_a_newer_release_wrote_beside_is_left_out() -> None:
    plan = Plan.from_json(BEFORE)
    assert Plan.from_json({**json.loads(json.dumps(plan.to_json())), "colour": "red"}) == plan
