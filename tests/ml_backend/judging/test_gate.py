"""The gate: what is worse anywhere that matters stays out, and says where; what is as good seldom does."""

from dataclasses import replace

import numpy as np
import pytest

from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from ml_backend.judging import segments
from ml_backend.judging.comparison import compare
from ml_backend.judging.gate import judge
from ml_backend.judging.sides import Sides
from ml_backend.policy.policy import Gate, Policy, Shadow
from tests.ml_backend.judging.scenes import head, serving, tasks, trained, without

VERSION = ModelVersion("m", "one", None, "text-linear", "", {}, {}, now())


def judged(store, data, new, old=None, gate=None, taught=None):
    """The verdict about a challenger and a champion that say what they were told to."""
    return judge(store, [trained(new, data)], [data], serving(old, VERSION) if old else None,
                 Policy(gate=gate or Gate()), {"topic": taught or {}})


def test_a_better_one_is_promoted_and_a_worse_one_refused_with_figures(store):
    data = tasks(600)
    good, bad = head(data, 0.1), head(data, 0.3, seed=1)
    assert judged(store, data, good, bad).outcome == "promoted"
    refused = judged(store, data, bad, good)
    assert refused.outcome == "refused"
    assert "topic: worse, accuracy 0." in refused.reason
    assert "300 tasks show differences from" in refused.reason
    assert refused.as_dict()["promoted"] is False
    assert refused.refusals[0].kind == "worse"


def test_a_margin_allows_a_little_and_no_more(store):
    data = tasks(2000)
    old, less, much = (head(data, share, seed=seed) for share, seed in ((0.1, 0), (0.13, 1), (0.25, 2)))
    wide = Gate(margin=0.06)
    assert judged(store, data, less, old, wide).promoted
    assert not judged(store, data, much, old, wide).promoted


def test_a_fall_on_a_protected_label_is_refused_by_name_though_the_whole_is_better(store):
    # Given a challenger that is better at a and b, and forgot most of c
    data = tasks(800, shares=[0.5, 0.4, 0.1])
    old, new = head(data, 0.3), head(data, lambda e: 0.8 if e.label == "c" else 0.05, seed=1)
    assert judged(store, data, new, old).promoted
    for protected in ({"c": 0.05}, {"*": 0.05}):
        refused = judged(store, data, new, old, Gate(protected=protected))
        assert [(one.kind, one.of) for one in refused.refusals] == [("label", "c")]
        assert "label 'c' is worse" in refused.reason
        assert "5 points allowed" in refused.reason


def test_a_fall_on_a_slice_is_refused_by_its_value_and_small_slices_say_so(store):
    data = tasks(800, fields=lambda n: {"language": "fr" if n % 8 == 0 else "en" if n % 400 else "it"})
    old, new = head(data, 0.2), head(data, lambda e: 0.8 if e.fields["language"] == "fr" else 0.05, seed=1)
    refused = judged(store, data, new, old, Gate(slices=("language",)))
    assert [(one.kind, one.of) for one in refused.refusals] == [("slice", "language=fr")]
    few = tasks(400, fields=lambda n: {"language": "it" if n < 3 else "en"})
    verdict = judged(store, few, head(few, 0.1), head(few, 0.1), Gate(slices=("language",)))
    assert verdict.promoted
    assert "1 of 2 slices by language are too small to judge" in verdict.reason


def test_a_protected_label_of_which_there_are_too_few_tasks_is_named(store):
    data = tasks(300, shares=[0.6, 0.39, 0.01])
    verdict = judged(store, data, head(data, 0.1), head(data, 0.1), Gate(protected={"c": 0.05, "gone": 0.1}))
    assert verdict.promoted
    assert any("too few tasks to show any fall of label 'c'" in note for note in verdict.notes)
    assert any("'gone' is not in the label config" in note for note in verdict.notes)


def test_one_that_never_says_a_label_is_refused_unless_the_champion_never_did(store):
    data = tasks(400)
    silent, full = head(data, 0.05, never=("c",)), head(data, 0.6, seed=1)
    refused = judged(store, data, silent, full)
    assert ("never predicted", "c") in [(one.kind, one.of) for one in refused.refusals]
    assert "never answers 'c', of which there are" in refused.reason
    assert not judged(store, data, silent).promoted
    # And when no better one is to be had, the project is not stuck
    assert judged(store, data, silent, head(data, 0.3, never=("c",), seed=1)).promoted


def test_one_that_only_knows_the_commonest_label_is_refused(store):
    data = tasks(300, shares=[0.9, 0.05, 0.05])
    ham = replace(head(data, 0.0), classifier=replace(
        head(data, 0.0).classifier, answers={e.text: ("a", 0.9) for e in data.examples}))
    refused = judged(store, data, ham)
    assert "majority" in {one.kind for one in refused.refusals}
    assert "always answering 'a'" in refused.reason


def test_one_that_says_no_numbers_is_refused(store):
    data = tasks(200)
    one = trained(head(data, 0.1), data)
    refused = judge(store, [replace(one, out_of_fold=one.out_of_fold * np.nan)], [data], None, Policy(), {})
    assert [r.kind for r in refused.refusals] == ["not converged"]


def test_scores_that_mean_nothing_are_refused_where_the_policy_sets_a_limit(store):
    data = tasks(600)
    bold = head(data, 0.3, score=0.95)
    assert judged(store, data, bold).promoted
    refused = judged(store, data, bold, gate=Gate(ece=0.1))
    assert [one.kind for one in refused.refusals] == ["calibration"]
    # one whose scores are right passes, though so few tasks alone make some error
    few = tasks(120)
    assert judged(store, few, head(few, 0.2, score=0.8), gate=Gate(ece=0.03)).promoted


def test_the_first_model_needs_no_champion_and_goes_into_no_shadow(store):
    data = tasks(60, holdout=0.1)
    verdict = judged(store, data, head(data, 0.2), gate=Gate(shadow=Shadow(50, 3600)))
    assert verdict.outcome == "promoted"
    assert "mere frequencies" in verdict.reason
    better = judged(store, tasks(200), head(tasks(200), 0.1), head(tasks(200), 0.3), Gate(shadow=Shadow(50, 3600)))
    assert (better.outcome, better.promoted) == ("shadow", False)


def test_few_held_out_tasks_are_no_dead_end(store):
    # Given a project with four held-out tasks, when a better model is trained, then all labelled tasks judge
    data = tasks(80, holdout=0.05)
    verdict = judged(store, data, head(data, 0.1), head(data, 0.4, seed=1))
    assert verdict.promoted
    assert verdict.comparisons[0].basis == "cross-validated"
    assert verdict.comparisons[0].tasks == 80
    # and with hardly any labels at all it says how many are missing
    few = tasks(6, holdout=0.5)
    refused = judged(store, few, head(few, 0.0), head(few, 0.5, seed=1))
    assert "when 4 more are labelled" in refused.reason


def test_a_champion_that_learned_the_holdout_by_heart_is_judged_by_what_it_had_not_seen(store):
    # Given a champion that knows all tasks, but whose cross-validated answers were mostly wrong
    data = tasks(200)
    knows, honest = head(data, 0.0), head(data, 0.5, seed=3)
    taught = {e.key: row for e, row in zip(data.examples, honest.probabilities(
        [e.text for e in data.examples]), strict=True)}
    # Then a challenger that is right about 8 of 10 passes
    verdict = judged(store, data, head(data, 0.2, seed=4), knows, taught=taught)
    assert verdict.promoted
    assert verdict.comparisons[0].rival_accuracy == pytest.approx(0.5, abs=0.12)


def test_labels_that_left_the_config_count_for_nobody(store):
    data = tasks(400)
    old = head(data, 0.1)
    now_ = without(data, ("c",))
    verdict = judged(store, now_, head(now_, 0.1, seed=2), old)
    assert verdict.promoted
    assert verdict.comparisons[0].tasks == sum(e.part == "holdout" for e in now_.examples)


def _sides(rng, labels, count, wrong, other):
    """Two models with independent errors on random tasks."""
    truth = rng.integers(0, labels, count)
    said = [np.where(rng.random(count) < share, (truth + rng.integers(1, labels, count)) % labels, truth)
            for share in (wrong, other)]
    new, old = (np.full((count, labels), 0.2 / (labels - 1)) for _ in said)
    for found, answer in zip((new, old), said, strict=True):
        found[np.arange(count), answer] = 0.8
    return Sides("topic", tuple(map(str, range(labels))), (), truth, new, old, "held out")


def _passes(sides, protected):
    overall = compare("topic", "it", sides.new, sides.old, sides.truth)
    return overall.no_worse and not segments.labels(sides, protected)[0]


@pytest.mark.parametrize(("labels", "count"), [(3, 60), (5, 300), (50, 500)])
def test_an_equal_challenger_is_seldom_refused_however_many_labels_are_protected(labels, count):
    rng = np.random.default_rng(0)
    runs = 300
    refused = runs - sum(_passes(_sides(rng, labels, count, 0.2, 0.2), {"*": 0.0}) for _ in range(runs))
    assert refused / runs <= 0.17


def test_a_worse_challenger_seldom_passes():
    rng = np.random.default_rng(1)
    assert sum(_passes(_sides(rng, 5, 300, 0.35, 0.2), {"*": 0.0}) for _ in range(200)) / 200 <= 0.03
    assert sum(_passes(_sides(rng, 5, 100, 0.5, 0.2), {}) for _ in range(200)) / 200 <= 0.03
