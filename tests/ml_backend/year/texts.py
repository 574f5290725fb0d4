"""What people write to the project in the course of its year, and what each text is about."""

from __future__ import annotations

import random

from tests.ml_backend.conftest import COMMON, LABELS, WORDS

SUMMER = {"food": ["picnic", "melon", "icecream", "barbecue", "lemonade", "berries", "grill", "sorbet"],
          "money": ["ticket", "refund", "deposit", "booking", "exchange", "fare", "voucher", "insurance"],
          "sport": ["surfing", "regatta", "climbing", "kayak", "volleyball", "diving", "cycling", "marathon"]}
"""Words of a new season, none of which anybody used before."""
SUMMER_COMMON = ["holiday", "beach", "sunny", "airport", "hotel", "july", "island", "family"]
NEXT = {"food": "money", "money": "sport", "sport": "food"}
"""What somebody says who has the labels mixed up."""


class Letters:
    """Writes texts; `truth` has what each is about."""

    def __init__(self):
        self.truth = {}
        self._random = random.Random(2027)

    def write(self, count, words=WORDS, common=COMMON, clear=0.4):
        """Texts of eight words about each topic in turn, all different; a share `clear` of the words is the topic's."""
        found = []
        while len(found) < count:
            label = LABELS[len(found) % len(LABELS)]
            text = " ".join(self._random.choice(words[label] if self._random.random() < clear else common)
                            for _ in range(8))
            if text not in self.truth:
                self.truth[text] = label
                found.append(text)
        return found

    def summer(self, count):
        """The same with the words of summer."""
        return self.write(count, SUMMER, SUMMER_COMMON)
