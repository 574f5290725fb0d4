"""A version made by other code or other libraries answers the same, or is refused with the reason."""

import json
import pickle
from importlib.metadata import version as release_of

import pytest

from cueloop.errors import ModelError
from ml_backend import registry
from ml_backend.bundle import INDEX, Bundle
from ml_backend.models.text_linear import TextLinear
from ml_backend.versions import libraries
from ml_backend.versions.made_by import HOME, made_by
from tests.ml_backend.compat.models_at import MODELS

TEXTS = ["bread and butter", "a loan from the bank"]


@pytest.fixture
def altered(store, artifacts, bundle):
    """A version whose bundle.json was changed by a function, kept as if it had been written so."""
    def go(change, card=None):
        files = bundle.to_files()
        index = json.loads(files[INDEX])
        change(index)
        return registry.keep(store, artifacts, files | {INDEX: json.dumps(index).encode()}, card or {}, name="topics",
                             kind="text-linear")
    return go


def test_files_of_before_formats_had_numbers_are_read(artifacts, altered, bundle):
    def strip(index):
        del index["format"], index["heads"][0]["format"], index["heads"][0]["libraries"]

    loaded = registry.load(artifacts, altered(strip))
    assert (loaded.bundle.heads[0].probabilities(TEXTS) == bundle.heads[0].probabilities(TEXTS)).all()


@pytest.mark.parametrize("where", [lambda index: index, lambda index: index["heads"][0]], ids=["bundle", "head"])
@pytest.mark.parametrize("number", [99, "2", None])
def test_files_of_a_format_that_came_later_are_refused(artifacts, altered, where, number):
    version = altered(lambda index: where(index).update(format=number))
    with pytest.raises(ModelError, match=r"has format .*Upgrade Cueloop, train again, or roll back"):
        registry.load(artifacts, version)


def test_another_scikit_learn_changes_nothing_of_our_own_files(artifacts, altered, bundle):
    """They are numbers that our own code reads; scikit-learn is not even imported."""
    version = altered(lambda index: None, card={"libraries": {"scikit-learn": "0.18.0", "numpy": "1.11.0"}})
    loaded = registry.load(artifacts, version)
    assert (loaded.bundle.heads[0].probabilities(TEXTS) == bundle.heads[0].probabilities(TEXTS)).all()


def test_a_head_that_a_library_reads_wants_that_library(artifacts, altered):
    version = altered(lambda index: index["heads"][0].update(libraries={"scikit-learn": "0.18.2", "numbers": "1.0"}))
    with pytest.raises(ModelError, match=r"scikit-learn 0\.18\.2 \(.* is installed\), numbers 1\.0 \(it is not instal"
                                         r".*pip install numbers~=1\.0\.0 scikit-learn~=0\.18\.0\), train again, or"):
        registry.load(artifacts, version)


def test_a_kind_names_the_libraries_that_read_it(store, artifacts, bundle, monkeypatch):
    monkeypatch.setattr(TextLinear, "LIBRARIES", ("scipy", "not-installed"), raising=False)
    saved = registry.save(store, artifacts, bundle, {}, name="topics", kind="text-linear")
    assert list(json.loads(artifacts.read(saved.path, saved.sha256)[INDEX])["heads"][0]["libraries"]) == ["scipy"]
    assert registry.load(artifacts, saved)
    monkeypatch.setattr(libraries, "version", lambda name: "99.0.0")
    with pytest.raises(ModelError, match=r"99\.0\.0 is installed"):
        registry.load(artifacts, saved)


@pytest.mark.parametrize("index", [b"[]", b"null", b"1", b'{"heads": [1]}', b'{"heads": [{}]}', b"{", b"\xff"])
def test_an_index_that_is_no_index_is_refused(index):
    with pytest.raises(ModelError, match=r"bundle\.json|Head"):
        Bundle.from_files({INDEX: index})


def test_pickles_of_a_teams_class_are_seen_and_never_opened():
    from sklearn.linear_model import LogisticRegression

    class Bomb:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    files = {"model.pkl": pickle.dumps(LogisticRegression()), "bomb": pickle.dumps(Bomb()), "notes": b"uses xgboost"}
    assert libraries.pickled(files) == {"scikit-learn": release_of("scikit-learn")}
    assert libraries.pickled({"numbers.json": b"[1]"}) == {}


def test_a_class_whose_files_another_scikit_learn_pickled_is_refused_and_the_champion_stays(
        store, artifacts, settings, monkeypatch):
    monkeypatch.setenv("CUELOOP_HOME", str(settings.home))
    monkeypatch.setenv("CUELOOP_ML_CLASS", str(MODELS / "counting.py"))

    def keep(release):
        return registry.keep(store, artifacts, {"model.pkl": b"\x80"}, {"pickled_with": {"scikit-learn": release}},
                             name="mine", kind="label-studio-ml")

    assert registry.load(artifacts, keep(release_of("scikit-learn")), store)
    with pytest.raises(ModelError, match=r"mine@.* was made with scikit-learn 0\.24\.2 \(.* is installed\) and is not "
                                         r"loaded.*pip install scikit-learn~=0\.24\.0\), train again, or roll back"):
        registry.load(artifacts, keep("0.24.2"), store)


def test_a_version_says_which_code_made_it(store, artifacts, bundle):
    saved = registry.save(store, artifacts, bundle, {}, name="topics", kind="text-linear")
    assert saved.card["made_by"] == made_by()
    if (HOME / ".git").exists() and made_by()["commit"]:
        assert len(made_by()["commit"]) == 40
