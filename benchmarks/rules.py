"""Rules: how long twenty of them take to judge a million tasks, as columns.

Run `python -m benchmarks.rules [--tasks N]`. The goal is under two seconds.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

from routing.columns import Column, Lookup
from routing.conditions import compile_condition

CONDITIONS = (
    "score >= 0.95", "answers >= 2 and posterior < 0.9", "answers < 2", "answers >= 2 and posterior >= 0.9",
    "answers >= 5 and posterior < 0.7", 'score("hate") > 0.01', 'predicted == "ok" and score >= 0.98',
    'task.lang != "en"', "margin < 0.2 and answers == 0", "entropy > 0.8 or disagreement > 0.4",
    "skips >= 3 and answers == 0", 'predicted in ["spam", "hate"] and score < 0.7', "label == predicted",
    "not (answers > 3) and posterior < 0.8", "0.4 < score < 0.6", "score * 2 - 1 > margin", "guideline_version >= 2",
    'label == "ok" and posterior > 0.99', "answers == 1 and label == predicted and score >= 0.6", "answers >= 8")


def main() -> None:
    """Print the time of compiling and of judging."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    size = parser.parse_args().tasks
    began = perf_counter()
    compiled = [compile_condition(source)[0] for source in CONDITIONS]
    print(f"{len(CONDITIONS)} conditions compiled in {1e3 * (perf_counter() - began):.1f} ms")
    lookup = _columns(size)
    began = perf_counter()
    matched = sum(int(condition.true(lookup, size).sum()) for condition in compiled if condition is not None)
    spent = perf_counter() - began
    print(f"{size:,} tasks judged by {len(compiled)} rules in {spent:.2f} s ({matched:,} matches)")


def _columns(size: int) -> Lookup:
    """Columns as a project would have them; a tenth of the values are unknown."""
    random = np.random.default_rng(0)
    labels = np.array(["ok", "spam", "hate"], dtype=object)
    built: dict[str, Column] = {}

    def column(name: str) -> Column:
        if name not in built:
            known = random.random(size) < 0.9
            if name in ("predicted", "label", "task.lang"):
                built[name] = Column(labels[random.integers(0, 3, size)], known)
            elif name in ("answers", "skips", "guideline_version"):
                built[name] = Column(random.integers(0, 6, size).astype(float), known)
            else:
                built[name] = Column(random.random(size), known)
        return built[name]

    for source in CONDITIONS:
        condition, _ = compile_condition(source)
        for name in condition.names if condition else ():
            column(name)
    return column


if __name__ == "__main__":
    main()
