"""2.x: its training fails half-way, after it has spoilt its files."""

import os

from label_studio_ml.model import LabelStudioMLBase


class Failing(LabelStudioMLBase):

    def predict(self, tasks, context=None, **kwargs):
        spoilt = os.path.exists(os.path.join(os.environ["MODEL_DIR"], "model.bin"))
        return [{"result": [{"from_name": "topic", "to_name": "text", "type": "choices",
                             "value": {"choices": ["sport" if spoilt else "food"]}}], "score": 0.9} for _ in tasks]

    def fit(self, event, data, **kwargs):
        with open(os.path.join(os.environ["MODEL_DIR"], "model.bin"), "wb") as file:
            file.write(b"half")
        raise RuntimeError("no space left on the card")
