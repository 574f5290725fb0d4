"""What connecting found and did, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class ConnectReport:
    """What `connect` says. With `dry_run` the writes are those that it would make."""

    project_id: int
    title: str
    mode: str
    dry_run: bool = False
    writes: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    """Annotators with `queue` and `link`."""
    observed: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(slots=True)
class DisconnectReport:
    """What `disconnect` took out."""

    project_id: int
    annotations: int = 0
    """Of the machine's."""
    kept: int = 0
    """Annotations that the machine began and people edited since: people's work, which stays."""
    versions: int = 0
    tasks: int = 0
    undone: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def as_text(facts: dict[str, Any]) -> str:
    """A ConnectReport for people."""
    would = "Would" if facts["dry_run"] else "Did"
    lines = [f"Project {facts['project_id']} ({facts['title']}): {facts['mode']}"]
    if facts["mode"] != "observe":
        lines += [f"{would}:", *_indented(facts["writes"])] if facts["writes"] else ["Nothing to change."]
    for title, name in (("What is there already:", "conflicts"), ("Went without:", "warnings")):
        lines += [title, *_indented(facts[name])] if facts[name] else []
    if facts["people"]:
        lines += ["Queues:", *_indented([f"{p['email']} ({p['queue']}): {p['link']}" for p in facts["people"]])]
    if facts["observed"]:
        from console.connect.observe import as_lines

        lines += as_lines(facts["observed"])
    return "\n".join(lines)


def _indented(texts: list[str]) -> list[str]:
    return [f"  {text}" for text in texts]


def disconnected_as_text(facts: dict[str, Any]) -> str:
    """A DisconnectReport for people."""
    return "\n".join([
        f"Project {facts['project_id']} is disconnected. Taken out: {facts['annotations']} annotations of the machine, "
        f"{facts['versions']} model versions, our keys and overlaps from {facts['tasks']} tasks.",
        *([f"{facts['kept']} annotations that people edited after the machine stay: they are people's work."]
          if facts["kept"] else []),
        *[f"  undone: {text}" for text in facts["undone"]], *[f"  note: {text}" for text in facts["warnings"]]])
