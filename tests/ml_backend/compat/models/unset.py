"""Imports something that nobody has."""

import a_library_that_nobody_has
from label_studio_ml.model import LabelStudioMLBase


class Unset(LabelStudioMLBase):
    pass
