"""Kinds of model that can be trained, one a file."""
