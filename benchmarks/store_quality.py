"""From answers in the store to consensus, performance and agreement in the store: seconds and memory.

Run `python -m benchmarks.store_quality [--answers N] [--people N] [--database URL]`. A store is filled as pull would
have left it, then a process of its own makes a full run over it. Goal: a million answers in 10 s and 600 MB.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.crowd import simulated
from benchmarks.measure import in_child, verdict
from cueloop.store import Store, schema
from cueloop.store import consensus as consensus_store
from cueloop.store.stamps import stamps
from sync import evidence, kinds, quality

GOAL_SECONDS, GOAL_MB = 10.0, 600.0

CONFIG = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text">
<Choice value="l0"/><Choice value="l1"/><Choice value="l2"/><Choice value="l3"/><Choice value="l4"/>
</Choices></View>"""

START = datetime(2026, 1, 1, tzinfo=UTC)

CHUNK = 50_000
"""Rows inserted at a time."""


def main() -> None:
    """Fill a store, run, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--database", help="URL of an empty database; default: SQLite in a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{Path(folder) / 'store.sqlite3'}"
        run(url, options.answers, options.people)


def run(url: str, answers: int, people: int) -> bool:
    """Print one run; whether the goals are met (they are stated for a million answers)."""
    rows = in_child(fill, url, answers, people).result
    print(f"\nStore to performance tables: {rows:,} answers, {people:,} people, {url.split(':', maxsplit=1)[0]}")
    steps = in_child(step_by_step, url)
    for name, seconds in steps.result.items():
        print(f"  {name:42} {seconds:6.2f} s")
    full = in_child(recompute, url)
    met = [verdict("full run, process time", full.result, GOAL_SECONDS, "s"),
           verdict("full run, peak memory", full.megabytes, GOAL_MB, "MB")]
    with_reports = in_child(recompute, url, True)
    print(f"  {'with all reports':42} {with_reports.result:6.2f} s, peak {with_reports.megabytes:.0f} MB")
    return all(met)


def fill(url: str, answers: int, people: int) -> int:
    """A connected project with so many answers; how many there are."""
    crowd = simulated(answers, people)
    store = Store.open(url)
    with store.write() as conn:
        conn.execute(schema.projects.insert().values(id=1, title="many", label_config=CONFIG, mode="connected",
                                                     connected_at=START))
        for start in range(0, crowd.tasks, CHUNK):
            conn.execute(schema.tasks.insert(), [
                {"key": key + 1, "project_id": 1, "id": key + 1, "created_at": START, "updated_at": START,
                 "data": {"text": f"text {key}"}, "cue": {}, "blind": False}
                for key in range(start, min(start + CHUNK, crowd.tasks))])
        seconds = np.random.default_rng(1).gamma(2, 8, len(crowd.task)).round(2)
        columns = (crowd.task + 1, crowd.annotator + 1, crowd.label, seconds)
        for start in range(0, len(crowd.task), CHUNK):
            part = zip(*(column[start:start + CHUNK].tolist() for column in columns), strict=True)
            conn.execute(schema.answers.insert(), [
                {"task": task, "control": "mood", "annotator_id": person, "project_id": 1, "label": f"l{label}",
                 "unique_id": f"{task}-{person}", "ground_truth": False, "review": False,
                 "seen_suggestion": at % 3 == 0,
                 "guideline_version": 1, "lead_time": lead, "answered_at": START + timedelta(seconds=start + at)}
                for at, (task, person, label, lead) in enumerate(part)])
    store.close()
    return len(crowd.task)


def recompute(url: str, reports: bool = False) -> float:
    """A full run as the worker does it; seconds of this process."""
    store = Store.open(url)
    began = process_time()
    quality.recompute(store, 1, reports=reports)
    took = process_time() - began
    store.close()
    return took


def step_by_step(url: str) -> dict[str, float]:
    """Processor seconds of each step of a full run."""
    store = Store.open(url)
    took: dict[str, float] = {}

    def timed(name: str, run: Callable[[], Any]) -> Any:
        began = process_time()
        found = run()
        took[name] = process_time() - began
        return found

    with store.read() as conn:
        [control] = evidence.controls(conn, 1)
        seen = timed("answers into arrays", lambda: evidence.observations(conn, 1, control))
    outcome = timed("consensus, annotators, agreement", lambda: kinds.judge(control, seen))
    with store.write() as conn:
        timed("consensus written", lambda: consensus_store.write(conn, 1, outcome.consensus))
        timed("read again before the next run", lambda: stamps(conn, 1, control.name))
        conn.rollback()
        conn.begin()
    store.close()
    return took


if __name__ == "__main__":
    main()
