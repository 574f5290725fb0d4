"""Agreement of real crowds, beside the `krippendorff` package and scikit-learn. Skipped where the data is absent."""

from __future__ import annotations

import csv
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from sync.agreement.report import agreement_report
from sync.observations import observe

DATA = Path(__file__).parents[4] / "shared" / "data"
ABUSE = ("not_abusive", "ambiguous", "mild", "strong", "very_strong")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded answers are not beside the project")


def answers(path: Path, task: str, annotator: str, label: str) -> dict[tuple[str, str], str]:
    """The last answer of each annotator to each task."""
    with path.open(newline="", encoding="utf-8") as file:
        return {(row[task], row[annotator]): row[label] for row in csv.DictReader(file)}


def matrix(said: dict[tuple[str, str], float]) -> np.ndarray:
    """Answers (annotators, tasks), NaN where there is none."""
    tasks, people = ({name: at for at, name in enumerate(dict.fromkeys(names))} for names in zip(*said, strict=True))
    found = np.full((len(people), len(tasks)), np.nan)
    for (task, person), value in said.items():
        found[people[person], tasks[task]] = value
    return found


@pytest.mark.parametrize("name", ["bluebirds", "labelme", "rte", "temp", "weather_cf", "wsd"])
def test_crowds_of_labels(name: str) -> None:
    said = answers(DATA / "crowd" / name / "answers.csv", "task", "worker", "label")
    report = agreement_report(observe(*zip(*said, strict=True), list(said.values())), replicates=200)
    code = {label: float(at) for at, label in enumerate(sorted(set(said.values())))}
    table = matrix({key: code[label] for key, label in said.items()})
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    assert report["value"] == pytest.approx(expected, abs=5.1e-5)
    assert report["low"] < report["value"] < report["high"]
    # and the pair with most tasks in common has the kappa of scikit-learn
    pair = report["by_pair"][0]
    first, second = ({task: label for (task, who), label in said.items() if who == name}
                     for name in pair["annotators"])
    both = sorted(first.keys() & second.keys())
    assert pair["tasks"] == len(both)
    expected = cohen_kappa_score([first[task] for task in both], [second[task] for task in both])
    assert pair["value"] == pytest.approx(expected, abs=5.1e-5)


def test_ordered_labels_of_experts() -> None:
    said = answers(DATA / "text" / "convabuse_crowd" / "annotations.csv", "item_id", "annotator", "label")
    seen = observe(*zip(*said, strict=True), list(said.values()), labels=ABUSE)
    report = agreement_report(seen, level="ordinal", replicates=200)
    table = matrix({key: float(ABUSE.index(label)) for key, label in said.items()})
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal")
    assert report["value"] == pytest.approx(expected, abs=5.1e-5)
    assert len(report["by_pair"]) > 10
    assert all(record["metric"] == "cohen_kappa_quadratic" for record in report["by_pair"])


def test_scores_of_a_crowd() -> None:
    said = answers(DATA / "text" / "politeness_crowd" / "annotations.csv", "item_id", "annotator", "score")
    seen = observe(*zip(*said, strict=True), list(said.values()))
    numbers = np.array([float(score) for score in said.values()])
    report = agreement_report(seen, level="interval", numbers=numbers, replicates=200)
    table = matrix({key: float(score) for key, score in said.items()})
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="interval")
    assert report["value"] == pytest.approx(expected, abs=5.1e-5)
