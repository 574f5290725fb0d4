"""Reads Label Studio label configs and the answers that annotators give in them.

A parser of our own, because serving must not import the SDK. The XML is untrusted: entities and external
references are refused (defusedxml).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from cueloop.errors import LabelConfigError
from cueloop.types import Control, LabelConfig

LABEL_TAGS = ("Choice", "Label")
"""Children that name an answer."""

REGIONS = {"Labels": {"Text": "spans", "HyperText": "spans", "Paragraphs": "spans", "Audio": "segments",
                      "AudioPlus": "segments", "Video": "segments"},
           "HyperTextLabels": {"HyperText": "spans", "Text": "spans"}, "ParagraphLabels": {"Paragraphs": "spans"},
           "TimeSeriesLabels": {"TimeSeries": "segments"}, "TimelineLabels": {"Video": "segments"},
           "RectangleLabels": {"Image": "boxes"}, "PolygonLabels": {"Image": "polygons"}}
"""Control tags that mark regions, by the object they mark: the kind of their answers."""

LARGEST = 8_000_000
"""Characters of a label config: one of 100,000 labels has about 4 million."""

VALUES = {"Rating": "rating", "Number": "number", "Taxonomy": "taxonomy", "TextArea": "text"}
"""Control tags with one value for the whole task: the kind of their answers."""


def parse(xml: str) -> LabelConfig:
    """Read a label config. Raises LabelConfigError when it is no well-formed XML, names a control twice, or is too
    large.
    """
    if len(xml or "") > LARGEST:
        raise LabelConfigError(f"Label config: {len(xml)} characters; at most {LARGEST} are read.")
    root = _root(xml)
    elements = list(root.iter())
    objects = {e.get("name"): e for e in elements if e.get("name") and e.get("value") and not e.get("toName")}
    controls = tuple(_control(e, objects) for e in elements if e.get("toName") and e.get("name"))
    twice = sorted(name for name, count in Counter(control.name for control in controls).items() if count > 1)
    if twice:
        raise LabelConfigError(f"Label config: two controls are named {', '.join(twice)}; names must differ.")
    variables = frozenset(v for e in objects.values() if (v := _variable(e)))
    return LabelConfig(controls=controls, variables=variables)


def require_modelled(config: LabelConfig) -> tuple[Control, ...]:
    """The controls that a model predicts. Raises LabelConfigError that lists what was found when there is none."""
    if config.modelled:
        return config.modelled
    raise LabelConfigError(f"Label config: models predict single-choice <Choices> of at least two labels and this "
                           f"has {_found(config)}. "
                           'Add <Choices name="..." toName="..." choice="single">.')


def require_judged(config: LabelConfig) -> tuple[Control, ...]:
    """The controls that get a consensus. Raises LabelConfigError that lists what was found when there is none."""
    if config.judged:
        return config.judged
    raise LabelConfigError(f"Label config: no control that Cueloop can judge, but {_found(config)}. It judges Choices, "
                           "Rating, Number, Taxonomy, TextArea, and labels on text, dialogues, audio, time series, "
                           "video timelines, boxes and polygons (docs/quality.md).")


def _found(config: LabelConfig) -> str:
    return ", ".join(f"{c.name} ({c.type}, {c.choice})" for c in config.controls) or "no control at all"


def answer(control: Control, result: Sequence[Mapping[str, Any]]) -> str | None:
    """The label chosen for `control` in an annotation's result; None when absent or not one of its labels."""
    for item in result:
        if not isinstance(item, Mapping) or item.get("from_name") != control.name:
            continue
        value = item.get("value")
        chosen = value.get("choices") if isinstance(value, Mapping) else None
        if isinstance(chosen, list) and len(chosen) == 1 and chosen[0] in control.labels:
            return str(chosen[0])
    return None


def to_result(control: Control, label: str, score: float | None = None) -> list[dict[str, Any]]:
    """One choice as Label Studio stores it. `score` is the model's probability of it."""
    item: dict[str, Any] = {"from_name": control.name, "to_name": control.to_name, "type": control.type.lower(),
                            "value": {control.type.lower(): [label]}}
    if score is not None:
        item["score"] = score
    return [item]


def _root(xml: str) -> Element:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(xml or "")
    except ParseError as error:
        line, column = error.position
        raise LabelConfigError(f"Label config, line {line}, column {column + 1}: not well-formed XML. "
                               "Open the project's labelling settings and save them once more.") from None
    except (DefusedXmlException, ValueError):
        raise LabelConfigError("Label config: declares XML entities, which are refused. Remove them.") from None


def _control(element: Element, objects: Mapping[str | None, Element]) -> Control:
    labels = tuple(dict.fromkeys(_labels(element)))
    to_name = str(element.get("toName"))
    shown = objects.get(to_name.split(",", maxsplit=1)[0])
    choice = (element.get("choice") or "single").lower()
    modelled = _modelled(element, choice, labels)
    tag = shown.tag if shown is not None else None
    return Control(
        name=str(element.get("name")), to_name=to_name, type=element.tag, labels=labels,
        value=_variable(shown) if shown is not None else None, choice=choice, modelled=modelled,
        kind="choice" if modelled else _kind(element, choice, tag), shows=tag, scale=_scale(element),
        linked=shown is not None and (shown.get("valueType") or "").lower() == "url")


def _modelled(element: Element, choice: str, labels: Sequence[str]) -> bool:
    """One answer for the whole task: choices per region or per item are somebody else's shape."""
    whole_task = not element.get("perRegion") and not element.get("perItem")
    return (element.tag == "Choices" and choice.startswith("single") and whole_task
            and len(labels) > 1 and not any(child.tag == "Choice" and len(child) for child in element))


def _kind(element: Element, choice: str, shows: str | None) -> str:
    """Shape of the answers of a control that is no single choice; empty where quality does not cover it."""
    if element.get("perRegion") or element.get("perItem"):
        return ""
    if element.tag == "Choices":
        flat = not any(child.tag == "Choice" and len(child) for child in element)
        return "multi" if choice == "multiple" and flat else ""
    return VALUES.get(element.tag) or REGIONS.get(element.tag, {}).get(shows or "", "")


def _scale(element: Element) -> tuple[float, float] | None:
    """Least and largest value of a rating or number; None where the config leaves one open."""
    if element.tag == "Rating":
        return 1.0, _number(element.get("maxRating")) or 5.0
    if element.tag == "Number":
        low, high = _number(element.get("min")), _number(element.get("max"))
        return (low, high) if low is not None and high is not None else None
    return None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _labels(element: Element) -> Iterator[str]:
    """Without those of a control that stands within this one: nested ones would be read again and again."""
    ahead = list(reversed(element))
    while ahead:
        child = ahead.pop()
        if child.get("toName"):
            continue
        if child.tag in LABEL_TAGS:
            name = child.get("alias") or child.get("value")
            if name:
                yield name
        ahead.extend(reversed(child))


def _variable(element: Element) -> str | None:
    value = element.get("value") or ""
    return value[1:] if value.startswith("$") and len(value) > 1 else None
