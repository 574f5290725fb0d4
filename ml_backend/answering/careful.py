"""Asks a model so that it can do no harm: a task that makes it raise costs that task only, and what the label config
does not have is not passed on.
"""

from __future__ import annotations

import math
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cueloop import logs
from cueloop.errors import ModelError
from cueloop.types import Control
from ml_backend.answering.allowed import allows, fault, rules
from ml_backend.answering.gather import Busy
from ml_backend.answering.proposal import Proposal

PATIENCE_SECONDS = 30.0
"""How long after its first failure a model is asked for the other tasks of a batch. Label Studio waits 100 seconds."""

Ask = Callable[[Sequence[int]], list[list[Proposal]]]
"""Proposals for the tasks at these places of a request."""

log = logs.get(__name__)


@dataclass(slots=True)
class Said:
    """What a model said about the tasks of a request."""

    proposals: list[list[Proposal]]
    failed: int = 0
    """Tasks for which it raised."""
    refused: Counter[str] = field(default_factory=Counter)
    """Proposals that the label config does not allow, by the reason."""


def propose(ask: Ask, at: Sequence[int], config: tuple[Control, ...] | None, version: str) -> Said:
    """Proposals for the tasks at these places. `config`: all controls of the project's label config, None: unknown.

    Raises Busy. Whatever else the model raises is logged by type and place, for its message may quote a text.
    """
    attempt = _Attempt(ask)
    said = Said(attempt.propose(at), attempt.faults.total())
    if said.failed:
        log.error("the model failed on some tasks", version=version, tasks=said.failed,
                  where=[f"{where} ({count})" for where, count in attempt.faults.most_common(5)])
    if config is not None:
        _keep_to(config, said)
        if said.refused:
            log.warning("the model proposed what the label config does not have", version=version,
                        proposals=[f"{why} ({count})" for why, count in said.refused.most_common(5)])
    return said


@dataclass(slots=True)
class _Attempt:
    """Asks for all, and after a failure for the halves, until those that fail alone are found."""

    ask: Ask
    faults: Counter[str] = field(default_factory=Counter)
    until: float = math.inf

    def propose(self, at: Sequence[int]) -> list[list[Proposal]]:
        try:
            found = self.ask(at)
            if len(found) != len(at):
                raise ModelError(f"{len(found)} answers to {len(at)} tasks")
            return found
        except Busy:
            raise
        except Exception as error:  # noqa: BLE001  whatever a model raises, it costs those tasks that make it raise
            self.until = min(self.until, time.monotonic() + PATIENCE_SECONDS)
            if len(at) <= 1 or time.monotonic() > self.until:
                self.faults[place_of(error)] += len(at)
                return [[] for _ in at]
        half = len(at) // 2
        return self.propose(at[:half]) + self.propose(at[half:])


def place_of(error: BaseException) -> str:
    """Type of an error and where it was raised: never its message, which may quote a customer's text."""
    frames = traceback.extract_tb(error.__traceback__)
    return type(error).__name__ + (f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else "")


def _keep_to(config: tuple[Control, ...], said: Said) -> None:
    named = rules(config)
    for place, proposals in enumerate(said.proposals):
        good = [one for one in proposals if allows(named, one.result)]
        if len(good) != len(proposals):
            said.refused.update(fault(named, one.result) for one in proposals if not allows(named, one.result))
            said.proposals[place] = good
