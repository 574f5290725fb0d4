"""Rules: how long twenty of them take to judge a million tasks, as columns, and how much memory.

Run `python -m benchmarks.rules [--tasks N]`. The goal is under two seconds. Region by region conditions are measured
apart, on three regions a task.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np

from benchmarks.measure import forget_peak, peak
from routing.language.columns import Column, Lookup
from routing.language.conditions import Condition, compile_condition

PLAIN = (
    "score >= 0.95", "answers >= 2 and posterior < 0.9", "answers < 2", "answers >= 2 and posterior >= 0.9",
    "answers >= 5 and posterior < 0.7", 'score("hate") > 0.01', 'predicted == "ok" and score >= 0.98',
    'task.lang != "en"', "margin < 0.2 and answers == 0", "entropy > 0.8 or disagreement > 0.4",
    "skips >= 3 and answers == 0", 'predicted in ["spam", "hate"] and score < 0.7', "label == predicted",
    "not (answers > 3) and posterior < 0.8", "0.4 < score < 0.6", "score * 2 - 1 > margin", "guideline_version >= 2",
    'label == "ok" and posterior > 0.99', "answers == 1 and label == predicted and score >= 0.6", "answers >= 8")
NEWER = (
    'predicted == "ok" and score >= found("ok", error=0.5%)', "score >= found(error=1%)", 'sample("look", 10%)',
    'known(score) and not known(task.lang)', '"hate" in labels', '"spam" in labels and answers >= 2',
    'control("entity").agreement < 80%', 'control("entity").posterior < 0.9 or posterior < 0.9', "age > 2h",
    "quiet > 30m and asked > 0", "cost > 2 or seconds > 10m", 'state == "done" and agreement < 0.5',
    "interval_width < 0.15", "answer_guideline < guideline_version", '"en" in task.lang',
    "task.duration_s * 0.02 < cost", "task.duration_s > 30s", 'state in ["new", "waiting"] and age > 1d',
    'sample("second", 5%) and score >= 0.95', "agreement < 0.8 and answers >= 2")
REGIONS = ("any(regions, score < 0.8) or count(regions) == 0", 'count(regions, label == "PER" and score > 0.5) >= 2',
           "all(regions, score >= 0.9)", "not any(regions, known(negated))")
TEXTS = ("predicted", "label", "task.lang", "state")
COUNTS = ("answers", "skips", "guideline_version", "answer_guideline", "asked")


def main() -> None:
    """Print the time of compiling and of judging."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    size = parser.parse_args().tasks
    began = process_time()
    compiled = [_compiled(PLAIN), _compiled(NEWER), _compiled(REGIONS)]
    print(f"{sum(map(len, compiled))} conditions compiled in {1e3 * (process_time() - began):.1f} ms")
    lookup = _columns(size, [name for part in compiled for each in part for name in each.names])
    for what, part in zip(("rules", "rules with newer words", "rules on three regions a task"), compiled, strict=True):
        before, began = forget_peak(), process_time()
        matched = sum(int(condition.true(lookup, size).sum()) for condition in part)
        print(f"{size:,} tasks judged by {len(part)} {what} in {process_time() - began:.2f} s of processor time "
              f"({matched:,} matches, {peak() - before:.0f} MB more at the peak)")


def _compiled(sources: tuple[str, ...]) -> list[Condition]:
    found = [compile_condition(source) for source in sources]
    assert all(condition for condition, _ in found), found
    return [condition for condition, _ in found if condition is not None]


def _columns(size: int, names: list[str]) -> Lookup:
    """Columns as a project would have them; a tenth of the values are unknown."""
    random = np.random.default_rng(0)
    labels = np.array(["ok", "spam", "hate"], dtype=object)
    sets = np.array([frozenset(), frozenset({"ok"}), frozenset({"ok", "hate"})], dtype=object)
    built: dict[str, Column] = {}
    for name in names:
        known = random.random(size) < 0.9
        if name in TEXTS:
            built[name] = Column(labels[random.integers(0, 3, size)], known)
        elif name == "labels":
            built[name] = Column(sets[random.integers(0, 3, size)], known)
        elif name == "regions":
            built[name] = Column(_regions(size, random), known)
        elif name in COUNTS:
            built[name] = Column(random.integers(0, 6, size).astype(float), known)
        elif name.startswith("task."):
            built[name] = Column(random.random(size).astype(object), known)
        else:
            built[name] = Column(random.random(size), known)
    return built.__getitem__


def _regions(size: int, random: np.random.Generator) -> np.ndarray:
    """Three regions a task on average, drawn from a thousand different ones."""
    some = [{"label": label, "score": score} for label, score in
            zip(random.choice(["PER", "ORG", "LOC"], 1000).tolist(), random.random(1000).tolist(), strict=True)]
    counts, at = random.integers(0, 7, size).tolist(), random.integers(0, 1000, size).tolist()
    found = np.empty(size, dtype=object)
    found[:] = [tuple(some[(a + i) % 1000] for i in range(n)) for a, n in zip(at, counts, strict=True)]
    return found


if __name__ == "__main__":
    main()
