"""Bad data, through the command and the job: refused with a reason a person understands, and the champion stays."""

import csv
import json
import random
import shutil
from dataclasses import dataclass, replace

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from console.cli import main
from cueloop.errors import ModelError
from cueloop.store import Store, models
from cueloop.store import schema as s
from ml_backend import jobs
from ml_backend.dataset import Example
from ml_backend.models.prepared import TINY, one_label_each
from ml_backend.training import train
from tests.ml_backend.conftest import CONFIG, LABELS, Project, dataset, examples


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, with neither Redis nor Label Studio; the store that the commands open."""
    opened = _at_home(tmp_path, monkeypatch)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    """Folder with the home and the store of a project whose champion was trained."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        store = _at_home(folder, patch)
        Project(store).add(examples(90))
        assert _run("train", "--project", 1)[0] == 0
        store.close()
    return folder


@pytest.fixture
def served(trained_once, tmp_path, monkeypatch):
    """A home like `home` with such a project."""
    shutil.copytree(trained_once, tmp_path, dirs_exist_ok=True)
    opened = _at_home(tmp_path, monkeypatch)
    yield opened
    opened.close()


def _at_home(folder, monkeypatch):
    for name, value in {"CUELOOP_HOME": str(folder / "home"), "CUELOOP_REDIS_URL": "redis://127.0.0.1:9",
                        "CUELOOP_DATABASE_URL": f"sqlite:///{folder / 'store.sqlite3'}"}.items():
        monkeypatch.setenv(name, value)
    return Store.open(f"sqlite:///{folder / 'store.sqlite3'}")


def _run(*arguments):
    """(exit code, what was said) of a command; a traceback fails the test."""
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def _champion(store):
    with store.read() as conn:
        found = models.champion(conn, 1)
    return found.version if found else None


def _change(table, **values):
    return lambda conn: conn.execute(table.update().values(**values))


def _texts(text):
    return _change(s.tasks, data={"text": text})


def _relabel(conn):
    """The same words with labels drawn by lot."""
    lot = random.Random(0)
    for key in conn.execute(sa.select(s.consensus.c.task)).scalars().all():
        label = lot.choice(LABELS)
        conn.execute(s.consensus.update().where(s.consensus.c.task == key)
                     .values(label=label, probabilities={label: 0.95}))
    conn.execute(s.tasks.update().values(data={"text": "bread and butter"}))


def _skipped(conn):
    """Everybody who was asked skipped: no answers, so no consensus."""
    conn.execute(s.answers.delete())
    conn.execute(s.consensus.delete())


@dataclass(frozen=True)
class Story:
    """What becomes of a project that a champion serves, and what is said of it."""

    named: str
    spoil: object
    said: str


STORIES = [
    Story("one class only", _change(s.consensus, label="food", probabilities={"food": 0.95}), "at least two classes"),
    Story("all skipped", _skipped, "there are none"),
    Story("labels that left the config", _change(
        s.projects, label_config=CONFIG.replace("food", "a").replace("money", "b").replace("sport", "c")),
        "there are none"),
    Story("one label left in the config", _change(s.projects, label_config=CONFIG.replace(
        '<Choice value="money"/><Choice value="sport"/>', "")), "at least two labels"),
    Story("no control that a model could answer", _change(
        s.projects, label_config='<View><Text name="t" value="$text"/></View>'), "control"),
    Story("a config that is no XML", _change(s.projects, label_config="<View>"), "XML"),
    Story("contradicting labels", _relabel, "contradicting labels"),
    Story("empty texts", _texts(""), "all empty"),
    Story("texts that are no texts", _change(s.tasks, data={"text": ["a", "b"]}), "there are none"),
    Story("consensus that nobody could be sure of", _change(s.consensus, probability=0.2), "there are none"),
    Story("shares that are no numbers", _change(
        s.consensus, value={"distribution": {"food": {"share": float("inf")}, "money": {"share": 0.5}}}), "from 0 up"),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.named)
def test_a_project_whose_data_went_bad_keeps_its_champion_and_is_told_why(served, story):
    # Given a champion that serves a project
    champion = _champion(served)
    assert champion is not None
    # When its data goes bad and a person, and then the loop, has it trained
    with served.write() as conn:
        story.spoil(conn)
    code, said = _run("train", "--project", 1)
    # Then both are told the reason in a few lines, nothing was kept, and the champion serves
    assert code == 1
    assert story.said in said
    assert len(said) < 1_000
    with pytest.raises(Exception, match=story.said) as told:
        jobs.train(1)
    assert type(told.value).__module__ == "cueloop.errors"
    assert _champion(served) == champion
    with served.read() as conn:
        assert len(models.versions(conn)) == 1


def test_ten_labels_are_too_few_to_serve_and_it_says_so(home):
    project = Project(home)
    project.add(examples(10))
    code, said = _run("train", "--project", 1)
    assert code in {1, 3}
    assert "needed" in said or "needs" in said or "cannot" in said
    assert _champion(home) is None


def test_a_champion_whose_files_were_altered_is_not_compared_with_and_stays(served, tmp_path):
    # Given a champion one of whose files is not the one that was written
    champion = _champion(served)
    with served.read() as conn:
        hash_ = models.champion(conn, 1).sha256["head-0/vocabulary.json"]
    for file in (tmp_path / "home").rglob("*"):
        if file.is_file() and hash_ in str(file):
            file.chmod(0o600)
            file.write_bytes(b"{}")
    # When it is time to train, then nothing is put beside it that could not be compared with it
    Project(served, new=False).add(examples(60, seed=4))
    code, said = _run("train", "--project", 1)
    assert code == 1
    assert "SHA-256" in said
    assert "roll back" in said or "rollback" in said
    assert _champion(served) == champion


def test_a_champion_of_another_scikit_learn_answers_as_before_for_its_files_hold_no_object_of_it(served):
    with served.write() as conn:
        card = models.champion(conn, 1).card
        conn.execute(s.model_versions.update().values(
            card={**card, "libraries": {**card["libraries"], "scikit-learn": "0.19.2"}}))
    Project(served, new=False).add(examples(60, seed=4))
    assert _run("train", "--project", 1)[0] in {0, 3}
    assert _champion(served) is not None


def _file(tmp_path, rows):
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return "--csv", path, "--text", "text", "--label", "label", "--model", "m"


def test_a_thousand_classes_of_one_example_are_refused_in_a_line(home, tmp_path):
    code, said = _run("train", *_file(tmp_path, [(f"words about {n}", f"class-{n}") for n in range(1_000)]))
    assert code == 1
    assert "at least two classes" in said
    assert "more classes" in said
    assert len(said) < 500


@pytest.mark.parametrize(("row", "said"), [(("", "food"), "row 4, column 'text': empty"),
                                           (("bread", " "), "row 4, column 'label': empty"),
                                           (("bread",), "row 4, column 'label': the row has too few fields")])
def test_a_row_without_text_or_label_is_named(home, tmp_path, row, said):
    rows = [(e.text, e.label) for e in examples(3)]
    code, told = _run("train", *_file(tmp_path, [*rows, row]))
    assert code == 1
    assert said in told


def test_one_enormous_text_harms_nobody(home, tmp_path):
    # Given a text of five million characters in a word, and one of a million words, among short ones
    rng = random.Random(0)
    many = " ".join(rng.choice("abcdefgh") * rng.randint(1, 9) for _ in range(1_000_000))
    rows = [*((e.text, e.label) for e in examples(90)), ("x" * 5_000_000, "food"), (many, "money")]
    # When a model is trained on all, then it serves
    code, said = _run("train", *_file(tmp_path, rows), "--json")
    assert code == 0, said
    assert json.loads(said)["promoted"]


def test_emoji_are_words_to_learn_from(home, tmp_path):
    rng = random.Random(0)
    rows = [(" ".join(rng.choices(mood, k=3) + rng.choices("🌍🌞🚗🏠", k=5)), label)
            for mood, label in (("😀😃😄", "glad"), ("😡😠🤬", "angry")) * 50]
    code, said = _run("train", *_file(tmp_path, rows), "--json")
    assert code == 0, said
    assert json.loads(said)["card"]["controls"]["label"]["out_of_fold"]["accuracy"] > 0.8


@pytest.mark.parametrize("spoilt", [{"weight": float("nan")}, {"weight": float("inf")}, {"weight": -1.0},
                                    {"shares": (float("nan"), 0.5, 0.5)}, {"shares": (-0.5, 0.5, 1.0)}])
def test_weights_that_are_no_numbers_are_refused_by_name(spoilt):
    some = [replace(e, **spoilt) if e.key == 40 else replace(e, part="train") for e in examples(60)]
    some[39] = replace(some[39], part="train")
    with pytest.raises(ModelError, match=r"topic.*'0/39'.*from 0 up"):
        train(dataset(some))


def test_a_weight_of_nothing_teaches_nothing():
    some = [replace(e, part="train") for e in examples(60)]
    one = train(dataset(some))
    other = train(dataset([*some, Example(key=99, identity="x", text="bread", label="sport", weight=0.0)]))
    assert np.array_equal(one.out_of_fold, other.out_of_fold)


def test_tiny_shares_of_many_labels_do_not_multiply_the_rows():
    # Given texts of which one label has nearly all, and 76 share the rest
    weights = np.full((100, 77), 0.2 / 76, dtype=np.float32)
    weights[:, 3] = 0.8
    weights[0] = 1 / 77                                             # and one that is anybody's
    # When a kind learns one label a row
    row, label, weight = one_label_each(weights)
    # Then each text is there, at its whole weight
    assert TINY > 1 / 77
    assert len(row) == 99 + 77
    assert set(label[77:]) == {3}
    assert np.allclose(np.bincount(row, weight), weights.sum(axis=1))
