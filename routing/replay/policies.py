"""The policies by name, each made anew for a replay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cueloop.errors import DataError
from routing.replay.information import Information
from routing.replay.policy import Policy
from routing.replay.recorded import Recorded
from routing.replay.uniform import Uniform

POLICIES: dict[str, Callable[[], Policy]] = {"uniform": Uniform, "information": Information}
"""By the name under which `cueloop replay` knows them."""

RULES = "rules:"
"""Before the name of a rules file, whose rules then decide."""


def of_name(name: str, recorded: Recorded) -> Policy:
    """A new policy of this name, for these answers: of them it learns what they are called and which there are.

    Raises DataError with all names for an unknown one, RulesRefused for a rules file with mistakes.
    """
    if name.startswith(RULES):
        from routing.language import rules
        from routing.replay.rules_policy import RulesPolicy

        return RulesPolicy(rules.load(Path(name.removeprefix(RULES))), recorded)
    if name not in POLICIES:
        raise DataError(f"There is no policy '{name}'. Policies: {', '.join(POLICIES)}, {RULES}FILE.yaml.")
    return POLICIES[name]()
