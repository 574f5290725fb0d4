"""A team's model file as it was written for label-studio-ml 1.0.9: counts which words go with which label."""

import json
import os

# only the real package has the second: this file cannot be served with what Cueloop supplies where there is none
from label_studio_ml.model import LabelStudioMLBase, LabelStudioMLManager
from label_studio_ml.utils import get_choice, get_single_tag_keys, is_skipped

assert LabelStudioMLManager


class Words(LabelStudioMLBase):
    """One <Choices> on one <Text>."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.from_name, self.to_name, self.value, self.labels = get_single_tag_keys(
            self.parsed_label_config, "Choices", "Text")
        self.words = {}
        if "words" in self.train_output:
            with open(self.train_output["words"]) as file:
                self.words = json.load(file)

    def predict(self, tasks, **kwargs):
        found = []
        for task in tasks:
            told = [self.words[word] for word in task["data"][self.value].split() if word in self.words]
            if not told:
                found.append({"result": [], "score": 0})
                continue
            label = max(sorted(set(told)), key=told.count)
            found.append({"result": [{"from_name": self.from_name, "to_name": self.to_name, "type": "choices",
                                      "value": {"choices": [label]}}], "score": told.count(label) / len(told)})
        return found

    def fit(self, tasks, workdir=None, **kwargs):
        seen = {}
        for task in tasks:
            if not is_skipped(task):
                for word in task["data"][self.value].split():
                    seen.setdefault(word, set()).add(get_choice(task))
        path = os.path.join(workdir, "words.json")
        with open(path, "w") as file:
            json.dump({word: next(iter(labels)) for word, labels in seen.items() if len(labels) == 1}, file)
        return {"words": path}
