"""Rows and files of versions that somebody altered."""

import io

import numpy as np
import pytest

from cueloop.errors import ModelError
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import predictions
from ml_backend.artifacts import Artifacts
from ml_backend.versions import remove


@pytest.mark.parametrize("path", ["models", "models/other/v1", "models/topics"])
def test_a_deleted_version_whose_row_names_another_folder_takes_nothing_along(store, tmp_path, path):
    # Given a folder of another version, and a deleted version of before whose row was altered to name it
    place = tmp_path / "models" / "other" / "v1"
    place.mkdir(parents=True)
    (place / "bundle.json").write_text("{}")
    with store.write() as conn:
        conn.execute(s.model_versions.insert().values(
            name="topics", version="v1", kind="text-linear", path=path, sha256={}, card={}, created_at=now(),
            deleted_at=now()))
    remove.sweep(store, Artifacts(f"file://{tmp_path}"))
    assert (place / "bundle.json").exists()


def packed(**arrays):
    found = io.BytesIO()
    np.savez(found, **arrays)
    return found.getvalue()


@pytest.mark.parametrize("content", [
    b"", b"PK\x03\x04", b"\x80\x04.", packed(**{"keys/topic": np.array([{"a": 1}], dtype=object)}),
    packed(**{"keys/topic": np.arange(3)}),
    packed(**{"keys/topic": np.arange(3), "probabilities/topic": np.zeros((2, 2))})],
    ids=["empty", "cut", "pickle", "pickle within", "half", "of other lengths"])
def test_answers_of_cross_validation_that_are_none_are_refused_and_no_pickle_is_opened(content):
    with pytest.raises(ModelError, match=r"out_of_fold.npz of this model cannot be read"):
        predictions.unpack({predictions.OUT_OF_FOLD: content})
