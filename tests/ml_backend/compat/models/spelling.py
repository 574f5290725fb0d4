"""Beside a model file, imported when it is first needed."""


def small(text):
    """In small letters."""
    return text.lower()
