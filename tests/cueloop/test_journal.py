"""The journal: announced before, confirmed after, closed when undone; on both databases."""

from __future__ import annotations

import pytest

from cueloop import journal
from cueloop.store import Store, projects
from cueloop.store.columns import now


@pytest.fixture
def known(any_store: Store) -> Store:
    with any_store.write() as conn:
        for project in (1, 2):
            projects.put(conn, project, title="P", label_config="<View/>", mode="connected", connected_at=now())
    return any_store


def test_a_change_goes_from_intended_to_done_to_undone(known: Store) -> None:
    entry = journal.intend(known, 1, "webhook", "http://here", {"was": None})
    assert (entry.state, entry.before, entry.after) == (journal.INTENDED, {"was": None}, None)

    assert journal.done(known, entry, {"id": 7}).after == {"id": 7}
    assert [row.state for row in journal.standing(known, 1)] == [journal.DONE]

    journal.undone(known, entry)
    assert journal.standing(known, 1) == []


def test_what_was_announced_and_never_confirmed_is_taken_up_with_what_stood_there_first(known: Store) -> None:
    first = journal.intend(known, 1, "settings", "project 1", {"overlap": 3})

    again = journal.intend(known, 1, "settings", "project 1", {"overlap": 1})

    assert again == first
    assert again.before == {"overlap": 3}


def test_changes_are_undone_newest_first_each_project_and_kind_on_its_own(known: Store) -> None:
    for project, kind, target in [(1, "user", "a"), (1, "webhook", "b"), (2, "webhook", "c"), (1, "webhook", "d")]:
        journal.done(known, journal.intend(known, project, kind, target))

    assert [row.target for row in journal.standing(known, 1)] == ["d", "b", "a"]
    assert [row.target for row in journal.standing(known, 1, "webhook")] == ["d", "b"]
    assert [row.target for row in journal.standing(known, 2)] == ["c"]


def test_secrets_become_stars(known: Store) -> None:
    entry = journal.intend(known, 1, "webhook", "t", {"url": "u", "headers": {"X": "s"}, "rows": [{"api_key": "k"}]})

    entry = journal.done(known, entry, {"basic_auth_pass": "p", "id": 1})

    assert entry.before == {"url": "u", "headers": "***", "rows": [{"api_key": "***"}]}
    assert entry.after == {"basic_auth_pass": "***", "id": 1}
