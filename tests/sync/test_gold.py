"""Candidates for ground truth: who is proposed, and who is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.gold import candidates
from sync.observations import observe
from sync.outcome import Outcome

Answer = tuple[Any, Any, str]


def control(kind: str = "choice") -> Control:
    """A control of a kind."""
    return Control("c", "t", "Choices", ("a", "b"), None, kind=kind)


def propose(answers: Sequence[Answer], sure: dict[Any, float] | None = None, *, kind: str = "choice",
            columns: dict[str, Any] | None = None, **options: Any) -> list[dict[str, Any]]:
    """Candidates from answers (task, annotator, label), each task's consensus being its commonest label."""
    task, who, label = zip(*answers, strict=True) if answers else ((), (), ())
    seen = observe(task, who, label, **(columns or {}))
    rows = []
    for one in dict.fromkeys(task):
        votes = Counter(said for at, _, said in answers if at == one).most_common()
        probability = (sure or {}).get(one, 0.99)
        rows.append(Consensus(one, "c", votes[0][0], probability, {votes[0][0]: probability}, len(votes), "test"))
    outcome = Outcome(control(kind), tuple(rows), (), {})
    found = candidates(seen, outcome, **options)
    json.dumps(found, allow_nan=False)
    return found


def said(task: Any, label: str, *people: Any) -> list[Answer]:
    """These people give a task this label."""
    return [(task, who, label) for who in people]


def test_only_unanimous_and_sure_tasks_with_enough_answers_are_proposed() -> None:
    found = propose([
        *said("good", "a", 1, 2, 3),
        *said("torn", "a", 1, 2, 3), *said("torn", "b", 4),
        *said("few", "a", 1, 2),
        *said("unsure", "a", 1, 2, 3)], {"unsure": 0.9})
    assert [(one["task"], one["label"], one["answers"], one["annotators"]) for one in found] == [
        ("good", "a", 3, [1, 2, 3])]
    assert found[0]["reasons"] == ["all 3 annotators said 'a' independently of each other",
                                   "the consensus is 99.0% sure", "whether a suggestion was seen is not known"]


def test_a_task_that_has_a_ground_truth_is_no_candidate() -> None:
    answers = said("known", "a", 1, 2, 3)
    assert propose(answers, columns={"truth": [True, False, False]}) == []


def test_answers_given_with_a_suggestion_or_as_a_review_are_not_independent() -> None:
    answers = [*said("anchored", "a", 1, 2, 3), *said("reviewed", "a", 1, 2, 3), *said("blind", "a", 1, 2, 3)]
    found = propose(answers, columns={"seen": [True, None, False, False, False, False, False, False, None],
                                      "review": [False] * 5 + [True] + [False] * 3})
    assert [(one["task"], one["blind"]) for one in found] == [("blind", 2)]


def test_a_rare_label_gets_as_much_room_as_a_common_one() -> None:
    # Given a hundred sure tasks of one label and five of another
    answers = [answer for n in range(100) for answer in said(n, "a", 1, 2, 3)]
    answers += [answer for n in range(100, 105) for answer in said(n, "b", 1, 2, 3)]
    found = propose(answers, most=10)
    assert Counter(one["label"] for one in found) == {"a": 5, "b": 5}
    assert found[0]["label"] == "b"


def test_the_candidates_rest_on_many_peoples_work() -> None:
    # Given forty tasks of one busy trio, and as good ones of ten other people
    answers = [answer for n in range(40) for answer in said(n, "a", 1, 2, 3)]
    answers += [answer for n in range(40, 60) for answer in said(n, "a", *(10 + (n * 3 + k) % 10 for k in range(3)))]
    people = Counter(who for one in propose(answers, most=13) for who in one["annotators"])
    # Then nobody stands behind more than a quarter of what is proposed
    assert max(people.values()) <= 4
    assert len(people) == 13


def test_where_there_is_no_single_truth_or_answers_are_regions_nothing_is_proposed() -> None:
    assert propose(said("x", "a", 1, 2, 3), kind="distribution") == []
    assert propose(said("x", "a", 1, 2, 3), kind="spans") == []
    assert len(propose(said("x", "a", 1, 2, 3), kind="multi")) == 1
    assert propose([]) == []


rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.sampled_from("ab")), max_size=40,
                unique_by=lambda row: row[:2])


@settings(max_examples=50, deadline=None)
@given(rows, st.integers(0, 2**32 - 1))
def test_the_order_of_answers_and_the_names_of_labels_do_not_matter(answers: list[Answer], seed: int) -> None:
    sure = {task: 1 - 0.01 * task for task, _, _ in answers}
    shuffled = [answers[at] for at in np.random.default_rng(seed).permutation(len(answers))]
    other = {"a": "zebra", "b": "yak"}
    key = lambda found: sorted((one["task"], one["answers"], tuple(one["annotators"])) for one in found)  # noqa: E731
    assert propose(shuffled, sure) == propose(answers, sure)
    assert key(propose([(t, w, other[label]) for t, w, label in answers], sure)) == key(propose(answers, sure))
