"""1.0.9: on the helper for a single Choices, with a module of its own beside it and one that is imported late."""

from keywords import KEYWORDS
from label_studio_ml.helpers import LabelStudioMLChoices


class Choices(LabelStudioMLChoices):

    def predict2(self, X, y=None, **kwargs):
        from spelling import small

        found = [next((label for word in small(x).split() for label, words in KEYWORDS.items() if word in words), None)
                 for x in X]
        return [[label or "food"] for label in found], [0.9 if label else 0.4 for label in found]

    def fit2(self, X, y, **kwargs):
        return {"examples": len(X), "first": y[0]}
