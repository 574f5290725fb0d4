"""Takes docs/queue.png: Label Studio with somebody's queue and a pre-label, from a short run of the demo.

    .venv/bin/python docs/screenshot.py [FILE]

Needs the dev extra and a Chromium (`apt install chromium`); takes two minutes and leaves nothing behind.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from console.demo import settled
from console.demo.places import busiest
from console.demo.ratings import load
from console.demo.replay import Replay
from console.demo.stage import Stage, set_up, sign_up
from console.parts import secrets
from console.parts.supervisor import Supervisor
from cueloop.store.annotators import queue_name
from routing.showing.queues import link

ANSWERS = 100
"""Answers after which a model was trained, and some people have not begun yet: their queues are whole."""
SIZE = {"width": 1440, "height": 810}


def main(target: Path) -> None:
    """Run the demo for a while, sign in as an annotator, open their queue, take the picture."""
    with tempfile.TemporaryDirectory(prefix="cueloop-screenshot-") as folder:
        settings = secrets.ensure(Path(folder) / "home")
        with Supervisor(settings.home, progress=print) as supervisor:
            stage = set_up(supervisor.settings, load(), sign_up(supervisor, lambda _: None))
            with stage:
                work(stage)
                with sync_playwright() as playwright:
                    context = playwright.chromium.launch_persistent_context(
                        str(Path(folder) / "profile"), executable_path=shutil.which("chromium"), viewport=SIZE,
                        args=["--no-sandbox", "--disable-background-networking", "--disable-component-update",
                              "--disable-sync", "--no-first-run", "--force-device-scale-factor=1"])
                    picture(context.pages[0], stage, target)
                    context.close()
    sys.stdout.write(f"{target}: {target.stat().st_size // 1024} kB\n")


def work(stage: Stage) -> None:
    """Let people answer, and wait until the model's predictions are there."""
    room = Replay(stage.project_id, stage.control, stage.ratings, stage.tasks, ANSWERS, finished=lambda _: False)
    with stage.room() as people:
        log = room.run(people)
    settled.wait(lambda: stage.at_rest(len(log)), "The last answers", 300)


def picture(page: Page, stage: Stage, target: Path) -> None:
    """Sign in, open the queue as a grid, open its first task beside it."""
    someone = busiest(stage)
    page.set_default_timeout(60_000)
    page.goto(f"{stage.admin.url}/user/login/")
    page.fill("input[name=email]", someone.email)
    page.fill("input[name=password]", someone.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/user/login" not in address)
    page.goto(link(stage.admin.url, stage.project_id, queue_name(someone.id), labeling=False))
    page.get_by_text(re.compile(r"^0\.[6-9]\d\d$")).first.click()  # a task with a prediction's score
    page.get_by_text(re.compile(r"\b[6-9]\d\.\d\d%")).first.click()  # that prediction, beside the list
    page.mouse.move(SIZE["width"] / 2, SIZE["height"] - 150)  # or its tooltip hides the text
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(target))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "queue.png")
