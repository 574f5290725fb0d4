"""2.x: its training leaves a link to a file elsewhere."""

import os

from label_studio_ml.model import LabelStudioMLBase


class Linking(LabelStudioMLBase):

    def predict(self, tasks, context=None, **kwargs):
        return [None for _ in tasks]

    def fit(self, event, data, **kwargs):
        os.symlink("/etc/hostname", os.path.join(os.environ["MODEL_DIR"], "weights"))
