"""December: a new guideline, a schedule, a button; and what can be told of the year at its end."""

from itertools import pairwise

import httpx

from cueloop import __version__, audit, settings
from cueloop.store import schema as s
from ml_backend import retrain
from ml_backend.versions import lineage
from tests.ml_backend.year.company import POLICY

GUIDELINE = "# What is a text about?\n\nChoose what it is mostly about. A ticket is money, whatever it is for.\n"
SCHEDULE = POLICY.replace("{least_new: 10}", "{least_new: 10, at: monday 03:00}")
QUEUE, TRAIN, WATCH = "job queue", "job train", "job watch"
STORY = [
    (QUEUE, "train queued", "enough for a first model"),
    (TRAIN, "model promoted", "of the mere frequencies"),
    (QUEUE, "train queued", "newly labelled tasks"),
    (TRAIN, "model promoted", "no worse"),
    (QUEUE, "train queued", "differ from those before in their words"),
    (TRAIN, "model promoted", "no worse"),
    (QUEUE, "train queued", "newly labelled tasks"),
    (TRAIN, "model refused", "topic: worse, accuracy"),
    (QUEUE, "train queued", "labelled tasks of the last training are gone"),
    (TRAIN, "model promoted", "no worse"),
    (QUEUE, "train queued", ""),
    (TRAIN, "model promoted", "no worse"),
    (WATCH, "model alarm", "tasks answered blind"),
    (WATCH, "model rolled back", "tasks answered blind"),
    (QUEUE, "train queued", "guideline version 1 is in force"),
    (TRAIN, "model promoted", "no worse"),
    (QUEUE, "train queued", "the schedule says so (monday 03:00 (UTC))"),
    (TRAIN, "model promoted", "no worse"),
    (QUEUE, "train queued", "Start Training was pressed in Label Studio"),
    (TRAIN, "model promoted", "no worse"),
]
"""Who did what by themselves this year, and why: nothing is missing, and nothing else happened."""


def a_guideline_and_the_clock(company, press):
    """A new guideline is a reason once people have worked by it; then the clock is one, and somebody at a button."""
    company.clock.until(12)
    company.apply("guidelines", "add", "--author", "kim", text=GUIDELINE)
    company.new(company.letters.write(60) + company.letters.summer(60))
    company.rounds()
    company.answer(60)
    company.rounds(2)
    [version] = [v for v in company.versions() if v.card["guideline_version"] == 1]
    assert "guideline version 1 is in force, and" in version.card["why"]
    # When a schedule comes into force, nothing happens before its hour, and nothing if nothing was labelled
    company.apply("training", "apply", "--author", "kim", text=SCHEDULE)
    count = len(company.trainings())
    company.rounds()
    assert len(company.trainings()) == count
    company.answer(5)
    company.clock.later(days=8)
    press.during_the_next_training()
    company.rounds(2)
    # Then it trains at its hour; whoever pressed the button meanwhile gets one more run, and not two at a time
    assert company.trainings()[count:] == [
        ("done", "the schedule says so (monday 03:00 (UTC))"), ("done", "Start Training was pressed in Label Studio")]
    jobs = company.rows(s.jobs, s.jobs.c.kind == "train")
    assert all(one.ended_at <= other.started_at for one, other in pairwise(jobs))
    company.rounds()
    assert len(company.trainings()) == count + 2


class Press:
    """Somebody who presses *Start Training* in Label Studio just while a training runs."""

    def __init__(self, server, company, monkeypatch):
        """`server`: the ML backend that Label Studio sends the button's event to."""
        self._url, self._company, self._monkeypatch = str(server.client.base_url), company, monkeypatch
        self._note = company.folder / "pressed"

    def during_the_next_training(self):
        """Twice, as people do."""
        train, config = retrain.train_best, settings.load()

        def pressed(*arguments, **more):
            if not self._note.exists():     # the worker's forks know nothing of one another
                self._note.touch()
                for _ in range(2):
                    httpx.post(f"{self._url}/webhook", timeout=30, auth=(
                        config.ml_user, config.ml_password.get_secret_value()), json={
                        "action": "START_TRAINING", "project": {"id": self._company.id}}).raise_for_status()
            return train(*arguments, **more)

        self._monkeypatch.setattr(retrain, "train_best", pressed)


def the_year_is_told(company):
    """By the audit log, in order; by each version, down to its data; by the commands, to people."""
    with company.store.read() as conn:
        assert audit.verify(conn) > len(STORY)
    told = [(row.actor, row.action, row.detail.get("why") or row.detail.get("reason") or "")
            for row in company.rows(s.audit) if row.actor.startswith("job ")]
    assert [(actor, action) for actor, action, _ in told] == [(actor, action) for actor, action, _ in STORY]
    for (_, _, said), (_, _, expected) in zip(told, STORY, strict=True):
        assert expected in said
    versions = company.versions()
    for version in versions:
        _leads_to_what_it_was_made_of(company, version, versions[0])
    listed, said = company.run("models", "list"), company.run("training", "show")
    assert all(version.version in listed for version in versions)
    assert f"In service: project-{company.id}@{company.champion().version}" in said
    assert "because Start Training was pressed in Label Studio" in said


def _leads_to_what_it_was_made_of(company, version, first):
    """Data, guideline, code and libraries; and its data can be had again, though a part of it was thrown out."""
    with company.store.read() as conn:
        line = [version, *lineage.parents(conn, version)]
    made_of = lineage.made_of(version)
    assert line[-1] == first
    assert len(made_of["data"]["topic"]["sha256"]) == 64
    assert made_of["data"]["topic"]["cursor"] < version.created_at.isoformat()
    assert made_of["guideline_version"] == (1 if version.created_at.month == 12 else None)
    assert {"numpy", "scikit-learn"} <= made_of["libraries"].keys()
    assert made_of["code"]["cueloop"] == __version__
    assert made_of["why"]
    assert company.facts("data", "show", f"{version.name}@{version.version}")["reproduced"] is True
