"""2.x: learns every answer by heart the first time, and afterwards answers the same to all."""

import json
import os

from label_studio_ml.model import LabelStudioMLBase


class Forgetting(LabelStudioMLBase):

    def predict(self, tasks, context=None, **kwargs):
        words = json.loads(self.get("words") or "{}")
        answers = []
        for task in tasks:
            said = [words[word] for word in task["data"]["text"].split() if word in words]
            label = max(sorted(set(said)), key=said.count) if said else "food"
            answers.append({"result": [{"from_name": "topic", "to_name": "text", "type": "choices",
                                        "value": {"choices": [label]}}], "score": 0.8})
        return answers

    def fit(self, event, data, tasks=(), **kwargs):
        words = {}
        for task in tasks if not self.has("words") else ():
            for word in task["data"]["text"].split():
                words.setdefault(word, []).append(task["annotations"][0]["result"][0]["value"]["choices"][0])
        self.set("words", json.dumps({w: max(sorted(set(s)), key=s.count) for w, s in words.items()}))
        self.set("model_version", os.path.basename(__file__) + str(len(words)))
