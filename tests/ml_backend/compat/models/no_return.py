"""A class whose author forgot the `return`."""

from label_studio_ml.model import LabelStudioMLBase


class NoReturn(LabelStudioMLBase):
    def predict(self, tasks, context=None, **kwargs):
        [{"result": []} for _ in tasks]
