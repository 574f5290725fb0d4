"""Looks at every part that Cueloop rests on and says what to do about each fault."""

from console.doctor.examine import examine
from console.doctor.finding import Finding

__all__ = ["Finding", "examine"]
