"""Regions: consensus and annotators beside gold on recorded entity spans and on gestures, and speed.

Run `python -m benchmarks.regions [--data FOLDER] [--tasks N]`. The recorded sets are not part of the project: without
the folder those tables are skipped.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from cueloop.types import Control
from sync.observations import Observations, observe
from sync.outcome import Outcome
from sync.regions import judge
from sync.regions.gathered import gather
from sync.regions.matching import matches
from sync.regions.overlap import overlapping

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Where the recorded sets are beside the project."""

Marks = list[dict[str, Any]]
Answers = list[tuple[Any, Any, Marks]]

ENTITIES = Control("entity", "text", "Labels", ("PER", "LOC", "ORG"), "text", kind="spans", shows="Text")
PHASES = ("Preparation", "Stroke", "Hold", "Retraction")
GESTURES = Control("phase", "video", "TimelineLabels", PHASES, "video", kind="segments", shows="Video")

MISS = (0.02, 0.10, 0.20, 0.35, 0.10, 0.05)
INVENT = (0.02, 0.05, 0.10, 0.05, 0.40, 0.10)
SHIFT = ((0.0, 0.0), (3.0, 0.0), (0.0, -2.0), (0.0, 0.0), (-3.0, 2.0), (0.0, 0.0))
"""Six simulated annotators of gestures: share missed, invented segments per real one, frames that start and end are
late."""

PIECE = 150
"""Frames of a recording that are one task."""


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with text/btc_ner_crowd and cues/gesture_phase")
    parser.add_argument("--tasks", type=int, default=10_000, help="size of the synthetic crowd")
    options = parser.parse_args()
    for table, folder in ((entities, "text/btc_ner_crowd"), (gestures, "cues/gesture_phase")):
        if (options.data / folder).is_dir():
            table(options.data / folder)
        else:
            print(f"\n{folder} skipped: nothing at {options.data / folder}.")
    speed(options.tasks)


def entities(folder: Path) -> None:
    """Entities in tweets by a paid crowd, five people a tweet and type: F1 against gold.

    Only section E: in section A the recorded answers say "done", not which words. A task is a tweet and a type, since
    people were shown one type at a time.
    """
    rows, gold = _tweets(folder)
    seen = _observed(rows)
    started = perf_counter()
    found = judge(ENTITIES, seen)
    took = perf_counter() - started
    by_task: dict[Any, list[Marks]] = defaultdict(list)
    by_annotator: dict[Any, dict[Any, Marks]] = defaultdict(dict)
    for task, annotator, marks in rows:
        by_task[task].append(marks)
        by_annotator[annotator][task] = marks
    scores = {who: _exact(marked, gold) for who, marked in by_annotator.items()}
    print(f"\nEntity spans: {len(by_task)} tasks, {len(by_annotator)} annotators, {len(rows)} answers, {took:.2f} s. "
          "Exact spans against gold")
    print(f"{'':34} {'precision':>9} {'recall':>7} {'F1':>7}")
    _row("consensus of regions", _exact({row.task: row.value for row in found.consensus}, gold))
    _row("majority vote on exact spans", _exact({t: _major_spans(said) for t, said in by_task.items()}, gold))
    _row("majority vote on tokens", _exact({t: _major_tokens(said, t[1]) for t, said in by_task.items()}, gold))
    _row("mean annotator", np.mean(list(scores.values()), axis=0))
    for least in (10, 30):
        known = [row for row in found.annotators if row.answers >= least]
        true = [_overlap_f1(ENTITIES, by_annotator[row.annotator], gold) for row in known]
        inside = np.mean([row.low <= score <= row.high for row, score in zip(known, true, strict=True)])
        print(f"{len(known)} annotators with {least} answers or more, F1 at IoU 0.5 against gold: Spearman "
              f"{spearmanr(true, [row.accuracy for row in known])[0]:.2f} (others' matches alone "
              f"{spearmanr(true, [row.details['pairwise_f1'] or 0 for row in known])[0]:.2f}), mean told "
              f"{np.mean([row.accuracy for row in known]):.3f}, true {np.mean(true):.3f}, in the interval {inside:.0%}")
    _coefficients(found)


def gestures(folder: Path) -> None:
    """Gesture phases on real recordings, by simulated annotators whose faults are known: are they recovered?"""
    truth = _recordings(folder)
    rows = _simulated(truth)
    found = judge(GESTURES, _observed(rows))
    score = _overlap_f1(GESTURES, {row.task: row.value for row in found.consensus}, truth)
    by_annotator: dict[Any, dict[Any, Marks]] = defaultdict(dict)
    for task, annotator, marks in rows:
        by_annotator[annotator][task] = marks
    true = {who: _overlap(GESTURES, marked, truth) for who, marked in by_annotator.items()}
    mean = np.mean([score[2] for score in true.values()])
    print(f"\nGesture phases: {len(truth)} tasks of {PIECE} frames, {sum(map(len, truth.values()))} segments, three of "
          f"six annotators each. Consensus F1 {score:.3f}, mean annotator {mean:.3f}")
    print(f"{'annotator':10} {'recall true':>11} {'told':>6} {'precision true':>15} {'told':>6} "
          f"{'start late':>11} {'told':>6} {'95 %':>15} {'end late':>9} {'told':>6}")
    for row in sorted(found.annotators, key=lambda one: str(one.annotator)):
        who = int(str(row.annotator))
        precision, recall, _ = true[row.annotator]
        start, end = row.details["boundaries"]["start"], row.details["boundaries"]["end"]
        interval = f"{start['low']:.2f} to {start['high']:.2f}"
        print(f"{who:<10} {recall:11.2f} {row.details['recall']['value']:6.2f} {precision:15.2f} "
              f"{row.details['precision']['value']:6.2f} {SHIFT[who][0]:11.1f} {start['mean']:6.2f} {interval:>15} "
              f"{SHIFT[who][1]:9.1f} {end['mean']:6.2f}")
    _coefficients(found)


def speed(tasks: int) -> None:
    """Seconds for a synthetic crowd, three annotators a task, about five spans each."""
    rng = np.random.default_rng(0)
    rows: Answers = []
    for task in range(tasks):
        there = [(20 * at + rng.integers(0, 5), ENTITIES.labels[rng.integers(3)]) for at in range(rng.integers(3, 9))]
        for who in rng.choice(50, 3, replace=False).tolist():
            rows.append((task, who, [_span(int(at + rng.integers(0, 2)), int(at + 9), label) for at, label in there
                                     if rng.random() > 0.15]))
    seen = _observed(rows)
    found = _timed(f"{tasks:,} tasks, {sum(len(row[2]) for row in rows):,} spans, everything",
                   lambda: judge(ENTITIES, seen))
    known = {row.annotator: row for row in found.annotators}
    few = _observed(rows[:60])
    _timed("20 tasks with known qualities", lambda: judge(ENTITIES, few, known=known))


def _tweets(folder: Path) -> tuple[Answers, dict[Any, Marks]]:
    items = {item["item_id"]: item for item in map(json.loads, (folder / "items.jsonl").open())
             if item["section"] == "E" and item["gold"] is not None}
    rows, gold = [], {}
    for row in map(json.loads, (folder / "annotations.jsonl").open()):
        if row["item_id"] in items:
            task = (row["item_id"], row["type"])
            rows.append((task, row["annotator"], _runs(row["tokens"], row["type"])))
            gold[task] = _gold_spans(items[row["item_id"]]["gold"], row["type"])
    return rows, gold


def _gold_spans(tags: list[str], label: str) -> Marks:
    spans: Marks = []
    for at, tag in enumerate(tags):
        if tag == f"I-{label}" and spans and spans[-1]["end"] == at:
            spans[-1]["end"] = at + 1
        elif tag in (f"B-{label}", f"I-{label}"):
            spans.append(_span(at, at + 1, label))
    return spans


def _runs(tokens: Iterable[int], label: str) -> Marks:
    """Tokens that follow each other are one span."""
    parts = groupby(enumerate(sorted(tokens)), key=lambda pair: pair[1] - pair[0])
    ends = [(run[0][1], run[-1][1] + 1) for _, part in parts if (run := list(part))]
    return [_span(start, end, label) for start, end in ends]


def _major_spans(said: list[Marks]) -> Marks:
    votes = Counter((one["start"], one["end"], one["label"]) for marks in said for one in marks)
    return [_span(*span) for span, count in votes.items() if count > len(said) / 2]


def _major_tokens(said: list[Marks], label: str) -> Marks:
    votes = Counter(at for marks in said for one in marks for at in range(one["start"], one["end"]))
    return _runs([at for at, count in votes.items() if count > len(said) / 2], label)


def _recordings(folder: Path) -> dict[Any, Marks]:
    """Segments of each piece of each recording; rest is no segment."""
    truth: dict[Any, Marks] = {}
    for path in sorted(folder.glob("*_raw.csv")):
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            phases = [row["phase"].strip() for row in csv.DictReader(file)]
        for piece in range(0, len(phases) - PIECE + 1, PIECE):
            at, marks = piece, []
            for phase, run in groupby(phases[piece:piece + PIECE]):
                size = len(list(run))
                if phase in PHASES:
                    marks.append(_span(at - piece, at - piece + size - 1, phase))
                at += size
            truth[path.stem, piece] = marks
    return truth


def _simulated(truth: Mapping[Any, Marks]) -> Answers:
    rng = np.random.default_rng(0)
    rows: Answers = []
    for task, marks in truth.items():
        for who in rng.choice(len(MISS), 3, replace=False).tolist():
            kept = [_moved(one, SHIFT[who] + rng.normal(0, 0.7, 2)) for one in marks if rng.random() >= MISS[who]]
            for _ in range(rng.poisson(INVENT[who] * len(marks))):
                start = int(rng.integers(0, PIECE - 10))
                kept.append(_span(start, start + int(rng.integers(5, 15)), PHASES[rng.integers(4)]))
            rows.append((task, str(who), kept))
    return rows


def _moved(one: dict[str, Any], by: Any) -> dict[str, Any]:
    start = max(round(one["start"] + by[0]), 0)
    return _span(start, max(round(one["end"] + by[1]), start), one["label"])


def _span(start: float, end: float, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "unit": 0}


def _observed(rows: Answers) -> Observations:
    return observe([row[0] for row in rows], [row[1] for row in rows], ["-"] * len(rows),
                   value=[row[2] for row in rows])


def _exact(found: Mapping[Any, Marks], gold: Mapping[Any, Marks]) -> tuple[float, float, float]:
    """Precision, recall and F1 of exact spans and labels over these tasks."""
    right = marked = there = 0
    for task, marks in found.items():
        mine, true = ({(one["start"], one["end"], one["label"]) for one in part} for part in (marks, gold[task]))
        right, marked, there = right + len(mine & true), marked + len(mine), there + len(true)
    return right / max(marked, 1), right / max(there, 1), 2 * right / max(marked + there, 1)


def _overlap_f1(control: Control, found: Mapping[Any, Marks], gold: Mapping[Any, Marks]) -> float:
    """F1 at IoU 0.5 and equal labels over these tasks."""
    return _overlap(control, found, gold)[2]


def _overlap(control: Control, found: Mapping[Any, Marks], gold: Mapping[Any, Marks]) -> tuple[float, float, float]:
    """Precision, recall and F1 at IoU 0.5 and equal labels over these tasks."""
    rows = [(task, who, marks[task]) for who, marks in (("found", found), ("gold", gold)) for task in found]
    regions = gather(control, _observed(rows))
    right = len(matches(regions, overlapping(regions)).iou)
    marked, there = (sum(len(row[2]) for row in rows if row[1] == who) for who in ("found", "gold"))
    return right / max(marked, 1), right / max(there, 1), 2 * right / max(marked + there, 1)


def _row(name: str, figures: Any) -> None:
    print(f"{name:34} {figures[0]:9.3f} {figures[1]:7.3f} {figures[2]:7.3f}")


def _coefficients(found: Outcome) -> None:
    print("agreement: " + ", ".join(
        f"{row['metric']} {row['value']:.3f}" + (f" ({row['low']:.3f} to {row['high']:.3f})" if row["low"] else "")
        for row in found.agreement["coefficients"] if row["value"] is not None))


def _timed(what: str, run: Callable[[], Outcome]) -> Outcome:
    started = perf_counter()
    found = run()
    print(f"{what:58} {perf_counter() - started:8.3f} s")
    return found


if __name__ == "__main__":
    main()
