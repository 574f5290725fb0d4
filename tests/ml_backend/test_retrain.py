"""From data to service: what is better serves, what is worse or failed does not, and both are written down."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from cueloop.errors import ModelError
from cueloop.store import models, predictions
from cueloop.store import schema as s
from ml_backend import candidate, consensus_data, registry
from ml_backend import predictions as predictions_made
from ml_backend.artifacts import Artifacts
from ml_backend.dataset import drawn
from ml_backend.models import text_linear
from ml_backend.retrain import retrain
from ml_backend.training import train
from tests.ml_backend.conftest import CONFIG, Project, dataset, examples


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(f"file://{tmp_path / 'artifacts'}")


def _champion(store, name):
    with store.read() as conn:
        return models.aliases_of(conn, name).get("champion")


def test_a_worse_model_is_kept_as_challenger_refused_with_its_reason_and_does_not_serve(store, artifacts):
    # Given a champion trained on good labels
    good = examples(150)
    first = retrain(store, artifacts, "topics", [dataset(good)], actor="test")
    assert first.verdict.promoted
    # When the training labels go bad while those of the held-out tasks stay right
    data = dataset(good)
    worse = [e if held else bad for e, bad, held in zip(
        good, examples(150, wrong=0.7), data.held_out(), strict=True)]
    second = retrain(store, artifacts, "topics", [dataset(worse)], actor="test")
    # Then the champion stays, and card and audit log say why
    assert not second.verdict.promoted
    assert _champion(store, "topics") == first.version.version
    with store.read() as conn:
        assert models.aliases_of(conn, "topics")["challenger"] == second.version.version
        refused = conn.execute(sa.select(s.audit).where(s.audit.c.action == "model refused")).one()
    assert refused.subject == f"topics@{second.version.version}"
    assert refused.detail["reason"] == second.version.card["gate"]["reason"]
    assert "worse" in refused.detail["reason"]


def test_a_better_model_takes_over_and_names_its_parent(store, artifacts):
    first = retrain(store, artifacts, "topics", [dataset(examples(60, wrong=0.3))], actor="test")
    registry.promote(store, first.version, actor="test", reason="")
    second = retrain(store, artifacts, "topics", [dataset(examples(150))], actor="test")
    assert second.verdict.promoted
    assert _champion(store, "topics") == second.version.version
    assert second.version.card["parent"] == first.version.version


def test_a_training_that_fails_keeps_nothing_and_changes_nothing(store, artifacts, monkeypatch):
    first = retrain(store, artifacts, "topics", [dataset(examples(60))], actor="test")
    monkeypatch.setattr(text_linear, "MAX_ITERATIONS", 1)
    with pytest.raises(ModelError, match="did not converge"):
        retrain(store, artifacts, "topics", [dataset(examples(60))], actor="test")
    assert _champion(store, "topics") == first.version.version
    with store.read() as conn:
        assert len(models.versions(conn)) == 1
        assert set(artifacts.contents()) == models.needed_contents(conn)


def test_the_card_says_what_it_was_made_from(store, project, artifacts):
    project.add(examples(60))
    with store.write() as conn:
        conn.execute(s.projects.update().values(guideline_version=4))
    with store.read() as conn:
        data = consensus_data.datasets(conn, 1)
    card = retrain(store, artifacts, "topics", data, actor="test", project_id=1).version.card
    assert card["guideline_version"] == 4
    assert card["cursor"] == data[0].cursor.isoformat()
    assert card["controls"]["topic"]["data_sha256"] == data[0].sha256()
    assert card["labelled"] == {"topic": 60}
    assert set(card["libraries"]) == {"cueloop", "python", "numpy", "scipy", "scikit-learn"}
    assert card["controls"]["topic"]["held_out"]["tasks"] > 0


def test_the_card_names_the_libraries_of_the_kind_that_was_taken():
    data = dataset(examples(60))
    trained = train(data)
    assert "tokenizers" not in candidate.card([trained], {}, [data], None, ("auto",), 0, "", None)["libraries"]
    # Given one of a kind that needs an extra
    release = pytest.importorskip("tokenizers").__version__
    embedded = replace(trained, head=replace(trained.head, kind="encoder-linear"))
    libraries = candidate.card([embedded], {}, [data], None, ("auto",), 0, "", None)["libraries"]
    assert libraries["tokenizers"] == release
    assert {"numpy", "scipy", "scikit-learn", "python", "cueloop"} <= libraries.keys()


def test_a_projects_predictions_are_in_the_store_before_the_version_serves(store, project, artifacts, monkeypatch):
    project.add(examples(60))
    project.add(examples(10, seed=1), labelled=False)
    with store.read() as conn:
        data = consensus_data.datasets(conn, 1)
    counted = []

    def counting(store_, version, **kw):
        with store_.read() as conn:
            counted.append(len(predictions.missing(conn, 1, version.name, version.version, "topic")))

    monkeypatch.setattr(registry, "promote", counting)
    retrain(store, artifacts, "topics", data, actor="test", project_id=1)
    assert counted == [0]


def test_a_control_that_cannot_be_trained_keeps_the_head_it_has(store, artifacts):
    topic = dataset(examples(60))
    mood = dataset([e for e in examples(60, seed=1) if e.label != "sport"], labels=("food", "money"))
    object.__setattr__(mood, "control", "mood")
    retrain(store, artifacts, "m", [topic, mood], actor="test")
    empty = dataset([], labels=("food", "money"))
    object.__setattr__(empty, "control", "mood")
    second = retrain(store, artifacts, "m", [topic, empty], actor="test")
    loaded = registry.load(artifacts, second.version)
    assert [h.control for h in loaded.bundle.heads] == ["topic", "mood"]
    assert "mood" in second.version.card["skipped"]


def test_a_head_that_is_kept_still_knows_what_it_was_taught(store, project, artifacts):
    # Given a version that was trained on two controls of a project
    project.add(examples(60))
    topic, mood = dataset(examples(60)), dataset(examples(60, seed=1))
    object.__setattr__(mood, "control", "mood")
    first = retrain(store, artifacts, "m", [topic, mood], actor="test", project_id=1)
    # When the next one can be trained on one of them only
    empty = dataset([])
    object.__setattr__(empty, "control", "mood")
    second = retrain(store, artifacts, "m", [topic, empty], actor="test", project_id=1)
    # Then the other's tasks are still known as those it was trained on
    then, now = (predictions_made.taught(artifacts, one.version, 1) for one in (first, second))
    assert then["mood"]
    assert now["mood"].keys() == then["mood"].keys()
    assert predictions_made.taught(artifacts, second.version, 2) == {}


def test_what_the_champion_was_trained_on_by_another_split_does_not_judge(store, project, artifacts):
    # Given a champion that was trained when other tasks were held out
    some = examples(300)
    project.add(some)
    retrain(store, artifacts, "m", [dataset(some)], actor="test", project_id=1)
    # When the next one is, then each is judged only by what it was not trained on
    other = dataset([replace(e, draw=drawn(f"other/{e.identity}")) for e in some])
    card = retrain(store, artifacts, "m", [other], actor="test", project_id=1).version.card
    [compared] = card["gate"]["comparisons"]
    assert (compared["basis"], compared["tasks"]) == ("cross-validated", 300)   # of 8 that neither knows none would
    assert card["controls"]["topic"]["held_out"]["tasks"] == other.held_out().sum() > 8


def test_a_project_can_change_the_names_of_its_labels(store, artifacts):
    # Given a model for one set of labels, when the config gets others, then the old one answers none of the new
    from cueloop.label_config import parse
    from ml_backend.bundle import paired

    retrain(store, artifacts, "topics", [dataset(examples(60))], actor="test")
    with store.read() as conn:
        bundle = registry.load(artifacts, registry.resolve(conn, "topics")).bundle
    other = CONFIG.replace("food", "a").replace("money", "b").replace("sport", "c")
    assert paired(bundle, parse(other).modelled) == []
    assert len(paired(bundle, parse(CONFIG.replace('"topic"', '"other"')).modelled)) == 1
    Project(store, config=other)
