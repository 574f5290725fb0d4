"""What `route check --project` says of pauses, ground truth and people that do not suffice, with what will happen."""

from __future__ import annotations

from cueloop.store import Store
from routing import context
from routing.advice import advise
from routing.language import rules
from tests.routing.work import Shop


def advised(shop: Shop, *lines: str, rest: str = "") -> list[str]:
    """What is said of these rules in a project, without their file's name."""
    text = "version: 1\nrules:\n" + "".join(f"  - {{name: {line}}}\n" for line in lines) + rest
    with shop.store.read() as conn:
        given = context.read(conn, shop.project, shop.moment, rules=rules.parse(text, "r.yaml"))
        return [sentence.removeprefix("r.yaml:") for sentence in advise(given, conn)]


FIRST = "first, when: answers < 1, ask: {n: 1}"


def test_a_pause_that_is_strict_or_waits_for_ground_truth_says_so(store: Store) -> None:
    shop = Shop(store, people=3)
    said = advised(shop, FIRST, "gold, pause: {when: 'lower(gold_accuracy, 95%) < 0.7', after: 12, training: 5}")
    assert "4: rule gold pauses also who had 11 right of 12, for the lower end is 66% then; `upper(gold_accuracy, " \
        "95%) < 0.7` pauses only who is shown to be worse" in said
    assert "4: rule gold lifts a pause after 5 right answers to ground truth, and 0 tasks have one: nobody can pass " \
        "until there are more; `cueloop team resume` lifts a pause by hand" in said
    assert "4: rule gold pauses nobody: it waits for 12 answers to ground truth, and 0 tasks have one" in said
    # When who is shown to be worse is meant, nothing is said of it
    assert advised(shop, FIRST, "bad, pause: {when: 'upper(agreement, 95%) < 0.7', after: 12}") == []


def test_a_gate_that_stops_everybody_is_told_before_it_does(store: Store) -> None:
    shop = Shop(store, people=3)
    shop.done(1, shop.keys[:4], "neutral")
    some = advised(shop, FIRST, "gate, pause: {when: answers < 3}")
    assert some == ["4: rule gate pauses 2 of 3 people at once, as they stand now: p2@example.org, p3@example.org"]
    assert advised(shop, FIRST, "gate, pause: {when: answers < 9}")[-1] == \
        " its pauses stop everybody: nobody is left who may be asked, and all tasks wait"
    assert shop.notices() == []        # nothing was written


def test_people_too_few_for_the_overlap_are_told_also_where_it_is_said_by_a_condition(store: Store) -> None:
    shop = Shop(store, people=3)
    assert advised(shop, "more, when: answers < 10, ask: {n: 1}") == [
        "3: rule more asks until a task has 10 answers and 3 may be asked: tasks that want more answers wait for more "
        "people"]
    assert advised(shop, "again, when: state == 'done', reopen: {n: 4}")[0].startswith(
        "3: rule again asks 4 people about a task and 3 may be asked")
    assert advised(shop, FIRST, rest="limit: {share_of_all: 20%}") == [
        " `share_of_all: 20%` lets 3 people give 60% of all answers: the rest waits for more people"]
    assert advised(shop, "over, when: answers > 3, stop: {}") == [" no rule asks anybody: people are given no tasks"]


def test_an_unknown_label_is_told_in_until_and_seen_too(store: Store) -> None:
    said = advised(Shop(store), "first, when: answers < 1, ask: {until: label == 'neutrl', max: 3}",
                   "few, limit: {seen: predicted == 'positif', per_person_day: 3}")
    assert said == [
        "3: rule first: no task ever gets the label 'neutrl', which no modelled control of this project has, did you "
        "mean neutral?",
        "4: rule few: no task ever gets the label 'positif', which no modelled control of this project has, did you "
        "mean positive?"]
