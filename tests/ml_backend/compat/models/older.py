"""1.0.9: everything goes through `train_output`, and the files through `workdir`."""
# ruff: noqa: UP008  (as such files are written)

import json
import os

from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.utils import get_choice, get_single_tag_keys, is_skipped


class Older(LabelStudioMLBase):

    def __init__(self, **kwargs):
        super(Older, self).__init__(**kwargs)
        self.from_name, self.to_name, self.value, self.labels = get_single_tag_keys(
            self.parsed_label_config, "Choices", "Text")
        self.words = {}
        if self.train_output:
            with open(self.train_output["file"]) as file:
                self.words = json.load(file)

    def predict(self, tasks, **kwargs):
        assert set(kwargs) <= {"context", "login", "password"}
        found = []
        for task in tasks:
            said = [self.words[word] for word in task["data"][self.value].split() if word in self.words]
            label = max(sorted(set(said)), key=said.count) if said else self.labels[0]
            found.append({"result": [{"from_name": self.from_name, "to_name": self.to_name, "type": "choices",
                                      "value": {"choices": [label]}}],
                          "score": said.count(label) / len(said) if said else 0.25})
        return found

    def fit(self, tasks, workdir=None, **kwargs):
        assert kwargs["event"] == "START_TRAINING"
        words = {}
        for task in tasks:
            if not is_skipped(task):
                for word in task["data"][self.value].split():
                    words.setdefault(word, []).append(get_choice(task))
        path = os.path.join(workdir, "words.json")
        with open(path, "w") as file:
            json.dump({word: max(sorted(set(said)), key=said.count) for word, said in words.items()}, file)
        return {"file": path, "tasks": len(tasks)}
