"""Whether a backtest predicts what then happens: simulated projects, each with a change of rules.

Run `python -m benchmarks.backtest [--projects N] [--first N] [--tasks N] [--draws N]`. Of every project half of the
tasks is worked under the rules in force; the backtest sees what they left behind, nothing else. Then the new rules run
for real on the other half, where everybody's answers are known. Goal: what happens lies within the backtest's interval
in at least 90 % of 50 projects. How wide the intervals are stands beside it, and how far off one would be who takes
things to stay as they are: an interval as wide as that would prove nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from benchmarks.measure import verdict
from benchmarks.projects import CHANGES, Project, project, worked
from routing.backtest.measured import FIGURES, measured
from routing.backtest.predict import predict
from routing.backtest.report import DRAWS, Figure, figures
from routing.language.rules import Rules
from routing.simulate.run import run
from sync.arrays import FloatArray

GOAL = 90.0
TOLD = ("answers", "accepted", "accuracy", "accepted_error", "hours", "money")
EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """One figure of one project: was it within its interval, what happened, and how much the rules in force had
    differed from it."""

    name: str
    within: bool
    low: float
    high: float
    happened: float
    effect: float

    @property
    def half(self) -> float:
        """Half the interval's width."""
        return (self.high - self.low) / 2


def main() -> None:
    """Print a line a project, then a table a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="number of the first project, to run them in parts")
    parser.add_argument("--tasks", type=int, default=300, help="tasks in each half")
    parser.add_argument("--draws", type=int, default=DRAWS)
    options = parser.parse_args()
    found = []
    for seed in range(options.first, options.first + options.projects):
        found.append(trial(seed, options.tasks, options.draws))
        missed = [f"{one.name} {one.happened:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in found[-1]
                  if not one.within]
        name = list(CHANGES)[seed % len(CHANGES)]
        print(f"{seed:4} {name:18} {'all within' if not missed else 'outside: ' + ', '.join(missed)}", flush=True)
    table(found)


def trial(seed: int, tasks: int, draws: int) -> list[Outcome]:
    """One project: backtest on one half, the truth on the other. Levels and differences of every figure."""
    old, new = CHANGES[list(CHANGES)[seed % len(CHANGES)]]
    whole = project(seed, 2 * tasks)
    past, future = whole.part(np.arange(tasks)), whole.part(np.arange(tasks, 2 * tasks))
    told = figures(predict(worked(past, old), old, new, draws=draws, seed=seed))
    before, after = happens(future, old), happens(future, new)
    return [outcome for at, figure in enumerate(told) if figure.name in TOLD
            for outcome in _compare(figure, before[at], after[at])]


def happens(whole: Project, rules: Rules) -> FloatArray:
    """The FIGURES of a real run: everybody asked gives their true answer, and labels are held to the truth."""
    return measured(run(rules, whole.work, whole.table), whole.truth, whole.seconds, whole.rate)


def _compare(figure: Figure, before: float, after: float) -> list[Outcome]:
    found = []
    for name, interval, real in ((figure.name, figure.new, after), (f"change of {figure.name}", figure.change,
                                                                    after - before)):
        if interval.low is None or interval.high is None or np.isnan(real):
            continue
        within = interval.low - EXACT <= real <= interval.high + EXACT
        found.append(Outcome(name, within, interval.low, interval.high, real, abs(after - before)))
    return found


def table(found: list[list[Outcome]]) -> None:
    """Coverage and width of every figure, then of all figures of a project together."""
    print(f"\n{'figure':26} {'projects':>8} {'within':>8} {'± mean':>9} {'happened':>9} {'changed by':>10}")
    for name in (f"{word}{figure}" for figure in FIGURES for word in ("", "change of ")):
        rows = [one for each in found for one in each if one.name == name]
        if rows:
            print(f"{name:26} {len(rows):8} {100 * np.mean([r.within for r in rows]):6.1f} % "
                  f"{np.mean([r.half for r in rows]):9.4f} {np.mean([r.happened for r in rows]):9.4f} "
                  f"{np.mean([r.effect for r in rows]):10.4f}")
    single = [one.within for each in found for one in each]
    print()
    verdict("single figures within", 100 * float(np.mean(single)), GOAL, "%", at_least=True)
    verdict("projects with all figures within", 100 * float(np.mean([all(r.within for r in e) for e in found])), GOAL,
            "%", at_least=True)


if __name__ == "__main__":
    main()
