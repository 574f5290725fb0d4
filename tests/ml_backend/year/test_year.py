"""A year of a project: a clock that runs by months, and otherwise what a `cueloop up` runs, on a fake Label Studio.

Everything is as people and machines do it: tasks are imported, people answer what they are asked, the sync loop takes
its rounds, a real worker on a real Valkey runs the jobs, and whoever looks after it types commands.
"""

import pytest
import sqlalchemy as sa

from cueloop import audit
from cueloop.store import schema as s
from tests.ml_backend.year.autumn import a_bad_import_is_refused, a_worse_version_is_taken_back
from tests.ml_backend.year.winter import a_guideline_and_the_clock, the_year_is_told


@pytest.mark.timeout(900)
def test_a_year(company, press):
    """A minute and a half of processor time; busy machines take minutes."""
    january(company)
    spring(company)
    summer(company)
    a_bad_import_is_refused(company)
    a_worse_version_is_taken_back(company)
    a_guideline_and_the_clock(company, press)
    the_year_is_told(company)


def january(company):
    """The first model: trained by itself, promoted, rolled out."""
    company.new(company.letters.write(120))
    company.listen()
    assert company.answer(36) == 36
    assert company.versions() == []
    company.rounds(2)
    [first] = company.versions()
    assert first.card["why"] == "topic: 36 labelled tasks, enough for a first model"
    assert first.card["gate"]["promoted"]
    assert company.champion() == first
    assert company.shown() == first.version
    # Open tasks carry its prediction, but for those that will be answered blind
    blind = {row.id for row in company.rows(s.tasks, s.tasks.c.blind)}
    answered = {row.id for row in company.rows(s.tasks, s.tasks.c.is_labeled)}
    everything = {row.id for row in company.rows(s.tasks)}
    assert company.predicted(first.version) == everything - blind - answered
    assert len(blind - answered) > 10


def spring(company):
    """Labels grow, the next is better."""
    before = company.champion()
    company.clock.until(3)
    company.new(company.letters.write(280))
    company.rounds()
    assert company.answer(200) == 200
    company.rounds(2)
    after = company.newest()
    assert "newly labelled tasks since the last training" in after.card["why"]
    assert (company.champion(), after.card["parent"]) == (after, before.version)
    [comparison] = after.card["gate"]["comparisons"]
    assert comparison["accuracy"] >= comparison["rival_accuracy"]
    assert company.shown() == after.version


def summer(company):
    """Texts arrive as there were none before: that is noticed, and once."""
    before = company.champion()
    company.clock.until(6)
    arrived = company.new(company.letters.summer(160))
    company.rounds(2)
    assert company.champion() == before
    assert company.answer(60, arrived.__contains__) == 60
    company.rounds(2)
    after = company.newest()
    assert "160 tasks that arrived since the last training differ from those before in their words" in after.card["why"]
    assert "newly labelled" not in after.card["why"]
    assert company.champion() == after
    # More labels of the same tasks are no new evidence
    count = len(company.trainings())
    assert company.answer(9, arrived.__contains__) == 9
    company.clock.later(days=1)
    company.rounds(2)
    assert company.newest() == after
    assert len(company.trainings()) == count
    with company.store.read() as conn:
        assert audit.verify(conn)
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.doubts)) == 0
