"""2.x, interactive: marks what else looks like what the annotator marked. Says nothing without a context."""

import re

from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.response import ModelResponse
from label_studio_sdk.label_interface.objects import PredictionValue


class Spans(LabelStudioMLBase):

    def predict(self, tasks, context=None, **kwargs):
        if not context:
            return ModelResponse(predictions=[])
        from_name, to_name, value = self.label_interface.get_first_tag_occurence("Labels", "Text")
        marked = next(r for r in context["result"] if r["from_name"] == from_name)["value"]
        answers = []
        for task in tasks:
            text = task["data"][value]
            answers.append(PredictionValue(score=1.0, result=[
                {"from_name": from_name, "to_name": to_name, "type": "labels",
                 "value": {"start": m.start(), "end": m.end(), "text": m.group(), "labels": marked["labels"]}}
                for m in re.finditer(re.escape(marked["text"]), text)]))
        return ModelResponse(predictions=answers)
