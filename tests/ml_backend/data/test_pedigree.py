"""What a version was made of can be had again, text for text, and gives the same model."""

import csv
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop.errors import ModelError
from cueloop.store import Store
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import consensus_data, registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.data import manifest, reproduce
from ml_backend.data.splits import settle
from ml_backend.dataset import text_sha256
from ml_backend.policy.policy import Data, Policy
from ml_backend.training import train
from tests.ml_backend.conftest import Project, dataset, examples


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `cueloop ...` with a home of its own; gives (exit code, output)."""
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def runs(*arguments):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result.exit_code, result.output
    return runs


@pytest.fixture
def home(tmp_path):
    """The store of that home, with project 7: 90 labelled tasks whose texts were seen when they came."""
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'cueloop.sqlite3'}")
    project = Project(store, 7)
    keys = project.add(examples(90))
    with store.write() as conn:
        conn.execute(s.task_versions.insert(), [
            {"task": key, "data": {"text": one.text}, "updated_at": now(), "seen_at": now(), "ours": False}
            for key, one in zip(keys, examples(90), strict=True)])
    yield store, keys
    store.close()


@pytest.fixture
def version(home, tmp_path):
    """A version of project 7 as a training keeps it."""
    store, _ = home
    settle(store, 7, Data())
    with store.read() as conn:
        data = consensus_data.datasets(conn, 7)
    trained = train(data[0])
    card = {"controls": {"topic": {"data": manifest.card(data[0])}}, "gate": {"promoted": True, "reason": ""}}
    return registry.save(store, Artifacts(f"file://{tmp_path / 'home' / 'artifacts'}"), Bundle((trained.head,)), card,
                         name="topics", kind="text-linear", project_id=7, extra=manifest.pack(data))


def _edit(store, key, text):
    with store.write() as conn:
        conn.execute(s.tasks.update().where(s.tasks.c.key == key).values(data={"text": text}))


def test_a_manifest_has_no_text_and_is_read_as_it_was_written():
    some = [replace(one, part="train", cluster="1", shares=(0.5, 0.25, 0.25)) for one in examples(20)]
    data = replace(dataset(some), cursor=now(), guideline_version=3)
    files = manifest.pack([data, dataset([])])
    assert files == manifest.pack([data, dataset([])])
    found = manifest.unpack(files)
    assert found == [manifest.of(data), manifest.of(dataset([]))]
    plain = json.dumps([str(one) for one in found])
    assert not any(one.text in plain for one in some)
    texts = {one.key: one.text for one in some}
    assert manifest.dataset(found[0], texts) == data


@pytest.mark.parametrize("broken", [b"", b"no gzip", None])
def test_a_manifest_that_cannot_be_read_is_said(broken):
    files = manifest.pack([dataset(examples(3))])
    files[manifest.FILE] = files[manifest.FILE][:-20] if broken is None else broken
    with pytest.raises(ModelError, match=r"data\.jsonl\.gz of this model cannot be read"):
        manifest.unpack(files)


def test_hashes_tell_taught_from_judging_and_the_order_is_nothing():
    data = dataset(examples(40))
    card, turned = manifest.card(data), manifest.card(dataset(examples(40)[::-1]))
    assert card == turned
    first = int(data.taught().argmax())
    other = [replace(e, label="sport" if e.label == "food" else "food") if at == first else e
             for at, e in enumerate(data.examples)]
    changed = manifest.card(dataset(other))
    assert changed["sha256"] != card["sha256"]
    assert changed["holdout_sha256"] == card["holdout_sha256"]
    assert sum(card["counts"].values()) == 40


def test_training_again_from_the_manifest_gives_the_same_model(home, version, tmp_path):
    # Given a version, and a project that went on: texts edited, labels changed, tasks deleted, more of them
    store, keys = home
    artifacts = Artifacts(f"file://{tmp_path / 'home' / 'artifacts'}")
    for key in keys[:30]:
        _edit(store, key, "edited since")
    with store.write() as conn:
        conn.execute(s.consensus.update().where(s.consensus.c.task.in_(keys[30:60])).values(label="sport"))
        conn.execute(s.tasks.update().where(s.tasks.c.key.in_(keys[60:70])).values(deleted_at=now()))
    # When its data are had again and trained on
    [one] = reproduce.manifests(artifacts, version)
    with store.read() as conn:
        again = reproduce.from_store(conn, version, one)
    assert again.whole
    head = train(manifest.dataset(one, again.texts)).head
    # Then each file of the model is what it was
    hashes = {name: version.sha256[name] for name in version.sha256 if name.startswith("head-")}
    assert Bundle((head,)).to_files().items() >= artifacts.read(version.path, hashes).items()


def test_show_writes_the_set_with_its_texts(home, version, run, tmp_path):
    store, keys = home
    _edit(store, keys[0], "edited since")
    code, said = run("data", "show", f"topics@{version.version}", "--out", "all.csv")
    assert code == 0, said
    assert "Every text is the one that was read. Written to all.csv." in said
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["text"] for row in rows} == {one.text for one in examples(90)}
    assert all(text_sha256(row["text"]) == row["sha256"] for row in rows)
    assert {row["part"] for row in rows} == {"train", "holdout"}
    code, said = run("data", "show", f"topics@{version.version}", "--part", "holdout", "--out", "some.jsonl", "--json")
    facts = json.loads(said)
    some = [json.loads(line) for line in (tmp_path / "some.jsonl").read_text().splitlines()]
    assert len(some) == facts["controls"][0]["examples"]["holdout"] == sum(row["part"] == "holdout" for row in rows)
    assert facts["controls"][0]["sha256"] == version.card["controls"]["topic"]["data"]["sha256"]
    # An output that exists, and a name that tells no format, are refused
    assert run("data", "show", f"topics@{version.version}", "--out", "all.csv")[0] == 1
    assert run("data", "show", f"topics@{version.version}", "--out", "all.xlsx")[0] == 2


def test_what_cannot_be_had_again_is_told_with_its_reason(home, version, run):
    # Given that one text was edited and its history is gone, one task more so, and one vanished from the store
    store, keys = home
    with store.write() as conn:
        conn.execute(s.task_versions.delete().where(s.task_versions.c.task.in_(keys[:3])))
        conn.execute(s.tasks.update().where(s.tasks.c.key == keys[1]).values(data={"text": ""}, deleted_at=now()))
        conn.execute(s.tasks.update().where(s.tasks.c.key == keys[2]).values(created_at=now()))
        conn.execute(s.tasks.update().where(s.tasks.c.key == keys[4]).values(deleted_at=now()))
    _edit(store, keys[0], "edited since")
    code, said = run("data", "show", f"topics@{version.version}", "--json")
    facts = json.loads(said)
    assert code == 3
    assert facts["reproduced"] is False
    assert facts["controls"][0]["missing"] == {reproduce.CHANGED: 1, reproduce.DELETED: 1, reproduce.ABSENT: 1}
    code, said = run("data", "show", f"topics@{version.version}")
    assert "1 cannot be had again: the task is not in the store" in said
    assert "It cannot be had again as it was." in said


def test_a_card_or_a_file_that_was_altered_is_noticed(home, version, run, tmp_path):
    store, _ = home
    with store.write() as conn:
        conn.execute(s.model_versions.update().values(card={
            "controls": {"topic": {"data": version.card["controls"]["topic"]["data"] | {"sha256": "0" * 64}}}}))
    code, said = run("data", "show", f"topics@{version.version}")
    assert code == 3
    assert "train: not what the card has the hash of" in said
    with store.write() as conn:
        conn.execute(s.model_versions.update().values(sha256=version.sha256 | {manifest.FILE: "0" * 64}))
    code, said = run("data", "show", f"topics@{version.version}")
    assert code == 3
    assert "SHA-256" in said or "cannot be read" in said


def test_a_file_is_checked_row_by_row(run, tmp_path):
    # Given a version that was trained on a file
    def write(name, some):
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *((e.text, e.label) for e in some)])
        return name

    some = examples(90)
    code, said = run("train", "--csv", write("a.csv", some), "--text", "text", "--label", "label", "--model", "topics")
    assert code == 0, said
    # Then without the file only the list is there; with it, in whatever order, all is
    code, said = run("data", "show", "topics")
    assert code == 0
    assert "give it with --csv FILE" in said
    assert run("data", "show", "topics", "--out", "x.csv")[0] == 2
    assert run("data", "show", "topics", "--csv", write("b.csv", some[::-1]), "--out", "again.csv")[0] == 0
    assert (tmp_path / "again.csv").read_text().count("\n") == 91
    # And what the file lost or renamed is told
    lost = [replace(some[0], label="sport" if some[0].label == "food" else "food"), *some[2:]]
    code, said = run("data", "show", "topics", "--csv", write("c.csv", lost), "--json")
    assert code == 3
    missing = json.loads(said)["controls"][0]["missing"]
    assert set(missing) <= {reproduce.RELABELLED, reproduce.NOT_IN_FILE}
    assert sum(missing.values()) >= 1


@pytest.mark.parametrize(("kind", "more", "expected"), [
    ("text-linear", {}, "before lists of data were kept"), ("elsewhere", {}, "was not trained here"),
    ("label-studio-ml", {}, "a class of yours"), ("text-linear", {"deleted_at": now()}, "its files were deleted")])
def test_versions_without_a_manifest_say_why(home, run, kind, more, expected):
    store, _ = home
    with store.write() as conn:
        conn.execute(s.model_versions.insert().values(
            name="old", version="v1", project_id=7, kind=kind, path="models/old/v1", sha256={}, card={"controls": {}},
            created_at=now(), **more))
    code, said = run("data", "show", "old@v1")
    assert code == 3
    assert expected in said
    assert json.loads(run("data", "show", "old@v1", "--json")[1])["reproduced"] is False


def test_wrong_calls_say_what_to_do(home, version, run):
    assert "no model 'nothing'" in run("data", "show", "nothing")[1]
    code, said = run("data", "show", f"topics@{version.version}", "--csv", "x.csv")
    assert code == 2
    assert "trained on project 7, not on a file" in said


def test_the_policy_of_a_file_decides_what_is_held_out(tmp_path):
    from ml_backend import csv_files

    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label", "author"), *(
            (e.text, e.label, n % 12) for n, e in enumerate(examples(240)))])
    plain, by_author = (csv_files.dataset(path, "text", "label", policy) for policy in (
        Data(), Data(source="author", holdout=0.4)))
    assert 0.1 < plain.held_out().mean() < 0.3
    sides = {(e.fields["author"], e.part) for e in by_author.examples if e.part != "apart"}
    assert len(sides) == 12
    assert (plain.held_out() | plain.taught()).all()
    assert Policy().data == Data()


def test_near_duplicates_in_a_file_stand_on_one_side_in_whatever_order(tmp_path):
    # Given a file in which every text stands three times, a little differently each time
    from ml_backend import csv_files

    texts = [f"{one.text}, and so on and so forth until the end of the day" for one in examples(60)]
    rows = [(text, one.label) for one, text in zip(examples(60), texts, strict=True)]
    rows += [(text.upper() + "!", label) for text, label in rows] + [(f"{text} ?", label) for text, label in rows]
    found = []
    for name, some in (("a.csv", rows), ("b.csv", rows[::-1])):
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *some])
        data = csv_files.dataset(tmp_path / name, "text", "label")
        found.append({e.text: (e.part, e.cluster) for e in data.examples})
    # Then the three are together, and the order of the rows is nothing
    assert found[0] == found[1]
    assert all(len({found[0][form] for form in (text, text.upper() + "!", f"{text} ?")}) == 1 for text in texts)
    assert {part for part, _ in found[0].values()} == {"train", "holdout"}
