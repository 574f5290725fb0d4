"""Fails when two threads ask it at a time."""

import threading
import time

from label_studio_ml.model import LabelStudioMLBase

_asked = threading.Lock()


class Alone(LabelStudioMLBase):

    def predict(self, tasks, **kwargs):
        assert _asked.acquire(blocking=False)
        try:
            time.sleep(0.01)
            return [{"result": [{"from_name": "topic", "to_name": "text", "type": "choices",
                                 "value": {"choices": ["food"]}}], "score": 0.9} for _ in tasks]
        finally:
            _asked.release()
