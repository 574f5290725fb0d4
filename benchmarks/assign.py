"""Assigning a whole project: processor time, memory and gap, beside OR-tools' exact flow on the same values.

Run `python -m benchmarks.assign [--tasks N] [--people N] [--overlap N] [--exact-tasks N]`. Memory is that of a process
of its own over everything imported, with the values as an array and as a function that makes them block by block.
Goals for 100,000 tasks, 200 people and 3 answers: 4 s, 300 MB, a gap of 0.05 %.
"""

from __future__ import annotations

import argparse
from time import process_time
from typing import Any

import numpy as np

from benchmarks.measure import forget_peak, in_child, peak, verdict
from routing.assign import assign

GOAL_SECONDS, GOAL_MEGABYTES, GOAL_GAP = 4.0, 300.0, 0.05

KINDS = ("random", "skill", "classes", "alike")
PLACES = ("tight", "loose", "uneven")


def main() -> None:
    """Print one line for each instance, then memory, then OR-tools."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--overlap", type=int, default=3)
    parser.add_argument("--exact-tasks", type=int, default=10_000, help="tasks for OR-tools; 100,000 take it 2 GB")
    options = parser.parse_args()
    for kind in KINDS:
        for places in PLACES:
            one(kind, places, options.tasks, options.people, options.overlap)
    for by in ("array", "blocks"):
        found = in_child(memory, by, options.tasks, options.people, options.overlap).result
        verdict(f"memory over imports, values by {by}", found, GOAL_MEGABYTES, "MB")
    exact(options.exact_tasks, options.people, options.overlap)


def values(kind: str, tasks: int, people: int) -> np.ndarray[Any, Any]:
    """(W, T) what each answer is worth."""
    random = np.random.default_rng(0)
    if kind == "random":
        return random.random((people, tasks), np.float32)
    if kind == "alike":
        return np.full((people, tasks), 0.5, np.float32)
    if kind == "skill":        # the entropy of the task times the skill of the annotator
        return (random.beta(2, 4, tasks) * random.uniform(0.2, 1, (people, 1))).astype(np.float32)
    belief, skill = random.dirichlet(np.full(5, 0.5), tasks), random.beta(5, 2, (people, 5))
    entropy = -(belief * np.log(belief + 1e-12)).sum(axis=1)
    return (skill @ belief.T * entropy).astype(np.float32)


def capacities(places: str, wanted: int, people: int) -> np.ndarray[Any, Any]:
    """(W,) places: exactly as many as answers wanted, half as many again, or a few people with most of them."""
    if places == "uneven":
        share = 1 / np.arange(1, people + 1)
        return np.ceil(1.2 * wanted * share / share.sum()).astype(int)
    return np.full(people, -(-wanted // people) if places == "tight" else -(-3 * wanted // (2 * people)))


def one(kind: str, places: str, tasks: int, people: int, overlap: int) -> None:
    """One instance."""
    value, capacity = values(kind, tasks, people), capacities(places, overlap * tasks, people)
    began = process_time()
    found = assign(value, capacity, overlap)
    spent = process_time() - began
    print(f"\n{kind}, places {places}: worth {found.objective:,.1f}, {found.open:,} answers left open")
    verdict("processor time", spent, GOAL_SECONDS, "s")
    verdict("gap to the bound", 100 * found.gap, GOAL_GAP, "%")


def memory(by: str, tasks: int, people: int, overlap: int) -> float:
    """MB that a run takes over imports; the array itself is not counted, blocks are made as they are asked for."""
    capacity = capacities("tight", overlap * tasks, people)
    assign(values("random", 100, people), np.full(people, 5), overlap)
    if by == "array":
        value = values("random", tasks, people)
        before = forget_peak()
        assign(value, capacity, overlap)
        return peak() - before
    skill, ease = np.random.default_rng(0).uniform(0.2, 1, (people, 1)), np.random.default_rng(1).beta(2, 4, tasks)
    before = forget_peak()
    assign(lambda start, stop: (skill * ease[start:stop]).astype(np.float32), capacity, np.full(tasks, overlap))
    return peak() - before


def exact(tasks: int, people: int, overlap: int) -> None:
    """OR-tools' exact minimum-cost flow beside ours."""
    try:
        from ortools.graph.python import min_cost_flow  # type: ignore[import-not-found]
    except ImportError as missing:
        print(f"\nOR-tools skipped: {missing}. `make bench` installs it.")
        return
    value = values("random", tasks, people)
    capacity = capacities("loose", overlap * tasks, people)
    began = process_time()
    found = assign(value, capacity, overlap)
    ours = process_time() - began
    began = process_time()
    flow = min_cost_flow.SimpleMinCostFlow()
    who, what = np.indices(value.shape, np.int32).reshape(2, -1)
    source, sink = people + tasks, people + tasks + 1
    flow.add_arcs_with_capacity_and_unit_cost(who, people + what, np.ones(value.size, int),
                                              -np.round(1e6 * value.ravel()).astype(int))
    flow.add_arcs_with_capacity_and_unit_cost(np.full(people, source), np.arange(people), capacity,
                                              np.zeros(people, int))
    flow.add_arcs_with_capacity_and_unit_cost(people + np.arange(tasks), np.full(tasks, sink),
                                              np.full(tasks, overlap), np.zeros(tasks, int))
    flow.set_node_supply(source, overlap * tasks)
    flow.set_node_supply(sink, -overlap * tasks)
    if flow.solve() != flow.OPTIMAL:
        print("\nOR-tools found no optimum")
        return
    best, theirs = -flow.optimal_cost() / 1e6, process_time() - began
    print(f"\n{tasks:,} tasks, {people} people, {overlap} answers: OR-tools {theirs:.2f} s, ours {ours:.2f} s "
          f"({theirs / ours:.1f} times faster)")
    verdict("loss to the exact optimum", 100 * (1 - found.objective / best), GOAL_GAP, "%")


if __name__ == "__main__":
    main()
