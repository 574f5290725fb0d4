"""Connecting and disconnecting when processes die, Label Studio fails and accounts are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa

from console.connect import connect, disconnect
from console.parts import secrets
from cueloop import journal
from cueloop.errors import LabelStudioError, LabelStudioUnreachable
from cueloop.fake.faults import FAILED_LATE, LOST
from cueloop.http import Retries
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, projects
from cueloop.store import schema as s
from tests.console.connect.work import (
    TEXTS,
    a_days_work,
    machine_of,
    person,
    snapshot,
)


class Killed(BaseException):
    """The process dies here."""


@contextmanager
def killed_at(name: str, count: int) -> Iterator[None]:
    """Within this the process dies when `cueloop.journal.<name>` is called for the `count`th time."""
    calls = 0
    real = getattr(journal, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count:
            raise Killed
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, name, dying)
        with pytest.raises(Killed):
            yield


@pytest.mark.parametrize("name", ["intend", "done"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_connect_goes_on_after_being_killed_between_any_two_steps(
        backend: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int], name: str,
        count: int) -> None:
    project = project_factory(fake_label_studio, tasks=TEXTS, maximum_annotations=1)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        before = snapshot(admin, project)
        with killed_at(name, count):
            connect(backend, store, admin, project)
        with store.read() as conn:
            assert projects.live(conn) == [], "nobody works for it before all is written down"

        connect(backend, store, admin, project)

        stands = snapshot(admin, project)
        assert len(stands["webhooks"]) == len(stands["backends"]) == 1
        assert len(stands["users"]) == 2
        assert {entry.state for entry in journal.standing(store, project)} == {journal.DONE}
        disconnect(backend, store, admin, project, settle=0)
        assert snapshot(admin, project) == before


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_disconnect_goes_on_after_being_killed_between_any_two_steps(
        backend: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int],
        count: int) -> None:
    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        ids = [row["id"] for row in admin.all_ids(project)]
        people = [person(admin, "ann"), person(admin, "ben")]
        before = snapshot(admin, project)
        connect(backend, store, admin, project)
        during = a_days_work(backend, store, admin, project, ids, people)
        with killed_at("undone", count):
            disconnect(backend, store, admin, project, settle=0)

        disconnect(backend, store, admin, project, settle=0)

        after = snapshot(admin, project, without=frozenset(during))
        for one in (before, after):
            for task in one["tasks"]:
                if task["id"] in (ids[4], ids[7]):
                    task.pop("is_labeled")
        assert after == before
        for client in people:
            client.close()


@pytest.mark.parametrize("failing", range(1, 30, 4))
def test_disconnect_goes_on_after_label_studio_failed_at_any_call(
        backend: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int],
        failing: int) -> None:
    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token, retries=Retries(1)) as admin:
        ids = [row["id"] for row in admin.all_ids(project)]
        people = [person(admin, "ann"), person(admin, "ben")]
        before = snapshot(admin, project)
        connect(backend, store, admin, project)
        during = a_days_work(backend, store, admin, project, ids, people)
        fake_label_studio.faults.fail(LOST, skip=failing)
        try:
            disconnect(backend, store, admin, project, settle=0)
        except LabelStudioUnreachable:
            disconnect(backend, store, admin, project, settle=0)
        fake_label_studio.faults.clear()

        after = snapshot(admin, project, without=frozenset(during))
        for one in (before, after):
            for task in one["tasks"]:
                if task["id"] in (ids[4], ids[7]):
                    task.pop("is_labeled")
        assert after == before
        for client in people:
            client.close()


def test_a_sign_up_whose_answer_is_lost_is_taken_up_again(backend: Settings, store: Store, fake_label_studio: Any,
                                                          project_factory: Callable[..., int]) -> None:
    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token, retries=Retries(1)) as admin:
        fake_label_studio.faults.fail(LOST, method="POST", path="signup")
        with pytest.raises(LabelStudioUnreachable):
            connect(backend, store, admin, project)

        connect(backend, store, admin, project)

        assert len(admin.users()) == 2
        assert machine_of(backend)


def test_refused_webhooks_are_gone_without_and_said(backend: Settings, store: Store, fake_label_studio: Any,
                                                    project_factory: Callable[..., int]) -> None:
    fake_label_studio.world.allow_loopback = False
    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        report = connect(backend, store, admin, project)

    assert any("SSRF_PROTECTION_ENABLED=false" in text for text in report.warnings)


def test_no_secret_is_journalled(backend: Settings, store: Store, fake_label_studio: Any,
                                 project_factory: Callable[..., int]) -> None:
    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        connect(backend, store, admin, project)

    with store.read() as conn:
        told = repr([tuple(row) for table in (s.journal, s.audit) for row in conn.execute(sa.select(table))])
    hidden = [fake_label_studio.admin_token, *(value for name, value in secrets.read(backend.home).items()
                                               if "PORT" not in name and "EMAIL" not in name)]
    assert not [secret for secret in hidden if secret in told]
    assert journal.redacted({"a": [{"X-Token": "t", "n": 1}], "headers": {"b": 2}}) == {
        "a": [{"X-Token": "***", "n": 1}], "headers": "***"}


def test_a_machine_account_that_cannot_be_had_is_gone_without_and_said(
        backend: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int]) -> None:
    """Given settings.env names a machine account that somebody else's password guards."""
    project = project_factory(fake_label_studio, tasks=TEXTS)
    secrets.put(backend.home, CUELOOP_MACHINE_EMAIL=fake_label_studio.admin_email, CUELOOP_MACHINE_PASSWORD="wrong one")
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        [warning] = connect(backend, store, admin, project).warnings

        assert "CUELOOP_MACHINE_TOKEN" in warning
        assert len(admin.webhooks(project)) == 1


def test_after_a_change_of_ports_nothing_hangs_on_the_old_ones(
        backend: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int]) -> None:
    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        before = snapshot(admin, project)
        moved = backend.model_copy(update={"hook_port": 9})
        connect(moved, store, admin, project)

        planned = connect(backend, store, admin, project, dry_run=True)
        done = connect(backend, store, admin, project)

        assert planned.writes == done.writes
        assert [hook["url"].split("/")[2] for hook in admin.webhooks(project)] == [f"127.0.0.1:{backend.hook_port}"]
        assert connect(backend, store, admin, project).writes == []
        disconnect(backend, store, admin, project, settle=0)
        assert snapshot(admin, project) == before


def test_everything_works_where_legacy_tokens_are_off(
        backend: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int]) -> None:
    """The default of a Label Studio that nobody configured: personal access tokens for us and for the machine."""
    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as client:
        token = client._http.call("POST", "/api/token/")["token"]
    fake_label_studio.world.legacy_tokens = False
    with LabelStudio(fake_label_studio.url, token) as admin:
        before = snapshot(admin, project)

        report = connect(backend, store, admin, project)
        with LabelStudio(fake_label_studio.url, machine_of(backend)) as machine:
            assert machine.whoami()["email"].endswith("@cueloop.invalid")
        disconnect(backend, store, admin, project, settle=0)

        assert not report.warnings
        assert snapshot(admin, project) == before
    fake_label_studio.world.legacy_tokens = True        # for the factory, which deletes the project


@pytest.mark.parametrize("path", ["webhooks", "/api/ml", "/user/signup", r"projects/\d+/$"])
def test_a_write_of_which_nobody_knows_whether_it_happened_leaves_no_trace_in_the_end(
        backend: Settings, store: Store, fake_label_studio: Any, project_factory: Callable[..., int],
        path: str) -> None:
    """Given Label Studio carried a write out and answered 500, and nobody connected again."""
    project = project_factory(fake_label_studio, tasks=[], maximum_annotations=2)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token, retries=Retries(1)) as admin:
        before = snapshot(admin, project)
        fake_label_studio.faults.fail(FAILED_LATE, method="PATCH" if "projects" in path else "POST", path=path)
        with suppress(LabelStudioError):
            connect(backend, store, admin, project)

        disconnect(backend, store, admin, project, settle=0)

        assert {**snapshot(admin, project), "users": []} == {**before, "users": []}
        connect(backend, store, admin, project)
        disconnect(backend, store, admin, project, settle=0)
        assert snapshot(admin, project) == before
