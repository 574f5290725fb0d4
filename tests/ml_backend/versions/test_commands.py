"""`cueloop models`: looking at versions, keeping them in service, deleting them."""

import json

import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop.settings import load
from cueloop.store import Store, models
from cueloop.store.columns import now
from ml_backend import registry
from ml_backend.artifacts import Artifacts

HELD = {"tasks": 250, "blind": True, "accuracy": 0.912, "low": 0.88, "high": 0.94, "nll": 0.3, "ece": 0.02}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `cueloop ...` with a home of its own."""
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def runs(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == code, result.output
        return json.loads(result.output) if "--json" in arguments and not code else result.output
    return runs


@pytest.fixture
def home(run):
    settings = load()
    store = Store.open(settings.store_url)
    yield settings, store, Artifacts(settings.artifacts)
    store.close()


@pytest.fixture
def keep(home, bundle):
    def go(**card):
        _, store, artifacts = home
        found = registry.save(store, artifacts, bundle, {
            "controls": {"topic": {"held_out": HELD, "data_sha256": "ab" * 32}}, "labelled": {"topic": 1250},
            "parent": None, "why": "40 % more labels", "cursor": "2026-11-22T10:00:00+00:00", "guideline_version": 3,
            "libraries": {"cueloop": "0.1.0", "numpy": "2.5.0"}, "gate": {"promoted": True, "reason": "no worse"},
            "skipped": {}} | card, name="topics", kind="text-linear")
        registry.promote(store, found, actor="test", reason="")
        return found.version
    return go


def test_the_list_tells_what_one_chooses_by(run, keep):
    first, second = keep(), keep()
    run("models", "pin", "topics")
    lines = run("models", "list").splitlines()
    assert lines[0].split() == ["model", "aliases", "age", "kind", "score", "on", "held-out", "tasks", "labels", "why"]
    assert lines[1].startswith(f"topics@{second}  champion,pinned  ")
    assert lines[1].endswith("text-linear  topic 0.912 (0.880-0.940, 250 held out)  1250    40 % more labels")
    assert lines[2].startswith(f"topics@{first}  previous")


def test_show_leads_to_data_guideline_code_libraries_and_parents_though_they_are_deleted(run, keep):
    versions = [keep()]
    for _ in range(4):
        versions.append(keep(parent=versions[-1]))
    run("models", "delete", f"topics@{versions[1]}")
    said = run("models", "show", "topics")
    for words in ("aliases: champion", "why: 40 % more labels", "guideline version: 3", "numpy 2.5.0",
                  "data of topic: abababababababab, labels up to 2026-11-22T10:00:00+00:00", "gate: promoted",
                  "accuracy 0.912 (0.880-0.940) on 250", "bundle.json", "code: cueloop 0.1.0",
                  f"topics@{versions[2]} <- topics@{versions[1]} (deleted) <- topics@{versions[0]}"):
        assert words in said, words
    facts = run("models", "show", "topics", "--json")
    assert set(facts) >= {"model", "version", "kind", "project", "created_at", "card", "aliases"}
    assert [one["version"] for one in facts["parents"]] == versions[3::-1]
    assert facts["lineage"]["code"]["cueloop"] == "0.1.0"
    # And of a deleted one the card is left
    assert "deleted: 20" in run("models", "show", f"topics@{versions[1]}")


def test_parents_in_a_circle_end(run, home, keep):
    first = keep()
    second = keep(parent=first)
    with home[1].write() as conn:
        found = models.get(conn, "topics", first)
        found.card["parent"] = second
        models.put(conn, found)
    assert [one["version"] for one in run("models", "show", "topics", "--json")["parents"]] == [first]


def test_pins_come_and_go(run, keep):
    first, second = keep(), keep()
    assert "pinned" in run("models", "pin", f"topics@{first}", "--reason", "a test")
    assert run("models", "list", "topics", "--json")[1]["pinned"]
    told = run("models", "promote", f"topics@{second}", "--json")
    assert (told["unpinned"], told["before"]) == (first, first)
    assert "No version of topics was pinned" in run("models", "unpin", "topics")
    run("models", "pin", "topics")
    assert run("models", "unpin", "topics", "--json") == {"model": "topics", "unpinned": second}
    assert "There is no model" in run("models", "unpin", "topisc", code=1)


def test_rollbacks_say_how_they_are_undone(run, keep):
    first, second, third = keep(), keep(), keep()
    said = run("models", "rollback", "topics")
    assert f"topics@{second} is in service again. To undo: cueloop models promote topics@{third}" in said
    assert first in run("models", "rollback", "topics")
    assert "no previous version" in run("models", "rollback", "topics", code=1)


def test_delete_and_prune(run, keep):
    versions = [keep() for _ in range(6)]
    assert "is needed (champion)" in run("models", "delete", f"topics@{versions[-1]}", code=1)
    assert "NAME@VERSION" in run("models", "delete", "topics", code=2)
    plan = run("models", "prune", "topics", "--keep", 3, "--dry-run", "--json")
    assert plan["deleted"] == [f"topics@{v}" for v in versions[:3]]
    assert run("models", "prune", "--keep", 3, "--json") == plan | {"dry_run": False}
    assert "3 deleted; --deleted shows them." in run("models", "list")
    assert run("models", "list", "--deleted").count("deleted") == 3
    assert "was deleted on" in run("models", "promote", f"topics@{versions[0]}", code=1)
    assert "was deleted before" in run("models", "delete", f"topics@{versions[0]}")
    assert "There is no model" in run("models", "prune", "topisc", "--keep", 1, code=1)


def test_cards_of_all_kinds_can_be_shown(run, home):
    """Pushed ones, those of a team's class, those of long ago."""
    _, store, _ = home
    cards = [{}, {"controls": {}, "source": "llm.jsonl", "files": [{"file": "llm.jsonl"}], "parent": None},
             {"class": "model.py:Mine", "code": "cd" * 32, "controls": {}, "libraries": {"cueloop": "0.1.0"}},
             {"controls": {"topic": {"held_out": {"tasks": 0, "accuracy": None}}}, "parent": "gone@1"}]
    with store.write() as conn:
        for number, card in enumerate(cards):
            models.insert(conn, models.ModelVersion(f"m{number}", "v", None, "strange", "", {}, card, now()))
    assert len(run("models", "list").splitlines()) == 1 + len(cards)
    for number in range(len(cards)):
        assert f"m{number}@v" in run("models", "show", f"m{number}@v")
    assert "model.py:Mine, file cdcdcdcd" in run("models", "show", "m2@v")
