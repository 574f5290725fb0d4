"""Scores mean what they say."""

from pathlib import Path

import numpy as np
import pytest

from ml_backend import csv_files
from ml_backend.calibration import ece, fit_temperature, nll, softmax
from ml_backend.training import train
from tests.ml_backend.conftest import dataset, examples

SNIPS = Path(__file__).parents[2].parent / "shared" / "data" / "text" / "snips" / "data.csv"


def test_the_temperature_that_made_the_data_is_found():
    # Given logits three times too bold
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (20_000, 4))
    truth = np.array([rng.choice(4, p=p) for p in softmax(honest)])
    # When a temperature is fitted, then it is three, and the calibration error all but goes
    temperature = fit_temperature(honest * 3, truth, np.ones(len(truth)))
    assert temperature == pytest.approx(3, rel=0.05)
    assert ece(softmax(honest * 3), truth) > 0.1
    assert ece(softmax(honest * 3, temperature), truth) < 0.02


def test_ece_of_perfect_and_of_bold_scores():
    assert ece(np.array([[1.0, 0.0]] * 4), np.zeros(4, dtype=int)) == 0
    assert ece(np.array([[1.0, 0.0]] * 4), np.array([0, 0, 1, 1])) == pytest.approx(0.5)


def test_nll_is_finite_for_a_certain_mistake():
    assert np.isfinite(nll(np.array([[1.0, 0.0]]), np.array([1])))


def test_cross_validated_calibration_makes_training_scores_honest():
    found = train(dataset(examples(300, clear=0.5, wrong=0.03))).report["out_of_fold"]
    assert found["ece"] < found["ece_uncalibrated"]
    assert found["nll"] < found["nll_uncalibrated"]


@pytest.mark.skipif(not SNIPS.exists(), reason="the real intents are not on this machine")
def test_on_real_intents_held_out_scores_are_honest(tmp_path):
    lines = SNIPS.read_text(encoding="utf-8").splitlines(keepends=True)
    few = tmp_path / "few.csv"
    few.write_text("".join(lines[:1201]), encoding="utf-8")
    data = csv_files.dataset(few, "text", "label")
    trained = train(data)
    held = [e for e, out in zip(data.examples, data.held_out(), strict=True) if out]
    truth = np.array([trained.head.labels.index(e.label) for e in held])
    calibrated = trained.head.probabilities([e.text for e in held])
    raw = softmax(trained.head.classifier.logits([e.text for e in held]))
    assert (calibrated.argmax(axis=1) == truth).mean() > 0.93
    assert ece(calibrated, truth) < ece(raw, truth)
    assert ece(calibrated, truth) < 0.04
