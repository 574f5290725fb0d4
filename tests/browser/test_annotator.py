"""What an annotator sees, in a real browser: their queue, the suggestion, and what the router moves meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from console.parts.label_studio import EmbeddedLabelStudio
from cueloop.label_config import parse, to_result
from cueloop.label_studio import LabelStudio
from routing.showing import queues

CONFIG = (Path(__file__).parents[2] / "console" / "demo" / "project.xml").read_text(encoding="utf-8")
TEXTS = ("A film that is worth every minute.", "Dull from the first scene to the last.", "It runs for two hours.")
FIRST, SECOND, MOVED = range(3)

pytestmark = [pytest.mark.browser, pytest.mark.label_studio]


@pytest.fixture
def admin(label_studio: EmbeddedLabelStudio) -> Iterator[LabelStudio]:
    """A client that acts as the admin, as the router does."""
    with LabelStudio(label_studio.url, label_studio.admin_token) as client:
        yield client


def test_an_annotator_works_through_their_queue_link(
    page: Page, label_studio: EmbeddedLabelStudio, admin: LabelStudio, project_factory: Callable[..., int],
) -> None:
    # Given an annotator whose queue holds two tasks, the first with a suggestion, and a third task that it does not
    email, password = "browser@test.example", "a-long-password"
    with admin.sign_up(email, password, "Bo") as session:
        annotator = int(session.whoami()["id"])
    queue = f"w{annotator}"
    project = project_factory(label_studio, label_config=CONFIG)
    tasks = admin.import_tasks(project, [
        {"data": {"text": text, "cue_queue": f",{queue}," if at != MOVED else "", "cue_priority": 9 - at}}
        for at, text in enumerate(TEXTS)])
    suggest(admin, project, tasks[FIRST], "positive")

    # When they sign in and open their queue link
    sign_in(page, label_studio.url, email, password)
    page.goto(queues.link(label_studio.url, project, queue))

    # Then the first task shows, with the suggestion chosen
    expect(page.get_by_text(TEXTS[FIRST])).to_be_visible()
    expect(page.get_by_label("positive")).to_be_checked()

    # When the router moves another task to the front of their queue, and takes the next one away, and they submit
    admin.patch_task(tasks[MOVED], data={"text": TEXTS[MOVED], "cue_queue": f",{queue},", "cue_priority": 20})
    admin.patch_task(tasks[SECOND], data={"text": TEXTS[SECOND], "cue_queue": "", "cue_priority": 0})
    submit(page)

    # Then they are served what was moved to them, with nothing suggested
    expect(page.get_by_text(TEXTS[MOVED])).to_be_visible()
    expect(page.get_by_label("positive")).not_to_be_checked()
    page.get_by_label("neutral").check()
    submit(page)

    # And then nothing: the task that was taken away is not theirs any more
    expect(page.get_by_text("No More Tasks Left in Queue")).to_be_visible()
    done = {task["id"]: task["annotations"] for task in admin.tasks(project, tasks)}
    first, moved, second = done[tasks[FIRST]], done[tasks[MOVED]], done[tasks[SECOND]]
    assert [a["completed_by"] for a in first + moved] == [annotator, annotator]
    assert chosen(first) == "positive"
    assert first[0]["parent_prediction"], "Label Studio says which suggestion it started from"
    assert chosen(moved) == "neutral"
    assert second == []


def suggest(admin: LabelStudio, project: int, task: int, label: str) -> None:
    """Push one prediction and have the project show that version."""
    control = parse(CONFIG).modelled[0]
    admin.import_predictions(project, [{"task": task, "result": to_result(control, label, 0.9), "score": 0.9,
                                        "model_version": "m1"}])
    admin.patch_project(project, model_version="m1")


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Through the login form, as a person does."""
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/user/login" not in address)


def submit(page: Page) -> None:
    """Press Submit."""
    page.get_by_test_id("bottombar-submit-button").click()


def chosen(annotations: list[dict[str, Any]]) -> str:
    """The label of the only annotation."""
    (annotation,) = annotations
    return str(annotation["result"][0]["value"]["choices"][0])
