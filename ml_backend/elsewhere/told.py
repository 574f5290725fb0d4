"""What one record of a prediction file says of one task, checked against the label config."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cueloop.types import Control, LabelConfig
from ml_backend.elsewhere import marked
from ml_backend.elsewhere.wrong import Wrong

TOLERANCE = 1e-3
"""By how much probabilities may miss 1 in sum: then they are rescaled. Beyond, the record is refused."""
REGIONS = ("spans", "segments", "boxes", "polygons")
"""Kinds of controls whose answers are regions."""
KNOWN = frozenset({"task", "key", "control", "label", "score", "probabilities", "labels", "result", "explanation",
                   "trained", "id", "model_version", "data", "predictions"})
"""Fields of a record. `id`, `data` and `predictions` are those of Label Studio's own files."""
STORED = frozenset({"id", "task", "result", "score", "model_version", "predictions", "data", "trained", "explanation"})


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one control of one task."""

    control: str
    label: str
    raw: dict[str, float]
    """{} without a score, {label: score}, or the probabilities of all labels of the control."""
    value: list[dict[str, Any]] | None = None
    """Regions: canonical, with `label`, `told` (the score, or None) and the `item` as Label Studio stores it."""
    explanation: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What one record tells of one task."""

    told: tuple[Told, ...]
    trained: bool
    """The pipeline says that it has seen this task's label: such a task judges nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How records are read."""

    config: LabelConfig
    version: str
    control: str | None = None
    """Control that a plain `label` is about; None: the only one."""
    columns: bool = False
    """Records are rows of a CSV file: texts, with a column a label where there are probabilities."""
    match: str | None = None
    """Field that names the task, instead of its id."""

    @property
    def plain(self) -> Control:
        """The control that a plain label is about. Raises Wrong when that is not clear."""
        if self.control is not None:
            return self.named(self.control, "--control")
        if len(self.config.modelled) == 1:
            return self.config.modelled[0]
        names = ", ".join(c.name for c in self.config.modelled)
        if not names:
            raise Wrong("`label`: the label config has no single choice; use a `result`")
        raise Wrong(f"`label`: the label config has several single choices ({names}): name one with --control, or use "
                    "`labels`: {control: label}")

    def named(self, name: str, field: str) -> Control:
        """A single choice of the config. Raises Wrong that lists what there is."""
        found = next((c for c in self.config.modelled if c.name == name), None)
        if found is None:
            have = ", ".join(c.name for c in self.config.modelled) or "none"
            raise Wrong(f"`{field}`: {_short(name)} is no single choice of the label config; it has: {have}")
        return found


def read(record: Mapping[str, Any], how: Reading) -> Line:
    """What a record says. Raises Wrong for the first thing in it that cannot be."""
    record = _from_columns(record, how) if how.columns else _prediction(record, how)
    strange = sorted(set(record) - (STORED if "result" in record else KNOWN) - {how.match})
    if strange and "result" not in record:
        raise Wrong(f"`{strange[0]}` is no field of a prediction; there are task, label, score, probabilities, labels, "
                    "result, explanation, trained (docs/predictions.md)")
    trained = record.get("trained", False)
    if not isinstance(trained, bool):
        raise Wrong("`trained` is true or false")
    given = [name for name in ("labels", "result", "probabilities", "label") if record.get(name) is not None]
    if "labels" in given:
        told = _labels(record["labels"], how)
    elif "result" in given:
        told = _result(record, how)
    elif given:
        control = how.named(record["control"], "control") if record.get("control") else how.plain
        told = [one(control, record)]
    else:
        raise Wrong("no `label`, `probabilities`, `labels` or `result`: it says nothing")
    return Line(tuple(told), trained)


def one(control: Control, said: Mapping[str, Any]) -> Told:
    """A single choice from {"label", "score", "probabilities", "explanation"}. Raises Wrong."""
    label = said.get("label")
    if label is not None and label not in control.labels:
        raise Wrong(f"`label`: {_short(label)} is no label of {control.name}; it has: {', '.join(control.labels)}")
    explanation = said.get("explanation")
    if explanation is not None and not isinstance(explanation, (str, dict)):
        raise Wrong("`explanation` is a text or an object")
    if explanation is not None:
        _check_json(explanation, "`explanation`")
    why = {"text": explanation} if isinstance(explanation, str) else explanation
    score = _share(said["score"], "score") if said.get("score") is not None else None
    if said.get("probabilities") is not None:
        raw = _probabilities(control, said["probabilities"])
        best = max(raw, key=lambda name: raw[name])
        if label is not None and raw[label] < raw[best]:
            raise Wrong(f"`label` is {_short(label)}, but `probabilities` are highest for {_short(best)}")
        label = label or best
        if score is not None and abs(score - raw[label]) > TOLERANCE:
            raise Wrong(f"`score` is {score:g}, but `probabilities` give {_short(label)} {raw[label]:g}")
        return Told(control.name, label, raw, explanation=why)
    if label is None:
        raise Wrong("`label` is missing")
    return Told(control.name, label, {} if score is None else {label: score}, explanation=why)


def _check_json(given: Any, field: str) -> None:
    """It is kept and told as it is: NaN and Infinity would break whoever reads it."""
    try:
        json.dumps(given, allow_nan=False)
    except (ValueError, RecursionError):
        raise Wrong(f"{field} has NaN or Infinity, or is nested too deeply") from None


def _labels(given: Any, how: Reading) -> list[Told]:
    if not isinstance(given, dict) or not given:
        raise Wrong("`labels` is an object: {control: label} or {control: {label, score}}")
    found = []
    for name, said in given.items():
        control = how.named(name, "labels")
        try:
            found.append(one(control, said if isinstance(said, dict) else {"label": said}))
        except Wrong as wrong:
            raise Wrong(f"`labels`, {name}: {wrong}") from None
    return found


def _result(record: Mapping[str, Any], how: Reading) -> list[Told]:
    """A Label Studio result: choices and regions; the record's score is that of choices without one of their own."""
    result = record["result"]
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise Wrong("`result` is a list of objects, as Label Studio stores it")
    score = _share(record["score"], "score") if record.get("score") is not None else None
    controls = {c.name: c for c in how.config.controls}
    items: dict[str, list[dict[str, Any]]] = {}
    for number, item in enumerate(result, 1):
        name = item.get("from_name")
        if not isinstance(name, str) or name not in controls:
            raise Wrong(f"`result`, item {number}: `from_name` {_short(name)} is no control of the label config; it "
                        f"has: {', '.join(controls) or 'none'}")
        if controls[name].kind in REGIONS:
            _check_json(item, f"`result`, item {number},")
        items.setdefault(name, []).append(item)
    if not items:       # nothing is there, says a model of regions
        items = {c.name: [] for c in how.config.judged if c.kind in REGIONS}
    if not items:
        raise Wrong("`result` is empty: it says nothing")
    return [_of_control(controls[name], some, score) for name, some in items.items()]


def _of_control(control: Control, items: Sequence[dict[str, Any]], score: float | None) -> Told:
    if control.kind in REGIONS:
        regions = marked.read(control, items)
        for region in regions:
            given = region["item"].get("score")
            region["told"] = score if given is None else _share(given, "score")
        return Told(control.name, marked.short(control, regions), {}, value=regions)
    if not control.modelled:
        raise Wrong(f"`result`: {control.name} is a {control.type}; predictions of single choices and of labels on "
                    "regions are taken")
    chosen = items[0].get("value")
    labels = chosen.get(control.type.lower()) if isinstance(chosen, dict) else None
    if len(items) > 1 or not isinstance(labels, list) or len(labels) != 1:
        raise Wrong(f"`result`: {control.name} needs one item with one choice")
    own = items[0].get("score")
    return one(control, {"label": labels[0], "score": score if own is None else own})


def _prediction(record: Mapping[str, Any], how: Reading) -> Mapping[str, Any]:
    """The record itself, or of a task with `predictions` the one of this version, or the only one."""
    said = record.get("predictions")
    if said is None:
        return record
    some = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    mine = [one for one in some if one.get("model_version") == how.version] or some
    if len(mine) != 1:
        raise Wrong(f"`predictions` has {len(some)} predictions and not one of `model_version` {how.version}")
    return {**mine[0], "task": record.get("id")}


def _from_columns(row: Mapping[str, Any], how: Reading) -> Mapping[str, Any]:
    """A row of texts as a record: empty cells say nothing, columns named like labels are probabilities."""
    control = how.named(row["control"], "control") if row.get("control") else how.plain
    record: dict[str, Any] = {}
    probabilities: dict[str, float] = {}
    for name, text in row.items():
        if text == "":
            continue
        if name in control.labels and name not in (how.match, "task"):
            probabilities[name] = _number(text, name)
        elif name == "score":
            record[name] = _number(text, name)
        elif name == "trained":
            if text.lower() not in ("true", "false", "0", "1"):
                raise Wrong("`trained` is true or false")
            record[name] = text.lower() in ("true", "1")
        else:
            record[name] = text
    return record | ({"probabilities": probabilities} if probabilities else {})


def _probabilities(control: Control, given: Any) -> dict[str, float]:
    if not isinstance(given, dict) or not given:
        raise Wrong("`probabilities` is an object: {label: probability}")
    strange = [name for name in given if name not in control.labels]
    if strange:
        raise Wrong(f"`probabilities`: {_short(strange[0])} is no label of {control.name}; it has: "
                    f"{', '.join(control.labels)}")
    shares = {name: _share(given.get(name, 0.0), f"probabilities, {name}") for name in control.labels}
    total = math.fsum(shares.values())
    if abs(total - 1) > TOLERANCE:
        raise Wrong(f"`probabilities` sum to {total:.6g}, not to 1; labels that are left out count as 0")
    return {name: share / total for name, share in shares.items()}


def _share(given: Any, field: str) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given <= 1:
        raise Wrong(f"`{field}` is {_short(given)}, not a number from 0 to 1")
    return float(given)


def _number(text: str, field: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Wrong(f"`{field}` is {_short(text)}, not a number from 0 to 1") from None


def _short(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "..."
