"""Guidelines: versions that only grow, shown in Label Studio, known for every moment; what people confuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import main
from cueloop import audit
from cueloop.errors import Conflict, DataError, NotFound
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, schema
from cueloop.store import guidelines as rows
from cueloop.store.columns import now
from guidelines import confusions, versions
from guidelines.html import to_html
from guidelines.push import push
from sync import quality
from tests.sync import quality_store as given

TEXT = """# Mood

* **good**: praise
* **bad**: "complaints" & <script>alert(1)</script>

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture
def client(either_label_studio: Any) -> Iterator[LabelStudio]:
    """A client of the real Label Studio, then of the fake."""
    with LabelStudio(either_label_studio.url, either_label_studio.admin_token) as opened:
        yield opened


def connected(store: Store, project_id: int, mode: str = "connected") -> int:
    """The project as the store knows it after `connect`."""
    given.project(store, project_id)
    with store.write() as conn:
        conn.execute(schema.projects.update().values(mode=mode))
    return project_id


def test_a_version_is_shown_to_annotators_and_known_for_every_moment(
        store: Store, client: LabelStudio, either_label_studio: Any, project_factory: Callable[..., int]) -> None:
    # given a connected project with a first guideline
    project_id = connected(store, project_factory(either_label_studio))
    before = now()
    versions.add(store, project_id, TEXT, author="ann", note="the first")
    push(store, client, project_id)
    between = now()
    # when a second one follows
    versions.add(store, project_id, "Label *carefully*.", author="ann", note="shorter")
    drafted = now()
    push(store, client, project_id)
    # then Label Studio shows it
    shown = client.project(project_id)
    assert shown["show_instruction"] is True
    assert shown["expert_instruction"].strip() == "<p>Label <em>carefully</em>.</p>"
    # and of every moment it is known which was in force
    with store.read() as conn:
        in_force = [rows.in_force(conn, project_id, at) for at in (before, between, drafted, now())]
        assert audit.verify(conn) == 4
    assert in_force == [None, 1, 1, 2]
    assert [v.note for v in versions.history(store, project_id)] == ["the first", "shorter"]


def test_label_studio_keeps_what_our_html_means(
        store: Store, client: LabelStudio, either_label_studio: Any, project_factory: Callable[..., int]) -> None:
    project_id = connected(store, project_factory(either_label_studio))
    versions.add(store, project_id, TEXT, author="ann")
    push(store, client, project_id)
    shown = str(client.project(project_id)["expert_instruction"])
    for piece in ("<h1>Mood</h1>", "<li><strong>good</strong>: praise</li>", "<td>1</td>", "&lt;script&gt;"):
        assert piece in shown
    assert "<script>" not in shown


def test_raw_html_is_shown_as_text() -> None:
    assert to_html("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"


def test_the_same_text_is_not_added_twice_and_an_empty_one_not_at_all(any_store: Store) -> None:
    project_id = connected(any_store, 1)
    first = versions.add(any_store, project_id, TEXT, author="ann")
    assert versions.add(any_store, project_id, TEXT, author="bob") == first
    with pytest.raises(DataError, match="guideline is empty"):
        versions.add(any_store, project_id, " \n", author="ann")
    # going back is a version of its own
    versions.add(any_store, project_id, "other", author="ann")
    assert versions.add(any_store, project_id, TEXT, author="ann").version == 3


class Untouched:
    """A Label Studio that nothing may be written to."""

    def project(self, project_id: int) -> dict[str, object]:
        raise AssertionError(f"project {project_id} was read")

    def patch_project(self, project_id: int, **fields: object) -> dict[str, object]:
        raise AssertionError(f"project {project_id} was written: {fields}")


def test_push_refuses_what_makes_no_sense(store: Store) -> None:
    project_id = connected(store, 1)
    with pytest.raises(NotFound, match="no guideline yet"):
        push(store, Untouched(), project_id)
    versions.add(store, project_id, TEXT, author="ann")
    with pytest.raises(NotFound, match=r"no guideline version 7; there is: 1"):
        push(store, Untouched(), project_id, 7)
    # a version that was followed by another does not come back under its old number
    versions.add(store, project_id, "newer", author="ann")
    with store.write() as conn:
        rows.put_in_force(conn, project_id, 2, now() - timedelta(days=1))
    with pytest.raises(Conflict, match="version 2 was in force after version 1"):
        push(store, Untouched(), project_id, 1)
    # nothing is written to a project that is only observed
    with store.write() as conn:
        conn.execute(schema.projects.update().values(mode="observe"))
    with pytest.raises(Conflict, match="only observed"):
        push(store, Untouched(), project_id)


def test_the_most_confused_pair_comes_first_with_tasks_that_show_it(any_store: Store) -> None:
    # given a crowd that often takes film for food, and rarely food for other
    keys = given.project(any_store, tasks=30)
    labels = ("food", "film", "other")
    votes = []
    for at, key in enumerate(keys):
        truth = labels[at % 3]
        for who in range(1, 6):
            torn = truth == "film" and who <= 2 and at < 18
            votes.append((key, who, "food" if torn else "other" if (at, who) == (0, 5) else truth))
    given.answers(any_store, 1, votes, "topic")
    quality.recompute(any_store, 1)
    # when the pairs are asked for
    with any_store.read() as conn:
        first, second, *_ = confusions.most_confused(conn, 1, "topic")
        nothing = confusions.most_confused(conn, 1, "unheard of")
    # then film and food lead, with torn tasks
    assert {first.a, first.b} == {"food", "film"}
    assert first.count == pytest.approx(12, abs=1.5)
    assert first.rate == pytest.approx(0.12, abs=0.03)
    assert [example.votes for example in first.examples] == [{"film": 3, "food": 2}] * 3
    assert first.examples[0].data["text"] == "text 2"
    assert {second.a, second.b} == {"food", "other"}
    assert nothing == []


def test_the_command_line_tells_all_of_it(home: Settings, tmp_path: Path) -> None:
    store = Store.open(home.store_url)
    connected(store, 1)
    keys = _tasks(store)
    given.answers(store, 1, [(k, w, "good" if w < 3 else "bad") for k in keys for w in (1, 2, 3)])
    quality.recompute(store, 1)
    store.close()
    (tmp_path / "guideline.md").write_text(TEXT)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["guidelines", *words])
        assert result.exit_code == code, result.output
        return result.output

    added = json.loads(run("add", str(tmp_path / "guideline.md"), "--draft", "--note", "first", "--json"))
    assert (added["version"], added["in_force_at"]) == (1, None)
    assert run("list").startswith("version 1: draft, by cli: first")
    assert run("show", "1") == TEXT
    assert "no guideline in force" in run("show", code=1)
    assert "No such file" in run("add", str(tmp_path / "none.md"), code=1)
    assert "good / bad" in run("confusions", "--control", "mood")
    assert "has no control 'mud'; it has: mood, topic" in run("confusions", "--control", "mud", code=1)


def _tasks(store: Store) -> list[int]:
    with store.write() as conn:
        return [given.task(conn, 1, number) for number in range(1, 9)]
