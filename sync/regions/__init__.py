"""Answers that mark regions: spans in text and dialogues, time segments, boxes, polygons.

Regions of different annotators that overlap are grouped (`groups`); what is there, and with which label, is a
categorical consensus over everybody who looked (`belief`); where it lies is a weighted median (`extents`). Annotators
are judged by the others (`scores`, `boundaries`), agreement is F1 and gamma (`agreement`, `gamma`).

What no method can see from answers alone: a region that everybody missed is no candidate. So recall is recall of what
somebody found, and `unseen` says how much there probably is beside it.
"""

from __future__ import annotations

from sync.regions.judge import judge, task_agreement
from sync.regions.read import read
from sync.regions.text import text

__all__ = ["judge", "read", "task_agreement", "text"]
