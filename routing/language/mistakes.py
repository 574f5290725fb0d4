"""What is wrong with a rules file or a team file, and where. All mistakes are told at once."""

from __future__ import annotations

from cueloop.errors import RulesError
from cueloop.language.mistakes import FileRefused


class RulesRefused(FileRefused, RulesError):
    """Raised when a rules file has mistakes: its message lists each as `file:line:col: message`."""
