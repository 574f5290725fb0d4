"""The solver: the bottom that scikit-learn finds, shares as shares, and nothing that is not converged."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from cueloop.errors import ModelError
from ml_backend.models import logistic


def _problem(classes, rows=200, features=30, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features)) * (rng.random((rows, features)) < 0.3)
    truth = (x @ rng.normal(size=(features, classes)) + rng.normal(size=(rows, classes))).argmax(axis=1)
    return x.astype(np.float32), truth


def _fit(x, weights, *, c=1.0, most=1_000, start=None):
    return logistic.fit(x, np.asarray(weights, dtype=np.float32), inverse_regularisation=c, most=most, start=start)


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
@pytest.mark.parametrize("c", [0.1, 10.0])
def test_it_ends_where_scikit_learn_does(kind, c):
    x, truth = _problem(4)
    weight = np.random.default_rng(1).random(len(x)) + 0.1
    theirs = LogisticRegression(C=c, tol=1e-6, max_iter=10_000).fit(x, truth, sample_weight=weight)
    ours = _fit(kind(x), np.eye(4)[truth] * weight[:, None], c=c)
    said, expected = (np.exp(z - z.max(axis=1, keepdims=True)) for z in (ours.logits, theirs.decision_function(x)))
    said, expected = (one / one.sum(axis=1, keepdims=True) for one in (said, expected))
    assert np.abs(said - expected).max() < 0.02
    assert np.allclose(ours.logits, x @ ours.coefficients[:-1] + ours.coefficients[-1], atol=1e-3)


def test_several_labels_of_a_text_are_as_many_rows_of_one_label():
    x, _ = _problem(3)
    shares = np.random.default_rng(2).dirichlet(np.ones(3), len(x))
    together = _fit(x, shares)
    apart = _fit(np.repeat(x, 3, axis=0), (np.eye(3)[None] * shares[:, :, None]).reshape(-1, 3))
    assert np.abs(together.coefficients - apart.coefficients).max() < 0.01


def test_one_who_begins_at_the_bottom_stays_there():
    x, truth = _problem(3)
    first = _fit(x, np.eye(3)[truth])
    again = _fit(x, np.eye(3)[truth], start=first.coefficients)
    assert again.iterations == 0 < first.iterations
    assert np.array_equal(again.coefficients, first.coefficients)


def test_the_same_problem_has_the_same_answer_to_the_last_bit():
    x, truth = _problem(5, rows=500)
    one, other = (_fit(csr_matrix(x), np.eye(5)[truth]) for _ in range(2))
    assert np.array_equal(one.coefficients, other.coefficients)


def test_what_has_not_converged_is_refused():
    x, truth = _problem(3)
    with pytest.raises(ModelError, match=r"did not converge.*after 2 steps"):
        _fit(x, np.eye(3)[truth], most=2)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_weights_that_are_no_numbers_are_refused(wrong):
    x, truth = _problem(3)
    weights = np.eye(3)[truth]
    weights[7, 1] = wrong
    with pytest.raises(ModelError, match="from 0 up"):
        _fit(x, weights)
    with pytest.raises(ModelError, match="not all 0"):
        _fit(x, np.zeros((len(x), 3)))


def test_features_of_any_size_end_somewhere_finite():
    for scale in (1e-4, 1e2):
        x, truth = _problem(3)
        found = _fit(x * np.float32(scale), np.eye(3)[truth], c=10.0)
        assert np.isfinite(found.coefficients).all()
