"""1.0.9 and 2.x alike: does all that can go wrong, as the task's text says."""
# ruff: noqa: I001  (as such files are written)

import numpy as np

from label_studio_ml.model import LabelStudioMLBase


class Trouble(LabelStudioMLBase):

    def predict(self, tasks, **kwargs):
        answers = []
        for task in tasks:
            text = task["data"]["text"]
            if text == "raise":
                raise ValueError(f"cannot read {text} secret")
            if text == "few":
                continue
            if text == "junk":
                answers.append("food")
                continue
            label = "thunder" if text == "unknown" else "food"
            item = {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
            answers.append({"result": [item]} if text == "unscored" else {"result": [item], "score": np.float32(0.5)})
            if text == "two":
                other = dict(item, value={"choices": ["money"]})
                answers[-1] = [{"result": [other], "score": 0.3}, {"result": [item], "score": 0.7}]
        return answers
