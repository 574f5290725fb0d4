"""2.x, regions: marks every word of a list, with a score each; learns the words."""

import json
import re

from label_studio_ml.model import LabelStudioMLBase


class Marking(LabelStudioMLBase):

    def predict(self, tasks, context=None, **kwargs):
        from_name, to_name, value = self.get_first_tag_occurence("Labels", "Text")
        words = json.loads(self.get("words") or '["bread"]')
        return [{"score": 0.9, "result": [
            {"from_name": from_name, "to_name": to_name, "type": "labels", "score": 0.8,
             "value": {"start": m.start(), "end": m.end(), "text": m.group(), "labels": ["Food"]}}
            for m in re.finditer("|".join(map(re.escape, words)), task["data"][value])]} for task in tasks]

    def fit(self, event, data, tasks=(), **kwargs):
        self.set("words", json.dumps(sorted({item["value"]["text"] for task in tasks
                                             for annotation in task["annotations"] for item in annotation["result"]})))
