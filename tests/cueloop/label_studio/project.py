"""What the contract suite puts into Label Studio."""

from __future__ import annotations

from typing import Any

POSITIVE = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["positive"]}}]
TEXTS = [{"text": f"text {number}"} for number in range(6)]


def queue(name: str, project: int) -> dict[str, Any]:
    """What the label stream of a queue link sends."""
    member = {"filter": "filter:tasks:data.cue_queue", "operator": "contains", "type": "String", "value": f",{name},"}
    return {"project": str(project), "selectedItems": {"all": False, "included": []},
            "ordering": ["-tasks:data.cue_priority"], "filters": {"conjunction": "and", "items": [member]}}
