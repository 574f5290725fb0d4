"""2.x: counts words that people's labels go with; trained with the tasks it is given, kept in a pickle and a value."""
# ruff: noqa: UP035, UP006, UP045, PLW0603  (as such files are written)

import os
import pickle
from collections import Counter
from typing import Dict, List, Optional

from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.response import ModelResponse
from label_studio_ml.utils import DATA_UNDEFINED_NAME

_model = None  # as many model files do: one for the whole module


class Counting(LabelStudioMLBase):
    MODEL_DIR = os.getenv("MODEL_DIR", ".")

    def setup(self):
        if not self.has("trainings"):
            self.set("trainings", "0")
        self.set("model_version", f"Counting-v{self.get('trainings')}")

    def _words(self):
        global _model
        path = os.path.join(self.MODEL_DIR, "words.pkl")
        if _model is None and os.path.exists(path):
            with open(path, "rb") as file:
                _model = pickle.load(file)
        return _model or {}

    def predict(self, tasks: List[Dict], context: Optional[Dict] = None, **kwargs) -> ModelResponse:
        from_name, to_name, value = self.label_interface.get_first_tag_occurence("Choices", "Text")
        labels = sorted(self.label_interface.get_tag(from_name).labels)
        words, predictions = self._words(), []
        for task in tasks:
            text = task["data"].get(value) or task["data"].get(DATA_UNDEFINED_NAME)
            votes = Counter(words[word] for word in text.split() if word in words)
            label, count = (votes.most_common(1) or [(0, 0)])[0]
            predictions.append({
                "result": [{"from_name": from_name, "to_name": to_name, "type": "choices",
                            "value": {"choices": [labels[label]]}}],
                "score": (count + 1) / (sum(votes.values()) + len(labels)), "model_version": self.get("model_version")})
        return ModelResponse(predictions=predictions, model_version=self.get("model_version"))

    def fit(self, event, data, **kwargs):
        assert data["annotation"]["project"] == data["project"]["id"]
        from_name, _, value = self.label_interface.get_first_tag_occurence("Choices", "Text")
        labels = sorted(self.label_interface.get_tag(from_name).labels)
        seen = {}
        for task in kwargs["tasks"]:
            for annotation in task["annotations"]:
                label = labels.index(annotation["result"][0]["value"]["choices"][0])
                for word in task["data"][value].split():
                    seen.setdefault(word, Counter())[label] += 1
        global _model
        _model = {word: counts.most_common(1)[0][0] for word, counts in seen.items()}
        with open(os.path.join(self.MODEL_DIR, "words.pkl"), "wb") as file:
            pickle.dump(_model, file)
        self.set("trainings", str(int(self.get("trainings")) + 1))
