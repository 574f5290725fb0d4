"""A model version in memory: one head for each control of the label config that it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cueloop.errors import ModelError
from cueloop.types import Control
from ml_backend.calibration import Floats, softmax
from ml_backend.models import kind
from ml_backend.models.kind import Classifier, explains
from ml_backend.models.reading import Reading, slices
from ml_backend.versions import libraries

INDEX = "bundle.json"
"""The file that lists the heads."""
FORMAT = 1
"""Of that file. A kind numbers its own files: `FORMAT` of its class, 1 where it says none."""


@dataclass(frozen=True, slots=True)
class Head:
    """A calibrated classifier for one control."""

    control: str
    to_name: str
    field: str
    """Field of the task's data that holds the text."""
    kind: str
    labels: tuple[str, ...]
    temperature: float
    classifier: Classifier

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Calibrated probabilities (n, labels) of each text."""
        return np.concatenate([np.empty((0, len(self.labels))),
                               *(softmax(self.classifier.logits(texts[part]), self.temperature)
                                 for part in slices(texts))])

    def read(self, texts: Sequence[str]) -> Iterator[tuple[slice, Floats, Reading | None]]:
        """Part by part, so that memory stays bounded: which texts, their `probabilities`, and what was read in them.

        The last is None where this kind of model cannot explain itself.
        """
        for part in slices(texts):
            if explains(self.classifier):
                reading = self.classifier.read(texts[part])
                yield part, softmax(reading.logits, self.temperature), reading
            else:
                yield part, softmax(self.classifier.logits(texts[part]), self.temperature), None


@dataclass(frozen=True, slots=True)
class Bundle:
    """All heads of a model version."""

    heads: tuple[Head, ...]

    def head(self, control: str) -> Head | None:
        """The head of that control, or None."""
        return next((head for head in self.heads if head.control == control), None)

    def to_files(self) -> dict[str, bytes]:
        """Everything as named files without code: `bundle.json` and a folder for each head."""
        index = [{"control": h.control, "to_name": h.to_name, "field": h.field, "kind": h.kind,
                  "labels": list(h.labels), "temperature": h.temperature, "format": _format(h.classifier),
                  "libraries": libraries.installed(getattr(h.classifier, "LIBRARIES", ()))} for h in self.heads]
        files = {INDEX: json.dumps({"format": FORMAT, "heads": index}, indent=1).encode()}
        for number, head in enumerate(self.heads):
            files |= {f"head-{number}/{name}": data for name, data in head.classifier.to_files().items()}
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """What `to_files` wrote. Raises ModelError when it is not whole, or needs another Cueloop or other libraries.
        """
        try:
            index = json.loads(files[INDEX])
            _readable(INDEX, index, FORMAT)
            return cls(tuple(_head(number, entry, files) for number, entry in enumerate(index["heads"])))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{INDEX} of this model cannot be read: {error!r}. Train it anew or roll back.") from None


def paired(bundle: Bundle, controls: Sequence[Control]) -> list[tuple[Head, Control]]:
    """Which head answers which control: by name; where a model has one head and a config one control, those two.

    The second is how a model trained from a CSV file serves a project. Labels must have something in common.
    """
    pairs = [(head, control) for control in controls if (head := bundle.head(control.name))]
    if not pairs and len(bundle.heads) == len(controls) == 1:
        pairs = [(bundle.heads[0], controls[0])]
    return [(head, control) for head, control in pairs if not set(head.labels).isdisjoint(control.labels)]


def _head(number: int, entry: Mapping[str, object], files: Mapping[str, bytes]) -> Head:
    folder = f"head-{number}/"
    own = {name.removeprefix(folder): data for name, data in files.items() if name.startswith(folder)}
    labels, made = entry["labels"], kind(str(entry["kind"]))
    assert isinstance(labels, list)
    _readable(f"Head {entry['control']} ({entry['kind']})", entry, _format(made))
    made_with = entry.get("libraries") or {}
    assert isinstance(made_with, dict)
    libraries.check(f"Head {entry['control']} ({entry['kind']})", made_with)
    return Head(
        control=str(entry["control"]), to_name=str(entry["to_name"]), field=str(entry["field"]),
        kind=str(entry["kind"]), labels=tuple(str(label) for label in labels),
        temperature=float(str(entry["temperature"])), classifier=made.from_files(own))


def _readable(what: str, entry: Mapping[str, object], known: int) -> None:
    """Raises ModelError for files of a format that came later than this code. Older ones are read."""
    found = entry.get("format", 1)
    if not isinstance(found, int) or found > known:
        raise ModelError(f"{what} has format {found!r}, and this Cueloop reads up to {known}: it was made by a newer "
                         "one. Upgrade Cueloop, train again, or roll back.")


def _format(made: object) -> int:
    return int(getattr(made, "FORMAT", 1))
