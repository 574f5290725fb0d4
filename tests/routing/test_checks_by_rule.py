"""Ground truth and repeats that rules draw: shares, conditions, the first rule that holds; nothing beyond the bound."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop import journal
from cueloop.store import Store, assignments, copies, schema
from routing import context
from routing.checking import checks
from routing.checking.checks import Source
from routing.checking.intervals import Rate
from routing.language import rules
from routing.language.mistakes import RulesRefused
from routing.route import route
from tests.routing.test_checks_in_store import ANN, BEN, answer, asked, keys, project

__all__ = ["project"]

ONCE = "version: 1\nrules:\n  - {name: once, when: answers < 1, ask: {n: 1}}\n"


def apply(store: Store, text: str) -> None:
    """Put rules in force."""
    with store.write() as conn:
        context.put_in_force(conn, 1, rules.parse(text), "test")


def decided(store: Store, kind: str) -> list[tuple[str, float, int]]:
    """(rule, probability, Label Studio's id of the task) of decisions of a kind."""
    table, tasks = schema.decisions, schema.tasks
    with store.read() as conn:
        return [(row.rule, row.probability, row.id) for row in conn.execute(
            sa.select(table.c.rule, table.c.probability, tasks.c.id).join(tasks, tasks.c.key == table.c.task)
            .where(table.c.kind == kind).order_by(table.c.key))]


def test_a_rule_draws_ground_truth_from_tasks_for_which_it_holds_and_the_file_from_the_rest(project: Store) -> None:
    # Given ground truth on tasks 130 to 139, of which a rule draws the first three, and the file the others
    apply(project, ONCE + "  - {name: few, when: 'task.text in [\"130\", \"131\", \"132\"]', gold: {share: 25%}}\n"
                          "gold: {share: 25%}\n")
    route(project, 1)
    for _ in range(26):
        todo = asked(project, assignments.GOLD)
        task = next((t for person, t in todo if person == ANN), None) or next(
            t for person, t in asked(project, assignments.ASK) if person == ANN)
        answer(project, ANN, task)
        route(project, 1)
    made = decided(project, "gold")
    # Then half of what they do is checks, of both kinds, each from its own tasks
    by = Counter(rule for rule, _, _ in made)
    assert set(by) == {"few", "gold"}
    assert all((task in (130, 131, 132)) == (rule == "few") for rule, _, task in made)
    assert sum(by.values()) in range(7, 12)
    # the chance is that of the rule and of the task: one half of one in three at first, and so on
    assert made[0][1] == pytest.approx(0.5 / (3 if made[0][0] == "few" else 7))
    # and when the rule's three are used up, the file's come in their turn
    assert by["few"] <= 3


def test_a_rule_alone_closes_ground_truth_for_opinions_and_asks_again_what_it_holds_for(project: Store) -> None:
    apply(project, ONCE + "  - {name: again, when: 'task.text == \"101\"', recheck: {share: 50%, after: 1h}}\n")
    route(project, 1)
    for task in range(100, 105):
        answer(project, BEN, task, ago=timedelta(hours=2))
    answer(project, BEN, 105)
    route(project, 1)
    route(project, 1)
    assert [(rule, chance, task) for rule, chance, task in decided(project, "recheck")] == [("again", 1.0, 101)]
    with project.read() as conn:
        (entry,) = journal.entries(conn, 1, copies.KIND)
    assert entry.before["task"] == keys(project)[101]
    assert asked(project, assignments.GOLD) == []


def test_an_answer_is_asked_again_when_it_is_as_old_as_its_own_rule_says(project: Store) -> None:
    apply(project, ONCE + "  - {name: old, when: 'task.text == \"101\"', recheck: {share: 25%, after: 10d}}\n"
                          "  - {name: new, when: 'task.text == \"102\"', recheck: {share: 25%, after: 1h}}\n")
    route(project, 1)
    for task in range(100, 104):
        answer(project, BEN, task, ago=timedelta(hours=2))
    answer(project, BEN, 105)
    route(project, 1)
    assert [(rule, task) for rule, _, task in decided(project, "recheck")] == [("new", 102)]


def test_shares_of_all_rules_add_up_and_stay_bounded() -> None:
    def of(share: str) -> str:
        return ONCE + "".join(
            f"  - {{name: g{n}, gold: {{share: {share}}}, recheck: {{share: 1%}}}}\n" for n in range(3))

    many = rules.parse(of("15%"))
    assert checks.share(many, checks.GOLD) == pytest.approx(0.45)
    assert checks.share(many, checks.RECHECK) == pytest.approx(0.03)
    assert checks.share(rules.parse(ONCE), checks.GOLD) == 0
    assert not checks.trains(many)
    assert checks.trains(rules.parse(ONCE + "  - {name: t, pause: {when: gold_answers < 5, training: 5}}\n"))
    with pytest.raises(RulesRefused, match="at most 50% may be"):
        rules.parse(of("30%"))


@given(shares=st.lists(st.floats(0.01, 0.5), min_size=1, max_size=4), able=st.sets(st.integers(0, 3)),
       salt=st.text(max_size=3))
@settings(max_examples=50, deadline=None)
def test_sources_are_drawn_by_their_shares_and_the_chance_is_true(shares: list[float], able: set[int],
                                                                 salt: str) -> None:
    found = [Source(str(at), share, 0.0) for at, share in enumerate(shares)]
    names = {str(at) for at in able if at < len(shares)}
    drawn = [checks.draw(found, names, run, salt) for run in range(200)]
    if not names:
        assert drawn == [None] * 200
        return
    chances = {one[0].name: one[1] for one in drawn if one}
    assert set(chances) <= names
    assert sum(chances.values()) <= 1 + 1e-9
    counts = Counter(one[0].name for one in drawn if one)
    assert all(abs(counts[name] / 200 - chance) < 0.2 for name, chance in chances.items())


def test_the_example_of_the_documentation_is_a_rules_file_that_does_what_it_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protect.md").read_text(encoding="utf-8")
    example = rules.parse(page.split("```yaml\n")[1].split("```")[0])
    by_name = {rule.name: rule for rule in example.rules}
    assert by_name["newcomers"].pause is not None
    assert by_name["newcomers"].pause.training == 5
    assert by_name["failing"].pause is not None
    assert by_name["failing"].pause.when.names == {"upper(gold_accuracy,0.95)"}
    assert checks.share(example, checks.GOLD) == pytest.approx(0.08)
    assert f"{Rate(11, 12).lower(0.95):.0%}".replace("%", " %") in page
