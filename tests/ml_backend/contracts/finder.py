"""A team's own model, as written for label-studio-ml 2.x: names, all places of a marked word, quiet stretches."""

import csv
import io
import re

from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.response import ModelResponse

NAME = re.compile(r"Obama|New York")


class Finder(LabelStudioMLBase):
    """What it finds depends on the label config and on whether somebody marked something just now."""

    def setup(self):
        """Say its version."""
        self.set("model_version", "finder-1")

    def predict(self, tasks, context=None, **kwargs):
        """One prediction a task, also where there is nothing to find."""
        found = [self._of(task, context) for task in tasks]
        return ModelResponse(predictions=[{"result": result, "score": 0.9, "model_version": "finder-1"}
                                          for result in found])

    def fit(self, event, data, **kwargs):
        """Nothing to learn."""
        self.set("trained", event)

    def _of(self, task, context):
        series = "TimeSeriesLabels" in self.label_config
        control, to_name, value = self.label_interface.get_first_tag_occurence(
            "TimeSeriesLabels" if series else "Labels", "TimeSeries" if series else "Text")
        labels = list(self.parsed_label_config[control]["labels"])
        frame = {"from_name": control, "to_name": to_name, "type": "timeserieslabels" if series else "labels"}
        if series:
            url = self.preload_task_data(task, task["data"][value])
            return [frame | {"value": stretch | {"timeserieslabels": labels[:1]}} for stretch in _quiet(url)]
        text = task["data"][value]
        marked = context["result"][0]["value"]["text"] if context and context.get("result") else None
        places = re.finditer(re.escape(marked), text) if marked else NAME.finditer(text)
        return [frame | {"value": {"start": place.start(), "end": place.end(), "text": place.group(),
                                   "labels": labels[:1]}} for place in places]


def _quiet(text):
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows:
        return []
    low = [row for row in rows if float(row["value"]) < 1]
    return [{"start": float(low[0]["time"]), "end": float(low[-1]["time"]), "instant": len(low) == 1}] if low else []
