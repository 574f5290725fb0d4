"""September to November: what goes wrong, and what becomes of it."""

import sqlalchemy as sa

from cueloop.store import schema as s
from tests.ml_backend.year.texts import NEXT


def a_bad_import_is_refused(company):
    """A file of labels that are all wrong makes a bad challenger; it is refused, and unlearned when the file goes."""
    before = company.champion()
    company.clock.until(9)
    texts = company.letters.write(250)
    imported = company.client.import_tasks(company.id, [
        {"data": {"text": text}, "annotations": [{"result": company.result(NEXT[company.letters.truth[text]])}]}
        for text in texts])
    company.rounds(2)
    refused = company.newest()
    [comparison] = refused.card["gate"]["comparisons"]
    assert refused.card["gate"]["outcome"] == "refused"
    assert comparison["tasks"] >= 50        # what people answered blind in the editor; the file judges nobody
    assert "topic: worse, accuracy" in refused.card["gate"]["reason"]
    assert (company.champion(), company.shown()) == (before, before.version)
    assert not company.predicted(refused.version)
    # When the file is thrown out, that is a reason to train as well
    for number in imported:
        company.client.delete_task(number)
    company.rounds(3)
    clean = company.newest()
    assert "250 of the" in clean.card["why"]
    assert clean.card["labelled"]["topic"] == refused.card["labelled"]["topic"] - 250


def a_worse_version_is_taken_back(company):
    """Wrong instructions: for a week everybody labels wrongly, held-out tasks, too, and no gate can know."""
    before = company.champion()
    company.clock.until(10)
    misled = set(company.new(company.letters.summer(260)))
    company.misled = misled.__contains__
    company.rounds()
    assert company.answer(180, misled.__contains__) >= 150
    company.rounds(2)
    bad = company.newest()
    assert (company.champion(), bad.card["parent"]) == (bad, before.version)
    # In November they know better. What they answer blind shows what the version in service is worth
    company.misled = lambda task: False
    company.clock.until(11)
    company.new(company.letters.summer(100) + company.letters.write(60))
    company.rounds()
    company.answer(120)
    company.rounds(3)
    assert company.champion() == before
    [row] = company.rows(s.audit, s.audit.c.action == "model rolled back")
    assert (row.actor, row.detail["instead_of"]) == ("job watch", bad.version)
    assert "the version before" in row.detail["reason"]
    assert "on the same tasks" in row.detail["reason"]
    assert company.shown() == before.version
    _people_look_again(company, bad)


def _people_look_again(company, bad):
    """What it had pre-labelled is doubted, and people are asked once more."""
    doubted = {row.task for row in company.rows(s.doubts, s.doubts.c.version == bad.version)}
    assert doubted
    reopened = company.rows(s.decisions, s.decisions.c.kind == "reopen", s.decisions.c.task.in_(doubted))
    assert {row.rule for row in reopened} == {"doubt"}
    number = {row.key: row.id for row in company.rows(s.tasks)}
    again = {number[key] for key in doubted}
    assert again & {task for _, task in company.asked()}
    company.answer(len(again), again.__contains__)
    company.rounds(2)
    left = company.rows(s.doubts, s.doubts.c.resolved_at.is_(None))
    assert len(left) < len(doubted)
    assert company.champion().version != bad.version
    with company.store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.notices)) >= 1
