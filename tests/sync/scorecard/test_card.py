"""The card as a whole: JSON whatever the answers, the same whatever their order, silent where little is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sync.assess import assess
from sync.observations import Observations, observe
from sync.outcome import AnnotatorQuality
from sync.scorecard.asked_twice import Copy
from sync.scorecard.card import LEAST, cards, plain_cards
from sync.scorecard.edits import Edit
from sync.scorecard.evidence import Evidence
from sync.scorecard.same import canonical
from tests.sync.crowd import recorded
from tests.sync.scorecard.crowds import Crowd, crowd

SECTIONS = {"quality", "speed", "consistency", "independence", "reliability", "bands", "flags"}


def carded(seen: Observations, evidence: Evidence | None = None, least: int = LEAST) -> dict[Any, dict[str, Any]]:
    """The cards, which must be JSON."""
    found = cards(seen, assess(seen), evidence, least=least)
    json.dumps(list(found.values()), allow_nan=False)
    return found


def team(seed: int = 0) -> Crowd:
    """Eight people: 0 straight-lines for a while, 1 clicks through, 2 falls from 90 % to half of it."""
    rng = np.random.default_rng(seed)
    some = crowd(seed, skill=np.full(8, 2.2), tasks=600, per_task=4)
    some.at = 1e9 + 60.0 * some.task + rng.random(len(some.task))
    some.seconds = rng.lognormal(2.5, 0.3, len(some.task))
    own = np.flatnonzero(some.annotator == 0)
    some.label[own[100:125]] = 0
    some.seconds[np.flatnonzero(some.annotator == 1)[:40]] = 0.4
    late = (some.annotator == 2) & (some.task > 300) & (rng.random(len(some.task)) < 0.5)
    some.label[late] = (some.truth[some.task[late]] + 1) % 3
    return some


def full(some: Crowd) -> Evidence:
    """Evidence of every sort about them."""
    rng = np.random.default_rng(0)
    return Evidence(
        model=some.truth[some.task], length=np.full(len(some.truth), 40.0),
        skips=np.stack([rng.integers(0, 600, 80), np.full(80, 3)], 1),
        copies=tuple(Copy(int(at % 8), int(at), "a", "ab"[at % 16 == 0]) for at in range(160)),
        edits=tuple(Edit(4, "ann5", task, task % 2 == 0) for task in range(20)))


def test_everybody_has_all_sections_and_vices_are_told_with_their_evidence() -> None:
    some = team()
    found = carded(some.observations(), full(some))
    assert list(found) == [f"ann{at}" for at in range(8)]
    assert all(set(card) == {"shown", "reason", "answers", *SECTIONS} for card in found.values())
    flags = {name: {flag["kind"]: flag for flag in card["flags"]} for name, card in found.items()}
    assert set(flags["ann0"]) == {"straight-lining"}
    assert flags["ann0"]["straight-lining"]["sentence"].startswith("gave 'a' 2")
    assert "times in a row; others " in flags["ann0"]["straight-lining"]["sentence"]
    assert len(flags["ann0"]["straight-lining"]["tasks"]) == 20
    assert set(flags["ann1"]) == {"impossible times"}
    assert flags["ann1"]["impossible times"]["seconds"][0] == 0.4
    assert set(flags["ann2"]) == {"drift"}
    assert "before 2001-09-0" in flags["ann2"]["drift"]["sentence"]
    assert set(flags["ann3"]) == {"skips"}
    assert not any(flags[f"ann{at}"] for at in range(4, 8))
    # then words say which section to look at
    assert found["ann2"]["bands"]["reliability"] == "drift"
    assert found["ann2"]["reliability"]["drift"]["changed"]
    assert found["ann2"]["reliability"]["drift"]["value"] < -0.2
    assert found["ann5"]["bands"]["quality"] in ("about the team's", "above the team")
    assert found["ann5"]["bands"]["speed"] == "about as fast as others"
    assert found["ann5"]["bands"]["independence"] == found["ann5"]["bands"]["reliability"] == "nothing found"
    assert found["ann4"]["quality"]["reviews"]["changed"] == 10
    assert found["ann0"]["consistency"]["same"]["n"] == 20


def test_agreement_with_the_model_is_split_into_skill_and_anchoring() -> None:
    # given a model that is wrong on a third of the tasks, and ann0 who adopts half of what is shown
    rng = np.random.default_rng(0)
    some = crowd(0, skill=np.full(8, 2.0), tasks=1200, per_task=4, labels=4)
    said = np.where(rng.random(1200) < 0.67, some.truth, (some.truth + 1) % 4)[some.task]
    some.seen = rng.choice([1, 1, 0], len(some.task))
    some.label = np.where((some.annotator == 0) & (some.seen == 1) & (rng.random(len(said)) < 0.5), said, some.label)
    found = carded(some.observations(), Evidence(said, np.full(1200, np.nan), np.zeros((0, 2), int)))
    one, other = (found[name]["independence"]["anchoring"] for name in ("ann0", "ann1"))
    assert one["low"] > 0.25
    assert one["beside"] == "own blind answers"
    assert one["agreement_seen"]["value"] == pytest.approx(one["skill"] + one["lift"], abs=1e-3)
    assert abs(other["lift"]) < 0.06
    assert [flag["kind"] for flag in found["ann0"]["flags"]] == ["anchoring"]
    assert "of the model's wrong suggestions; blind the same" in found["ann0"]["flags"][0]["sentence"]
    assert found["ann1"]["flags"] == []


def test_an_assessment_may_know_fewer_labels_but_not_other_answers() -> None:
    # given labels that nobody used, which the assessment left out, and evidence in terms of all
    some = team(3)
    some.seen = np.random.default_rng(0).integers(0, 2, len(some.task))
    seen = some.observations()
    padded = replace(seen, labels=("never", *seen.labels), label=seen.label + 1)
    evidence = Evidence(np.where(some.task % 9 == 0, 0, some.truth[some.task] + 1), np.full(600, np.nan),
                        np.zeros((0, 2), int))
    unpadded = replace(evidence, model=evidence.model - 1)
    assert cards(padded, assess(seen), evidence) == cards(seen, assess(seen), unpadded)
    with pytest.raises(ValueError, match="other answers"):
        cards(seen, assess(team(4).observations(tasks=tuple(range(1, 601)))))


def test_below_ten_answers_nothing_is_shown() -> None:
    task = [*range(10), *range(9)]
    seen = observe(task, ["ada"] * 10 + ["ben"] * 9, ["x", "y"] * 9 + ["x"])
    found = carded(seen)
    assert found["ada"]["shown"]
    assert found["ben"] == {"shown": False, "answers": 9,
                            "reason": "9 answers of their own; nothing is shown below 10"}
    assert carded(seen, least=5)["ben"]["shown"]


@pytest.mark.parametrize("rows", [
    pytest.param([], id="nothing"),
    pytest.param([(t, "ada", "x") for t in range(20)], id="one annotator, one class"),
    pytest.param([(t, "ada", "xy"[t % 2]) for t in range(20)], id="one annotator"),
    pytest.param([(0, who, "x") for who in "abcdefghijkl"], id="one task"),
    pytest.param([(t, who, "x") for t in range(80) for who in "abc"], id="all say the same"),
    pytest.param([(t, who, label) for t in range(80) for who, label in (("a", "x"), ("b", "y"))], id="never agree"),
    pytest.param([(t, who, f"{t}{who}") for t in range(12) for who in "ab"], id="every answer another label"),
])
def test_odd_input_gives_a_card_or_none(rows: list[tuple[int, str, str]]) -> None:
    task, who, label = zip(*rows, strict=True) if rows else ((), (), ())
    plain = observe(task, who, label, labels=["x"])
    for seen in (plain, replace(plain, truth=np.ones(len(rows), bool)), replace(plain, review=np.ones(len(rows), bool)),
                 replace(plain, seconds=np.zeros(len(rows)), at=np.full(len(rows), 1e9),
                         seen=np.ones(len(rows), int), pinned=np.zeros(len(plain.tasks), int))):
        evidence = Evidence(np.zeros(len(rows), int), np.full(len(seen.tasks), np.nan), np.zeros((0, 2), int))
        for known in (None, evidence):
            assert set(carded(seen, known, least=1)) == set(who)


def test_all_skipped_is_a_rate_of_everything_but_the_answers() -> None:
    seen = observe(list(range(10)), ["ada"] * 10, ["x"] * 10)
    skipped = np.stack([np.arange(10, 100), np.zeros(90, int)], 1)
    found = carded(seen, Evidence(np.full(10, -1), np.full(10, np.nan), skipped))
    assert found["ada"]["reliability"]["skips"]["value"] == 0.9
    assert found["ada"]["reliability"]["skips"]["n"] == 100


def test_neither_order_nor_names_matter() -> None:
    # given the same answers in another order, labels and people under other numbers
    some = team(1)
    seen = some.observations()
    order = np.random.default_rng(1).permutation(len(seen.task))
    swap, other = np.array([2, 0, 1]), np.random.default_rng(2).permutation(8)
    moved = replace(
        seen, task=seen.task[order], annotator=np.argsort(other)[seen.annotator[order]],
        label=np.argsort(swap)[seen.label[order]], seconds=seen.seconds[order], at=seen.at[order],
        annotators=tuple(seen.annotators[at] for at in other), labels=tuple(seen.labels[at] for at in swap))
    first, second = carded(seen), carded(moved)
    for name, card in first.items():
        for section in ("quality", "speed"):
            for figure in ("accuracy", "adjusted") if section == "quality" else ("seconds", "ratio"):
                assert card[section][figure]["value"] == pytest.approx(second[name][section][figure]["value"], abs=1e-3)
        assert {flag["kind"] for flag in card["flags"]} == {flag["kind"] for flag in second[name]["flags"]}
        assert card["bands"] == second[name]["bands"]
    # and the same input gives the same cards
    assert carded(seen) == first


def test_structured_answers_have_a_card_without_confusions() -> None:
    # given spans of three people, with times, and copies that are nearly the same
    rng = np.random.default_rng(0)
    task, who = np.repeat(np.arange(40), 3), np.tile(["ada", "ben", "cy"], 40)
    spans = [[{"start": int(start), "end": int(start) + 5, "label": "x", "unit": 0}]
             for start in rng.integers(0, 9, 120)]
    seen = observe(task.tolist(), who.tolist(), [str(one) for one in spans], value=spans,
                   seconds=rng.lognormal(2, 0.3, 120).tolist())
    quality = [AnnotatorQuality(name, 40, 0.7, 0.6, 0.8, details={"gold": {"value": 0.9}} if name == "ada" else {})
               for name in ("ada", "ben")]
    copies = tuple(Copy(0, at, spans[3 * at], spans[3 * at] if at % 2 else []) for at in range(20))
    evidence = Evidence(np.full(120, -1), np.full(40, np.nan), np.zeros((0, 2), int), copies)
    found = plain_cards(seen, quality, evidence)
    json.dumps(list(found.values()), allow_nan=False)
    assert found["ada"]["quality"]["accuracy"]["value"] == 0.7
    assert found["ada"]["quality"]["gold"] == {"value": 0.9}
    assert found["ada"]["consistency"]["same"]["value"] == 0.5
    assert found["cy"]["quality"]["accuracy"]["reason"] == "not judged"
    assert found["ada"]["speed"]["ratio"]["value"] == pytest.approx(1, abs=0.2)
    assert found["ada"]["quality"]["reviews"]["reason"] == "only the answers themselves are known here"
    # regions drawn in another order are the same answer
    assert canonical([{"start": 1, "end": 2}, {"start": 5, "end": 6}]) == canonical(
        [{"end": 6, "start": 5}, {"end": 2, "start": 1}]) != canonical([{"start": 1, "end": 2}])
    alike = plain_cards(seen, quality, evidence, similar=lambda one, two: 1.0 if one == two else 0.8)
    assert alike["ada"]["consistency"]["same"]["value"] == 0.9


@pytest.mark.parametrize("name", ["rte", "temp", "wsd", "d_possent", "dog", "bluebirds", "labelme", "weather_cf"])
def test_on_real_crowds_whoever_is_flagged_is_hardly_right_by_gold(name: str) -> None:
    # given recorded answers with gold that nothing here sees
    real = recorded(name)
    seen = Crowd(real.task, real.annotator, real.label, real.truth, real.labels).observations(
        labels=tuple(str(at) for at in range(real.labels)))
    # when cards are made
    found = carded(seen)
    # then those flagged for straight-lining, one label or copying are right on little more than chance gives
    known = real.truth[real.task] >= 0
    for at, card in enumerate(found.values()):
        own = known & (real.annotator == at)
        if card["shown"] and card["flags"] and own.sum() >= 20:
            assert (real.label == real.truth[real.task])[own].mean() < 0.65
