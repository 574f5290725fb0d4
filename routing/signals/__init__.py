"""What the rules can see of tasks, and where it is read from."""

from __future__ import annotations

from routing.signals.gather import gather
from routing.signals.lookup import lookup
from routing.signals.task import CALM, Champion, TaskSignals, in_question, uncertainty

__all__ = ["CALM", "Champion", "TaskSignals", "gather", "in_question", "lookup", "uncertainty"]
