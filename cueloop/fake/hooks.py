"""Webhooks of the fake: sent inside the request that caused them, within a second, at most once."""

from __future__ import annotations

from typing import Any

import httpx
from flask import g

from cueloop.fake.faults import Faults
from cueloop.fake.replies import reply
from cueloop.fake.world import Row, World
from cueloop.http import certificates

TIMEOUT_SECONDS = 1.0


def emit(project_id: int, action: str, **payload: Any) -> None:
    """Note an event of the request at hand; it is sent when the work is done and the locks are free."""
    g.setdefault("events", []).append((project_id, action, payload))


def deliver(world: World, faults: Faults, events: list[tuple[int, str, Row]]) -> None:
    """Send events to the webhooks that asked for them. Failures are nobody's concern, as in Label Studio."""
    for project_id, action, payload in events:
        for hook in list(world.within(world.webhooks, project_id)):
            wanted = hook["send_for_all_actions"] or action in hook["actions"]
            if faults.drop_webhooks or not hook["is_active"] or not wanted:
                continue
            body = reply({"action": action, **(payload if hook["send_payload"] else {})}).get_data()
            for _ in range(2 if faults.duplicate_webhooks else 1):
                try:
                    httpx.post(hook["url"], content=body, timeout=TIMEOUT_SECONDS, verify=certificates(),
                               headers={"Content-Type": "application/json", **hook["headers"]})
                except httpx.HTTPError as error:
                    faults.undelivered.append((hook["url"], type(error).__name__))
