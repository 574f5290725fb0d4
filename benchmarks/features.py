"""Kinds of models by how many texts are labelled: accuracy, log loss, processor time, size.

Run `python -m benchmarks.features [--data FOLDER] [--labels N ...] [--seeds N] [--kinds NAME ...] [--quick]`.
Labels are drawn at random from the training part, accuracy is of the test part, means over the seeds (one where all
labels are taken).
Goals with 200 labels on banking77: .49 with static embeddings, .55 with the sentence encoder.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.measure import verdict
from ml_backend.calibration import Floats, Ints, fit_temperature, nll, softmax
from ml_backend.kinds import missing
from ml_backend.models import kind
from ml_backend.models.embedded import EMBEDDER
from ml_backend.models.prepared import Reader, reader

GOALS = {("banking77", 200, "static-linear"): 0.49, ("banking77", 200, "encoder-linear"): 0.55}
DATA = Path(__file__).parents[2] / "shared" / "data" / "text"


@dataclass(frozen=True, slots=True)
class Set:
    """Texts, the numbers of their labels, and which are for training."""

    name: str
    texts: list[str]
    truth: Ints
    train: Ints
    test: Ints


def main() -> None:
    """Print one table for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="+", default=["banking77", "snips"])
    parser.add_argument("--labels", type=int, nargs="+", default=[50, 200, 1000, 0], help="0: all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", default=["text-linear", "static-linear", "encoder-linear"])
    parser.add_argument("--quick", action="store_true", help="200 labels of banking77, one seed, no encoder")
    options = parser.parse_args()
    if options.quick:
        options.sets, options.labels, options.seeds = ["banking77"], [200], 1
        options.kinds = ["text-linear", "static-linear"]
    for name in options.sets:
        file = options.data / name / "data.csv"
        if not file.is_file():
            print(f"{name}: skipped, there is no {file}")
            continue
        run(read(name, file), options.labels, options.seeds, options.kinds)


def read(name: str, file: Path) -> Set:
    """A CSV file with the columns text, label and split."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [(row["text"], row["label"], row["split"] == "train") for row in csv.DictReader(lines)]
    labels = sorted({label for _, label, _ in rows})
    train = np.array([taught for _, _, taught in rows])
    return Set(name, [text for text, _, _ in rows], np.array([labels.index(label) for _, label, _ in rows]),
               np.flatnonzero(train), np.flatnonzero(~train))


def run(data: Set, counts: Sequence[int], seeds: int, names: Sequence[str]) -> None:
    """All kinds on one set."""
    print(f"\n{data.name}: {len(data.train):,} texts to learn from, {len(data.test):,} to judge by")
    for name in names:
        if told := missing(name):
            print(f"  {name}: skipped. {told}")
            continue
        began = process_time()
        read_once = reader(kind(name), data.texts)
        reading = process_time() - began
        for count in counts:
            found = [once(read_once, data, count or len(data.train), seed) for seed in range(seeds if count else 1)]
            accuracy, loss, seconds = np.mean(found, axis=0)
            told = f"{name}, {count or 'all'} labels"
            print(f"  {told:30} accuracy {accuracy:.3f}  log loss {loss:.3f}  training {seconds:7.2f} s")
            if (data.name, count, name) in GOALS:
                verdict(told, float(accuracy), GOALS[data.name, count, name], at_least=True)
        costs(name, data, reading)


def once(read_once: Reader, data: Set, count: int, seed: int) -> tuple[float, float, float]:
    """Accuracy, log loss and seconds of processor time of one training on so many labels drawn at random.

    The log loss is at the best temperature: what calibration would come to.
    """
    rows = np.random.default_rng(seed).choice(data.train, count, replace=False)
    known, truth = np.unique(data.truth[rows], return_inverse=True)
    began = process_time()
    model = read_once.fit(rows, np.eye(len(known), dtype=np.float32)[truth], seed=seed)
    seconds = process_time() - began
    logits: Floats = read_once.logits(model, data.test)
    right = float((known[logits.argmax(axis=1)] == data.truth[data.test]).mean())
    judged = np.isin(data.truth[data.test], known)      # of a label that was not drawn nothing can be said
    place, told = np.searchsorted(known, data.truth[data.test][judged]), logits[judged]
    best = fit_temperature(told, place, np.ones(len(place)))
    return right, nll(softmax(told, best), place), seconds


def costs(name: str, data: Set, reading: float) -> None:
    """What a model of all labels takes: time for a text alone and among many, bytes."""
    known, truth = np.unique(data.truth[data.train[:1000]], return_inverse=True)
    some = [data.texts[row] for row in data.train[:1000]]
    model = kind(name).fit(some, truth, np.ones(len(some)), classes=len(known), seed=0)
    files = model.to_files()
    texts = [data.texts[row] for row in data.test[:300]]
    model.logits(texts)
    began = process_time()
    for text in texts:
        model.logits([text])
    alone = (process_time() - began) / len(texts)
    began = process_time()
    model.logits(texts)
    among = (process_time() - began) / len(texts)
    same = sum(len(content) for file, content in files.items() if file.startswith(EMBEDDER))
    print(f"  {name}: {alone * 1e3:.2f} ms for a text alone, {among * 1e3:.2f} ms among 300; all {len(data.texts):,} "
          f"texts read for training in {reading:.1f} s; {sum(map(len, files.values())) / 1e6:.1f} MB, of which "
          f"{same / 1e6:.1f} MB are the same in every version")


if __name__ == "__main__":
    main()
