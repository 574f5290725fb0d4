"""Imports something that nobody has."""
# ruff: noqa: F401  (as such files are written)

import a_library_that_nobody_has
from label_studio_ml.model import LabelStudioMLBase


class Unset(LabelStudioMLBase):
    pass
