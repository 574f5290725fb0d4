"""Answers with a value for the whole task that is no single label: ratings, numbers, sets, paths, free text."""
