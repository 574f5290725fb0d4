"""Beside a model file."""

KEYWORDS = {"food": ["bread", "soup"], "money": ["bank", "loan"], "sport": ["match", "goal"]}
