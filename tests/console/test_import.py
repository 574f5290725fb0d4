"""`cueloop import`: files become tasks, first queues ride along, mistakes are named with file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from console.cli import main
from console.connect import connect
from console.task_files import read
from cueloop.errors import DataError
from cueloop.fake.faults import LOST
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store


@pytest.fixture
def admin(home: Settings, fake_label_studio: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabelStudio]:
    monkeypatch.setenv("LABEL_STUDIO_URL", fake_label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", fake_label_studio.admin_token)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as client:
        yield client


@pytest.fixture
def project(home: Settings, admin: LabelStudio, fake_label_studio: Any, project_factory: Callable[..., int]) -> int:
    admin.sign_up("ann@example.com", "a good password").close()
    number = project_factory(fake_label_studio)
    opened = Store.open(home.store_url)
    connect(home, opened, admin, number)
    opened.close()
    return number


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["import", *args])


def test_a_csv_becomes_tasks_with_first_queues(project: int, admin: LabelStudio, tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("text,source\ngood,a\n\"bad, very\",b\n")

    said = run(str(file), "--json")

    assert said.exit_code == 0, said.output
    tasks = list(admin.every_task(project))
    assert json.loads(said.stdout) == {"project": project, "imported": 2, "ids": [task["id"] for task in tasks]}
    assert [(task["data"]["text"], task["data"]["source"]) for task in tasks] == [("good", "a"), ("bad, very", "b")]
    assert all(task["data"]["cue_queue"] == ",w2," for task in tasks)


@pytest.mark.parametrize(("name", "text"), [
    ("a.json", '[{"text": "good"}, {"data": {"text": "bad"}, "meta": {"n": 1}}]'),
    ("a.jsonl", '{"text": "good"}\n\n{"data": {"text": "bad"}, "meta": {"n": 1}}\n')])
def test_json_and_json_lines_with_label_studios_own_tasks(project: int, admin: LabelStudio, tmp_path: Path, name: str,
                                                          text: str) -> None:
    (tmp_path / name).write_text(text)

    said = run(str(tmp_path / name))

    assert said.exit_code == 0, said.output
    tasks = admin.tasks(project, [task["id"] for task in admin.every_task(project)])
    assert [(task["data"]["text"], task["meta"]) for task in tasks] == [("good", {}), ("bad", {"n": 1})]


@pytest.mark.parametrize(("name", "text", "told"), [
    ("a.csv", "words\ngood\n", "a.csv, line 2: no value for text"),
    ("a.csv", "text,n\ngood,1\nbad\n", "a.csv, line 3: not as many fields"),
    ("a.csv", "text\n", "has no tasks in it"),
    ("a.csv", "text,cue_queue\ngood,x\n", "names that begin with cue_ are Cueloop's"),
    ("a.json", '{"text": "good"}', "expected a list of tasks, found dict"),
    ("a.json", '[{"text": "good"},\n 3]', "task 2: expected an object"),
    ("a.jsonl", '{"text": "good"}\n{"text": \n', "a.jsonl, line 2: not well-formed JSON"),
    ("a.txt", "good", "tasks are read from .csv, .json, .jsonl files"),
    ("a.csv", b"text\n\xff\xfe\n", "not UTF-8")])
def test_a_mistake_is_named_with_its_place(tmp_path: Path, name: str, text: str | bytes, told: str) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(DataError, match=re.escape(told)):
        read(tmp_path / name, frozenset({"text"}))


def test_a_file_with_a_mistake_imports_nothing(project: int, admin: LabelStudio, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,n\ngood,1\n,2\n")

    said = run(str(tmp_path / "a.csv"))

    assert said.exit_code == 1
    assert "a.csv, line 3: no value for text" in said.output
    assert list(admin.every_task(project)) == []


def test_an_import_that_breaks_off_says_how_to_go_on(project: int, admin: LabelStudio, fake_label_studio: Any,
                                                     tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("".join(f'{{"text": "text {number}"}}\n' for number in range(700)))
    fake_label_studio.faults.fail(500, method="POST", path="/import$", skip=1)

    broken = run(str(file))
    rest = run(str(file), "--skip", "500")

    assert broken.exit_code == 1
    assert "--skip 500" in broken.output
    assert rest.exit_code == 0
    texts = [task["data"]["text"] for task in admin.every_task(project)]
    assert texts == [f"text {number}" for number in range(700)]


def test_an_import_whose_answer_is_lost_is_not_sent_again(project: int, admin: LabelStudio, fake_label_studio: Any,
                                                          tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text\ngood\n")
    fake_label_studio.faults.fail(LOST, method="POST", path="/import$")

    said = run(str(file))

    assert said.exit_code == 1
    assert "look in Label Studio whether more are" in said.output
    assert len(list(admin.every_task(project))) == 1
