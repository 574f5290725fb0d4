"""Reading a million recorded answers from a CSV file: seconds and memory.

Run `python -m benchmarks.answers_file [--answers N]`. Goal: 3 s and 400 MB.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import process_time

from benchmarks.crowd import simulated
from benchmarks.measure import in_child, verdict


def main() -> None:
    """Write a file, read it, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        rows = in_child(write, path, options.answers).result
        print(f"\nReading {rows:,} answers from a file of {path.stat().st_size / 1e6:.0f} MB")
        found = in_child(read, path)
        verdict("processor time", found.result, 3.0, "s")
        verdict("peak memory of the process", found.megabytes, 400.0, "MB")


def write(path: Path, answers: int) -> int:
    """A file of so many answers; how many."""
    crowd = simulated(answers)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("task,annotator,label\n")
        file.writelines(f"task-{task},person{person},label {label}\n" for task, person, label in zip(
            *(column.tolist() for column in crowd.arrays), strict=True))
    return len(crowd.task)


def read(path: Path) -> float:
    """Seconds."""
    from console import answers_csv

    began = process_time()
    answers_csv.read(path)
    return process_time() - began


if __name__ == "__main__":
    main()
