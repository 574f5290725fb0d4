"""Tables of every word of the rules language, for the documentation: made from what reads the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from routing.language import vocabulary
from routing.language.action_fields import ACTION_FIELDS, QUEUES
from routing.language.audience_fields import AUDIENCE, MIX_FIELDS, NOBODY_FIELDS
from routing.language.declarations import CONTROL, COSTS
from routing.language.file_fields import FILE, RULE
from routing.language.people_fields import BUDGET, FILE_LIMIT, GOLD, LIMIT, PAUSE, RECHECK
from routing.language.shapes import Fields

Row = tuple[str, str]
"""A word as it is written, and what it means."""


def tables() -> dict[str, list[Row]]:
    """Rows of each table, by the name that it has in docs/rules.md."""
    return {
        "file": list(_rows(FILE)),
        "rule": list(_rows(RULE)),
        "actions": [row for kind in ("accept", "ask", "escalate", "review")
                    for row in _rows(_own(ACTION_FIELDS[kind]), f"{kind}.")],
        "people": [*_rows(AUDIENCE), *_rows(MIX_FIELDS, "mix.ATTRIBUTE."), *_rows(NOBODY_FIELDS, "if_nobody.")],
        "checks": [*_rows(GOLD, "gold."), *_rows(RECHECK, "recheck."), *_rows(PAUSE, "pause.")],
        "limits": [*_rows({"seen": LIMIT["seen"]} | dict(FILE_LIMIT), "limit."),
                   *_rows(BUDGET, "budget."),
                   ("budget.TEAM", "time of that team, e.g. `6h/week` or `2h/day`")],
        "declarations": [*_rows(CONTROL, "controls.NAME."), *_rows(COSTS, "costs."), *_rows(QUEUES, "queues.")],
        "signals": [*_said(vocabulary.SIGNALS), ("task.FIELD", "A field of the task's data; unknown where it is "
                                                               "absent.")],
        "functions": _written(vocabulary.FUNCTIONS),
        "regions": [*_said(vocabulary.REGION_SIGNALS), ("ANYTHING", "A property of that name; unknown where the "
                                                                    "region has none.")],
        "annotators": [*_said(vocabulary.ANNOTATOR_SIGNALS), *_written(vocabulary.ANNOTATOR_FUNCTIONS)]}


def table(rows: list[Row]) -> str:
    """Rows as a table in Markdown."""
    return "\n".join(["| word | meaning |", "|---|---|", *(f"| `{word}` | {says} |" for word, says in rows)])


def fill(page: str) -> str:
    """A page with the tables between `<!-- table: NAME -->` and `<!-- end -->` written anew."""
    for name, rows in tables().items():
        begin, end = f"<!-- table: {name} -->\n", "\n<!-- end -->"
        before, found, rest = page.partition(begin)
        if found:
            page = before + begin + table(rows) + end + rest.partition(end)[2]
    return page


def _own(fields: Fields) -> Fields:
    return {name: field for name, field in fields.items() if name not in AUDIENCE}


def _rows(fields: Fields, before: str = "") -> Iterator[Row]:
    return ((before + name, field.says) for name, field in fields.items())


def _said(signals: Mapping[str, tuple[str, str]]) -> list[Row]:
    return [(name, says) for name, (_, says) in signals.items()]


def _written(functions: Mapping[str, tuple[str, str, str]]) -> list[Row]:
    return [(written, says) for _, written, says in functions.values()]
