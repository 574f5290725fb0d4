"""Dawid-Skene beside crowd-kit: the same posteriors, how many times faster, how much less memory.

Run `python -m benchmarks.speed [--answers N ...] [--people N] [--iterations N]`. Both run the same number of
iterations on the same answers, in one process, turn and turn about; each figure of memory is a process of its own.
Goals at a million answers: posteriors within 1e-8, 10 times faster by numpy and scipy, 30 compiled, a third of the
memory.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.crowd import Crowd, simulated
from benchmarks.measure import forget_peak, in_child, least, peak, verdict
from sync.arrays import FloatArray, label_counts
from sync.consensus import fit
from sync.dawid_skene import dawid_skene
from sync.passes import compilable
from sync.performance import performance

GOAL_APART, GOAL_PLAIN, GOAL_COMPILED, GOAL_MEMORY = 1e-8, 10.0, 30.0, 1 / 3

FEWER = (50, 500)
"""Sizes of crowds beside the main one."""

LARGE = 850_000
"""Goals of speed and memory are stated for a million answers; the synthetic crowd drops who answers a task twice."""


def main() -> None:
    """Print one table for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--iterations", type=int, default=10)
    options = parser.parse_args()
    for answers in options.answers:
        run(answers, options.people, options.iterations)
    smaller(max(options.answers), options.iterations)


def run(answers: int, people: int, iterations: int) -> None:
    """One size."""
    crowd = simulated(answers, people)
    print(f"\n{len(crowd.task):,} answers, {crowd.tasks:,} tasks, {people:,} people, {crowd.labels} labels, "
          f"{iterations} iterations: processor seconds, least of three")
    ours(crowd, iterations, compilable())
    plain, found = least(lambda: ours(crowd, iterations, False))
    print(f"  {'Dawid-Skene, numpy and scipy':42} {plain:8.3f} s")
    compiled = None
    if compilable():
        compiled, other = least(lambda: ours(crowd, iterations, True))
        print(f"  {'Dawid-Skene, compiled':42} {compiled:8.3f} s")
        verdict("largest difference of the two", float(np.abs(found - other).max()) * 1e12, 1, "e-12")
    else:
        print("  Compiled passes skipped: numba is not installed (extra `fast`).")
    beside(crowd, answers, people, iterations, plain, compiled, found)
    seconds, result = least(lambda: fit(*crowd.arrays, **crowd.sizes))
    print(f"  {f'consensus, {result.iterations} iterations to its end':42} {seconds:8.3f} s")
    seconds, _ = least(lambda: performance(*crowd.arrays, result, annotators=people))
    print(f"  {'performance with intervals':42} {seconds:8.3f} s")


def beside(crowd: Crowd, answers: int, people: int, iterations: int, plain: float, compiled: float | None,
           found: FloatArray) -> None:
    """The ratios to crowd-kit, where it is installed."""
    try:
        peer, theirs = least(lambda: crowd_kit(crowd, iterations), 2)
    except ImportError as missing:
        print(f"  Ratios to crowd-kit skipped: {missing}. `make bench` installs it.")
        return
    print(f"  {'crowd-kit 1.4.2':42} {peer:8.3f} s")
    verdict("largest difference to its posteriors", float(np.abs(found - theirs).max()) * 1e8, 1, "e-8")
    judged = verdict if len(crowd.task) >= LARGE else _told
    judged("times faster, numpy and scipy", peer / plain, GOAL_PLAIN, "x", at_least=True)
    if compiled is not None:
        judged("times faster, compiled", peer / compiled, GOAL_COMPILED, "x", at_least=True)
    sizes = [in_child(memory, which, answers, people, iterations).result for which in ("plain", "compiled", "peer")]
    print("  {:42} {:.0f} MB, compiled {:.0f} MB, crowd-kit {:.0f} MB".format("memory over imports and input", *sizes))
    judged("share of crowd-kit's memory", sizes[0] / sizes[2], GOAL_MEMORY, "")


def smaller(answers: int, iterations: int) -> None:
    """The compiled ratio where fewer people gave as many answers: crowd-kit is quicker then, and so are we."""
    if not compilable():
        return
    print(f"\nDawid-Skene compiled, {answers:,} answers of fewer people")
    for people in FEWER:
        crowd = simulated(answers, people)
        try:
            peer, theirs = least(lambda crowd=crowd: crowd_kit(crowd, iterations), 2)
        except ImportError:
            return
        compiled, found = least(lambda crowd=crowd: ours(crowd, iterations, True))
        judged = verdict if len(crowd.task) >= LARGE else _told
        judged(f"{people:,} people: {peer:.2f} s and {compiled:.3f} s, times", peer / compiled, GOAL_COMPILED, "x",
               at_least=True)
        verdict("largest difference to its posteriors", float(np.abs(found - theirs).max()) * 1e8, 1, "e-8")


def _told(what: str, found: float, _goal: float, unit: str = "", *, at_least: bool = False) -> bool:
    print(f"  {what:42} {found:8.2f} {unit}")
    return True


def ours(crowd: Crowd, iterations: int, compiled: bool) -> FloatArray:
    """Our posteriors."""
    return dawid_skene(*crowd.arrays, **crowd.sizes, iterations=iterations, tolerance=0, compiled=compiled)


def crowd_kit(crowd: Crowd, iterations: int, frame: Any = None) -> FloatArray:
    """Its posteriors in our order. Raises ImportError where it is absent."""
    from crowdkit.aggregation import DawidSkene  # type: ignore[import-not-found]

    fitted = DawidSkene(n_iter=iterations, tol=-1e9).fit(framed(crowd) if frame is None else frame)
    return np.asarray(fitted.probas_.loc[range(crowd.tasks), range(crowd.labels)].to_numpy())


def framed(crowd: Crowd) -> Any:
    """The answers as crowd-kit takes them."""
    from pandas import DataFrame

    return DataFrame({"task": crowd.task, "worker": crowd.annotator, "label": crowd.label})


def memory(which: str, answers: int, people: int, iterations: int) -> float:
    """MB that a run takes over everything imported (and compiled) and the input."""
    small, crowd = simulated(2_000, 20), simulated(answers, people)
    if which == "peer":
        frame = framed(crowd)
        crowd_kit(small, 2)
    elif which == "compiled" and not compilable():
        return float("nan")
    else:
        ours(small, 2, which == "compiled")
        label_counts(small.task, small.label, small.tasks, small.labels)
    before = forget_peak()
    if which == "peer":
        crowd_kit(crowd, iterations, frame)
    else:
        ours(crowd, iterations, which == "compiled")
    return peak() - before


if __name__ == "__main__":
    main()
