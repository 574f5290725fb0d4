"""The demo end to end on the real parts, on a few batches of its sentences: the loop closes, and says how well."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner
from rich.console import Console

from console.cli import main
from console.demo.bars import Bars
from console.demo.places import places
from console.demo.ratings import ANNOTATORS
from console.demo.report import Report
from console.demo.run import run
from console.demo.show import show
from console.demo.stage import Stage
from console.parts.supervisor import Supervisor
from cueloop.settings import Settings

BATCHES = 6
TASKS = 30 * BATCHES


@pytest.mark.label_studio
@pytest.mark.timeout(600)
def test_the_loop_closes(home: Settings) -> None:
    # When a short demo runs
    screen = io.StringIO()
    seen: dict[str, Any] = {}

    def look(supervisor: Supervisor, stage: Stage) -> None:
        seen["project"] = stage.admin.project(stage.project_id)
        seen["tasks"] = stage.admin.tasks(stage.project_id, list(stage.tasks))
        seen["places"] = dict(places(supervisor, stage, stay=False))

    report = run(home, Bars(Console(file=screen)), stay=look, batches=BATCHES)

    # Then every sentence has a label, and no answer was lost or counted twice
    assert report.decided == {"people": report.decided["people"], "machine": report.decided["machine"], "nobody yet": 0}
    assert sum(report.decided.values()) == report.tasks == TASKS
    assert report.answers == report.submitted == len(people_answers(seen["tasks"]))
    # and the labels are good, for fewer answers than full overlap takes
    assert report.accuracy.value > 0.85
    assert report.answers < 4 * TASKS
    # and people answered as themselves, from suggestions where there were some
    authors = {a["completed_by"] for a in people_answers(seen["tasks"])}
    assert 10 <= len(authors) <= ANNOTATORS
    assert report.suggestions["with_suggestion"] > 0
    # and a model was trained on the way, promoted, and shown
    assert [m for m in report.models if m["service"] == "champion"]
    assert seen["project"]["model_version"] in {m["version"] for m in report.models}
    # and Label Studio was written to no more than once an answer and once a task
    assert patches(home) <= report.answers + TASKS
    assert "database is locked" not in (home.home / "logs" / "label-studio.log").read_text()
    # and the report reads, on a screen and as JSON
    assert_readable(report)
    # and it says where to look
    assert seen["places"]["project"].endswith(f"/projects/{report.project}/data")
    assert "labeling=1" in seen["places"]["their queue"]
    # and nothing is left running
    assert left_running(home.home) == []


def test_a_report_that_exists_is_not_overwritten(home: Settings, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("mine")
    refused = CliRunner().invoke(main, ["demo", "--report", str(tmp_path / "report.json")])
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert (tmp_path / "report.json").read_text() == "mine"
    assert not (home.home / "logs").exists(), "nothing was started"


def people_answers(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All annotations that people of the demo made, as Label Studio has them: theirs alone have a lead time."""
    return [a for task in tasks for a in task["annotations"] if a["lead_time"] is not None]


def patches(home: Settings) -> int:
    """Tasks that the router wrote, by its own log."""
    lines = (home.home / "logs" / "sync.log").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return sum(event["patched"] for event in events if event["event"] == "published")


def assert_readable(report: Report) -> None:
    """The report says the same on paper and in JSON, and whose answers these are."""
    paper = io.StringIO()
    show(report, Console(file=paper, width=120))
    said = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert f"{report.accuracy.value:.1%}" in paper.getvalue()
    assert "stitched" in paper.getvalue()
    assert said["accuracy"]["of"] == TASKS
    assert said["uniform"]["answers"] == report.answers
    assert len(said["annotators"]) <= ANNOTATORS
    assert all(0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1 for row in said["annotators"])
    assert set(said["seconds"]) >= {"start of all parts", "replay of the answers"}


def left_running(home: Path) -> list[str]:
    """Processes whose command or environment names this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != psutil.Process().pid and str(home) in " ".join(process.cmdline()):
                found.append(process.name())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
