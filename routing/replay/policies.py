"""The policies by name, each made anew for a replay."""

from __future__ import annotations

from collections.abc import Callable

from cueloop.errors import DataError
from routing.replay.information import Information
from routing.replay.policy import Policy
from routing.replay.uniform import Uniform

POLICIES: dict[str, Callable[[], Policy]] = {"uniform": Uniform, "information": Information}
"""By the name under which `cueloop replay` knows them."""


def of_name(name: str) -> Policy:
    """A new policy of this name. Raises DataError with all names for an unknown one."""
    if name not in POLICIES:
        raise DataError(f"There is no policy '{name}'. Policies: {', '.join(POLICIES)}.")
    return POLICIES[name]()
