"""Free text: the answer most like the others, by how reliable their annotators are."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sync.values import judge
from sync.values.likeness import Texts, normal_form
from tests.sync.values import crowds
from tests.sync.values.crowds import TEXT, Answer, judged, told

LETTERS = np.array(list("abcdefghij klmnop"))


def like(one: str, other: str) -> float:
    """Similarity of two texts."""
    forms = [normal_form([one]), normal_form([other])]
    return float(Texts(forms).similarity(np.array([0]), np.array([1]))[0])


def scribes(per_task: int, seed: int = 0, tasks: int = 200) -> tuple[list[Answer], list[str]]:
    """Twelve people who copy texts with slips at rates of their own; two of them write anything."""
    rng = np.random.default_rng(seed)
    slips = rng.beta(1.5, 12, 12)
    answers, truth = [], []
    for task in range(tasks):
        right = rng.choice(LETTERS, 60)
        truth.append("".join(right))
        for who in rng.permutation(12)[:per_task]:
            given = rng.choice(LETTERS, 60) if who < 2 else right.copy()
            slip = rng.random(60) < slips[who]
            given[slip] = rng.choice(LETTERS, slip.sum())
            answers.append((task, f"w{who:02}", ["".join(given)]))
    return answers, truth


def test_texts_are_compared_as_people_read_them() -> None:
    assert like("Hello  World", "hello world\n") == 1
    assert like("kitten", "sitting") == pytest.approx(1 - 3 / 7)
    assert like("ﬁne", "fine") == 1
    # long texts word by word: one word of a hundred is another one
    words = [f"word{at}" for at in range(100)]
    assert like(" ".join(words), " ".join([*words[:50], "other", *words[51:]])) == pytest.approx(0.99)


def test_the_consensus_is_nearer_to_the_truth_than_an_answer() -> None:
    answers, truth = scribes(4)
    found = judged(TEXT, answers)
    consensus = np.mean([like(row.value[0], truth[row.task]) for row in found.consensus])
    single = np.mean([like(value[0], truth[task]) for task, _, value in answers])
    assert consensus > single + 0.1
    # and people who write anything are found out
    people = {one.annotator: one for one in found.annotators}
    assert max(people["w00"].high, people["w01"].high) < min(people[f"w{who:02}"].low for who in range(2, 12))
    # and agreement is far from what chance gives, which is near 0
    assert found.agreement["value"] > 0.3
    rng = np.random.default_rng(0)
    mixed = [(task, who, value) for (task, who, _), value in
             zip(answers, [answers[at][2] for at in rng.permutation(len(answers))], strict=True)]
    assert abs(judged(TEXT, mixed).agreement["value"]) < 0.05


@pytest.mark.parametrize("per_task", [2, 3, 5])
def test_accuracy_is_likeness_to_the_truth_although_the_others_err_too(per_task: int) -> None:
    # given people who slip, each task copied by few of them
    held = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        slips = rng.uniform(0.02, 0.4, 10)
        answers, own = [], {f"w{who}": [] for who in range(10)}
        for task in range(100):
            right = rng.choice(LETTERS, 40)
            for who in rng.permutation(10)[:per_task]:
                given = np.where(rng.random(40) < slips[who], rng.choice(LETTERS, 40), right)
                answers.append((task, f"w{who}", ["".join(given)]))
                own[f"w{who}"].append(like("".join(given), "".join(right)))
        held += [one.low <= np.mean(own[one.annotator]) <= one.high for one in judged(TEXT, answers).annotators]
    # then the interval holds how like the truth their texts are
    assert np.mean(held) >= 0.7


def test_reliability_decides_between_two() -> None:
    # given somebody who proved reliable and somebody who did not, who differ on a task
    answers, _ = scribes(4)
    found = judged(TEXT, [*answers, (999, "w00", ["completely other"]), (999, "w05", ["the right words"])])
    assert told(found)[999] == ["the right words"]
    row = next(row for row in found.consensus if row.task == 999)
    assert row.probability > 0.7


def test_it_is_told_as_somebody_wrote_it() -> None:
    found = judged(TEXT, [(1, "x", ["New  York"]), (1, "y", ["new york"]), (1, "z", ["Boston"])])
    assert told(found)[1] in (["New  York"], ["new york"])
    assert found.consensus[0].probabilities.keys() == {"new york", "boston"}


def test_long_texts_and_many_different_ones_are_bounded() -> None:
    # given texts of ten thousand characters, and a task that 3,000 people answered differently
    rng = np.random.default_rng(0)
    words = np.array([f"w{at}" for at in range(500)])
    pages = [" ".join(rng.choice(words, 2000)) for _ in range(30)]
    answers: list[Answer] = [(task, who, [pages[task] + f" {who}"]) for task in range(30) for who in range(4)]
    answers += [(100, who, [f"different text number {rng.integers(10**9)}"]) for who in range(3000)]
    start = time.process_time()
    found = judge(TEXT, crowds.seen(TEXT, answers))
    assert len(found.consensus) == 31
    assert time.process_time() - start < 60  # it takes about two; were all pairs compared, minutes
