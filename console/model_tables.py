"""What `cueloop models list` and `show` print for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from console.flow_tables import duration

Facts = Mapping[str, Any]
HEAD = ("model", "aliases", "age", "kind", "score on held-out tasks", "labels", "why")


def versions(facts: Sequence[Facts], now: datetime, hidden: int) -> str:
    """One line a version, newest first."""
    if not facts and not hidden:
        return "No model yet: run `cueloop train`."
    rows = [HEAD, *(_row(one, now) for one in facts)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *([f"{hidden} deleted; --deleted shows them."] if hidden else [])])


def version(facts: Facts) -> str:
    """All of one version."""
    from ml_backend.judging import told

    card, lineage = facts["card"], facts["lineage"]
    lines = [f"{facts['model']}@{facts['version']} ({facts['kind']}, {facts['created_at']})",
             f"aliases: {', '.join(facts['aliases']) or 'none'}"]
    if facts["deleted_at"]:
        lines.append(f"deleted: {facts['deleted_at']}; its card is left, its files are not")
    lines += [f"why: {lineage['why'] or 'unknown'}", f"parents: {_parents(facts['parents'])}", *_data(lineage),
              f"guideline version: {_known(lineage['guideline_version'])}", f"code: {_code(lineage['code'])}",
              "libraries: " + (", ".join(f"{k} {v}" for k, v in lineage["libraries"].items()) or "unknown")]
    if card.get("gate"):
        lines.append(f"gate: {told.verdict(card['gate'])}")
    if card.get("shadow"):
        lines.append(f"after shadow mode: {told.verdict(card['shadow'])}")
    for control, about in (card.get("controls") or {}).items():
        lines += [f"{control}:", *(f"  {line}" for line in told.report(about.get("held_out") or {}).splitlines()),
                  *(f"  {line}" for line in kinds(about.get("kinds") or {}))]
    lines += [f"{control}: not trained: {reason}" for control, reason in (card.get("skipped") or {}).items()]
    return "\n".join([*lines, *_files(facts["files"])])


def kinds(choice: Facts) -> list[str]:
    """Which kinds of models competed, by cross-validation, and why one was taken; nothing where there was no choice."""
    if not choice:
        return []
    rows = [f"  {name}: accuracy {score['accuracy']:.3f}, log loss {score['nll']:.3f}, calibration error "
            f"{score['ece']:.3f}" for name, score in choice["scores"].items()]
    return [f"{choice['taken']} was taken. {choice['why']} By cross-validation:", *rows,
            *(f"  {name} failed: {why}" for name, why in choice["failed"].items()),
            *(f"  {name} was not tried: {why}" for name, why in choice["left_out"].items())]


def scores(card: Facts) -> str:
    """`topic 0.912 (0.880-0.940, 250 held out)` for each control."""
    return "; ".join(f"{control} {score(about.get('held_out') or {})}"
                     for control, about in (card.get("controls") or {}).items())


def score(held: Facts) -> str:
    """`0.912 (0.880-0.940, 250 held out)`."""
    return ("not judged yet" if held.get("accuracy") is None else
            f"{held['accuracy']:.3f} ({held['low']:.3f}-{held['high']:.3f}, {held['tasks']} held out)")


def size(count: int) -> str:
    """Bytes as people say them."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def _row(one: Facts, now: datetime) -> tuple[str, ...]:
    card = one["card"]
    marks = [*one["aliases"], *(["deleted"] if one["deleted_at"] else [])]
    age = duration((now - datetime.fromisoformat(one["created_at"])).total_seconds())
    labelled = ", ".join(str(count) for count in (card.get("labelled") or {}).values())
    return (f"{one['model']}@{one['version']}", ",".join(marks) or "-", age, one["kind"], scores(card) or "-",
            labelled or "-", str(card.get("why") or "-"))


def _parents(found: Sequence[Facts]) -> str:
    return " <- ".join(f"{one['model']}@{one['version']}" + (" (deleted)" if one["deleted_at"] else "")
                       for one in found) or "none"


def _data(lineage: Facts) -> list[str]:
    lines = []
    for control, data in lineage["data"].items():
        rest = "; ".join(f"{key} {_plain(value)}" for key, value in data.items()
                         if key not in {"sha256", "cursor"} and value not in (None, {}))
        lines.append(f"data of {control}: {str(data['sha256'] or 'unknown')[:16]}, labels up to "
                     f"{data['cursor'] or 'unknown'}" + (f"; {rest}" if rest else ""))
    return lines or [f"data: {lineage['source'] or 'unknown'}"]


def _plain(value: object) -> str:
    """`train 241, holdout 59` of a mapping, any other value as it is."""
    return ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, Mapping) else str(value)


def _code(code: Facts) -> str:
    commit = f", commit {code['commit'][:12]}" + (" with changes" if code.get("changed") else "") if code.get(
        "commit") else ""
    own = f"; {code['class']}, file {str(code['file_sha256'])[:16]}" if code.get("class") else ""
    return f"cueloop {code.get('cueloop') or 'unknown'}{commit}{own}"


def _known(value: object) -> str:
    return "unknown" if value is None else str(value)


def _files(files: Mapping[str, str]) -> list[str]:
    return ["files:", *(f"  {hash_[:16]}  {name}" for name, hash_ in sorted(files.items()))] if files else []
