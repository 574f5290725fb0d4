"""Short texts with labels: invented, or real customers' questions where they lie beside the project."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

LABELS, TAUGHT, ASKED, WORDS = 12, 1_500, 6_000, 11


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts to train with, and others to ask about."""

    name: str
    taught: list[tuple[str, str]]
    """(text, label)."""
    asked: list[str]

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels."""
        return tuple(sorted({label for _, label in self.taught}))


def invented(seed: int = 0) -> Texts:
    """Sentences of words that follow Zipf's law, a third of them the label's own."""
    random = Random(seed)
    common = _words(random, 4_000)
    own = {f"topic-{number}": _words(random, 60) for number in range(LABELS)}
    often = list(accumulate(1 / (rank + 10) for rank in range(len(common))))

    def sentence(label: str) -> str:
        return " ".join(random.choice(own[label]) if random.random() < 0.3
                        else random.choices(common, cum_weights=often)[0] for _ in range(WORDS))

    names = list(own)
    return Texts("invented", [(sentence(one), one) for one in (names[n % LABELS] for n in range(TAUGHT))],
                 [sentence(random.choice(names)) for _ in range(ASKED)])


def banking(data: Path) -> Texts | None:
    """Questions to a bank with 77 intents (banking77): every third of its training part is taught. None if absent."""
    path = data / "text" / "banking77" / "data.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["label"], row["split"]) for row in csv.DictReader(file)]
    taught = [(text, label) for text, label, split in rows if split == "train"]
    return Texts("banking77", taught[::3], [text for text, _, split in rows if split != "train"])


def _words(random: Random, count: int) -> list[str]:
    return ["".join(random.choice("bcdfglmnprst") + random.choice("aeiou")
                    for _ in range(random.choice((1, 2, 2, 3, 4)))) for _ in range(count)]
