"""Check every part and say what to do about each fault."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from console.cli import Answer
from console.cli._options import echo, json_option, pass_settings
from cueloop.settings import Settings

SIGNS = {"good": "ok  ", "doubtful": "?   ", "bad": "BAD "}


@click.command()
@click.option("--probe", is_flag=True, help="Also try what Cueloop rests on, on a project made for that and deleted.")
@json_option
@pass_settings
def command(settings: Settings, *, probe: bool, as_json: bool) -> None:
    """Check every part and say what to do about each fault.

    Ends with exit code 3 when something is bad; what is doubtful is told but does no harm.

    Example: `cueloop doctor --probe` before connecting a Label Studio of your own for the first time.
    """
    from console.doctor import examine

    found = examine(settings, probe=probe)
    healthy = all(finding.state != "bad" for finding in found)
    echo({"healthy": healthy, "findings": [asdict(finding) for finding in found]}, as_json, _human)
    if not healthy:
        raise Answer


def _human(facts: dict[str, Any]) -> str:
    lines = []
    for finding in facts["findings"]:
        lines.append(f"{SIGNS[finding['state']]}{finding['part']}: {finding['says']}")
        if finding["advice"]:
            lines.append(f"      -> {finding['advice']}")
    return "\n".join([*lines, "Healthy." if facts["healthy"] else "Not healthy: see the lines marked BAD."])
