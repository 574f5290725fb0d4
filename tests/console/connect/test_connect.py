"""Connecting a project and taking Cueloop out again, against a real Label Studio and the fake one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from console.connect import connect, disconnect
from cueloop import journal
from cueloop.errors import LabelConfigError, NotFound
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, annotators, projects
from cueloop.store import schema as s
from tests.console.connect.work import (
    NEGATIVE,
    ON_THE_FAKE,
    POSITIVE,
    TEXTS,
    a_days_work,
    machine_of,
    person,
    snapshot,
)


def test_after_connect_a_days_work_and_disconnect_the_project_differs_only_by_peoples_annotations(
        backend: Settings, store: Store, admin: LabelStudio, project: int, ids: list[int]) -> None:
    people = [person(admin, "ann"), person(admin, "ben")]
    admin.create_webhook(project, "http://127.0.0.1:9/theirs", headers={"X-Theirs": "1"}, actions=["TASKS_DELETED"])
    admin.create_view(project, {"title": "Their tab"})
    old = people[0].annotate(ids[6], POSITIVE)
    admin.import_predictions(project, [{"task": ids[0], "result": NEGATIVE, "score": 0.4, "model_version": "theirs"}])
    admin.patch_project(project, model_version="theirs")
    before = snapshot(admin, project)

    connect(backend, store, admin, project)
    during = a_days_work(backend, store, admin, project, ids, people)
    changed = snapshot(admin, project)
    report = disconnect(backend, store, admin, project, settle=0)
    after = snapshot(admin, project, without=frozenset(during))

    assert changed["project"]["model_version"] == "cue-1"
    assert "Be" in changed["project"]["expert_instruction"] != before["project"]["expert_instruction"]
    assert len(changed["webhooks"]) == 2
    assert [title for _, title, _ in changed["backends"]] == ["Cueloop"]
    assert len(during) == 4
    assert (report.annotations, report.kept, report.versions, report.tasks) == (3, 0, 1, 4)
    for one in (before, after):      # these two were answered meanwhile, so Label Studio closed them: people's doing
        for task in one["tasks"]:
            if task["id"] in (ids[4], ids[7]):
                task.pop("is_labeled")
    assert after == before
    assert old["id"] in {note["id"] for task in admin.tasks(project, ids) for note in task["annotations"]}
    assert journal.standing(store, project) == []
    assert machine_of(backend) == ""
    for client in people:
        client.close()


def test_connecting_again_changes_nothing(backend: Settings, store: Store, admin: LabelStudio, project: int) -> None:
    first = connect(backend, store, admin, project)
    stands, rows = snapshot(admin, project), len(journal.standing(store, project))

    second = connect(backend, store, admin, project)

    assert len(first.writes) == 4
    assert second.writes == []
    assert snapshot(admin, project) == stands
    assert len(journal.standing(store, project)) == rows
    assert not first.warnings


def test_a_dry_run_lists_every_write_and_conflict_and_writes_nothing(
        backend: Settings, store: Store, admin: LabelStudio, project: int) -> None:
    theirs = admin.create_ml_backend(project, f"http://127.0.0.1:{backend.ml_port}/", title="Theirs", user="cueloop",
                                     password=backend.ml_password.get_secret_value())
    other = backend.model_copy(update={"ml_url": "http://127.0.0.1:1"})
    before = snapshot(admin, project)

    report = connect(other, store, admin, project, dry_run=True)

    assert snapshot(admin, project) == before
    assert journal.standing(store, project) == []
    with store.read() as conn, pytest.raises(NotFound):
        projects.get(conn, project)
    told = "\n".join(report.writes)
    for write in ("sign up", "webhook", "ML backend http://127.0.0.1:1"):
        assert write in told
    told = "\n".join(report.conflicts)
    for conflict in ("'Theirs'", "/webhook exists", "instructions", "live backend 'Theirs'"):
        assert conflict in told
    assert theirs["id"] in {row["id"] for row in admin.ml_backends(project)}


def test_observing_writes_nothing_to_label_studio_and_shows_what_people_say(
        home: Settings, store: Store, admin: LabelStudio, project: int, ids: list[int]) -> None:
    admin.patch_task(ids[0], overlap=2)
    people = [person(admin, "ann"), person(admin, "ben")]
    for at, number in enumerate(ids[:5]):
        people[0].annotate(number, POSITIVE if at % 2 else NEGATIVE)
        people[1].annotate(number, POSITIVE if at % 2 else NEGATIVE)
    before = snapshot(admin, project)

    report = connect(home, store, admin, project, observe=True)

    assert snapshot(admin, project) == before
    assert journal.standing(store, project) == []
    assert report.observed is not None
    seen = report.observed["controls"]["sentiment"]
    assert seen["agreement"]["value"] == pytest.approx(1.0)
    assert seen["consensus"]["tasks"] == 5
    assert {row["answers"] for row in seen["annotators"]} == {5}
    assert sum(report.observed["would_route"].values()) == len(ids)
    with store.read() as conn:
        assert projects.live(conn) == []
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.decisions)) == 0
    for client in people:
        client.close()


@ON_THE_FAKE
def test_everybody_gets_a_queue_link_but_the_machine_and_the_idle_admin(
        home: Settings, store: Store, admin: LabelStudio, project: int) -> None:
    with person(admin, "ann") as ann:
        me = ann.whoami()

        report = connect(home, store, admin, project)

        links = {row["id"]: row["link"] for row in report.people}
        assert f"/projects/{project}/data?tab=" in links[me["id"]]
        assert admin.whoami()["id"] not in links
        with LabelStudio(admin.url, machine_of(home)) as machine:
            assert machine.whoami()["id"] not in links
            with store.read() as conn:
                assert machine.whoami()["id"] in annotators.machines(conn)
                assert me["id"] in {row.id for row in annotators.people(conn)}


@ON_THE_FAKE
def test_a_pilot_asks_the_named_only(home: Settings, store: Store, admin: LabelStudio, project: int) -> None:
    with person(admin, "ann") as ann, person(admin, "ben"):
        me = ann.whoami()

        report = connect(home, store, admin, project, pilot=[me["email"]], filter="text=text 1")

        assert [row["id"] for row in report.people] == [me["id"]]
        with store.read() as conn:
            known = projects.get(conn, project)
        assert known.mode == "pilot"
        assert known.pilot == {"annotators": [me["id"]], "filter": {"field": "text", "value": "text 1"}}


@ON_THE_FAKE
def test_a_pilot_goes_on_until_it_is_ended(home: Settings, store: Store, admin: LabelStudio, project: int) -> None:
    """Given somebody connects again to mend a webhook, or looks: that must not ask the whole team all of a sudden."""
    with person(admin, "ann") as ann, person(admin, "ben"):
        me = ann.whoami()["id"]
        connect(home, store, admin, project, pilot=[str(me)])
        with store.read() as conn:
            pilot = projects.get(conn, project)

        connect(home, store, admin, project, observe=True)
        again = connect(home, store, admin, project)

        with store.read() as conn:
            assert projects.get(conn, project).pilot == pilot.pilot == {"annotators": [me], "filter": None}
        assert [row["id"] for row in again.people] == [me]
        ended = connect(home, store, admin, project, everybody=True)
        assert len(ended.people) == 2
        with store.read() as conn:
            assert (projects.get(conn, project).mode, projects.get(conn, project).pilot) == ("connected", None)


def test_a_pilot_routes_only_the_tasks_it_is_about(home: Settings, store: Store, fake_label_studio: Any,
                                                   project_factory: Callable[..., int]) -> None:
    from routing.route import route
    from sync.pull import pull

    project = project_factory(fake_label_studio, tasks=TEXTS)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin, person(admin, "ann") as ann:
        connect(home, store, admin, project, pilot=[ann.whoami()["email"]], filter="text=text 1")
        pull(store, admin, project, pause=None)

        route(store, project)

    with store.read() as conn:
        routed = conn.scalars(sa.select(s.tasks.c.data).join(s.routes, s.routes.c.task == s.tasks.c.key)).all()
    assert [data["text"] for data in routed] == ["text 1"]


@ON_THE_FAKE
def test_an_unknown_pilot_is_named_with_those_that_exist(home: Settings, store: Store, admin: LabelStudio,
                                                         project: int) -> None:
    with person(admin, "ann") as ann:
        email = ann.whoami()["email"]

    with pytest.raises(NotFound, match=r"nobody@example\.com") as caught:
        connect(home, store, admin, project, pilot=["nobody@example.com"])

    assert email in str(caught.value)
    assert journal.standing(store, project) == []


@ON_THE_FAKE
def test_tabs_are_stored_for_a_label_studio_whose_links_are_unknown_and_removed_again(
        home: Settings, store: Store, admin: LabelStudio, project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LabelStudio, "version", lambda self: "9.9.9")
    monkeypatch.setattr("console.connect.people.MOST_TABS", 10_000)
    with person(admin, "ann") as ann:
        me = ann.whoami()

        report = connect(home, store, admin, project)

        views = {view["id"] for view in admin.views(project)}
        link = next(row["link"] for row in report.people if row["id"] == me["id"])
        assert any(f"tab={number}&" in link for number in views)
        assert connect(home, store, admin, project).writes == []
        disconnect(home, store, admin, project, settle=0)
        assert admin.views(project) == []


@ON_THE_FAKE
def test_a_backend_that_is_down_is_gone_without_and_said(home: Settings, store: Store, admin: LabelStudio,
                                                         project: int) -> None:
    report = connect(home, store, admin, project)

    assert any("cueloop serve" in text for text in report.warnings)
    assert admin.ml_backends(project) == []
    assert [entry.kind for entry in journal.standing(store, project)] == ["webhook", "user", "settings"]


def test_an_existing_projects_overlaps_are_never_swept(home: Settings, store: Store, admin: LabelStudio,
                                                       project_factory: Callable[..., int],
                                                       either_label_studio: Any) -> None:
    full = project_factory(either_label_studio, tasks=TEXTS, maximum_annotations=3)
    empty = project_factory(either_label_studio, maximum_annotations=3)

    said = connect(home, store, admin, full)
    connect(home, store, admin, empty)

    assert {row["overlap"] for row in admin.every_task(full)} == {3}
    assert admin.project(full)["maximum_annotations"] == 3
    assert any("maximum_annotations" in text for text in said.conflicts)
    assert admin.project(empty)["maximum_annotations"] == 1
    disconnect(home, store, admin, empty, settle=0)
    assert admin.project(empty)["maximum_annotations"] == 3


def test_what_a_person_edited_after_the_machine_stays(home: Settings, store: Store, admin: LabelStudio, project: int,
                                                      ids: list[int]) -> None:
    connect(home, store, admin, project)
    admin.import_predictions(project, [
        {"task": number, "result": POSITIVE, "score": 0.9, "model_version": "cue-1"} for number in ids[:2]])
    with LabelStudio(admin.url, machine_of(home)) as machine:
        machine.accept_predictions(project, ids[:2], "cue-1")
        me = machine.whoami()["id"]
    with person(admin, "ann") as ann:
        [mended] = admin.tasks(project, [ids[0]])[0]["annotations"]
        ann.patch_annotation(mended["id"], result=NEGATIVE)

        report = disconnect(home, store, admin, project, settle=0)

    assert (report.annotations, report.kept) == (1, 1)
    [kept] = [note for task in admin.tasks(project, ids) for note in task["annotations"]]
    assert (kept["result"], kept["completed_by"]) == (NEGATIVE, me)


def test_people_who_changed_the_instructions_meanwhile_keep_theirs(home: Settings, store: Store, admin: LabelStudio,
                                                                   project: int, ids: list[int]) -> None:
    connect(home, store, admin, project)
    admin.patch_project(project, expert_instruction="<p>Be quick.</p>")

    disconnect(home, store, admin, project, settle=0)

    assert "Be quick" in admin.project(project)["expert_instruction"]


@ON_THE_FAKE
def test_two_projects_share_the_machine_and_the_last_one_removes_it(
        home: Settings, store: Store, admin: LabelStudio, project: int, project_factory: Callable[..., int],
        either_label_studio: Any) -> None:
    other = project_factory(either_label_studio, tasks=TEXTS)
    connect(home, store, admin, project)
    token = machine_of(home)
    connect(home, store, admin, other)
    assert machine_of(home) == token

    disconnect(home, store, admin, project, settle=0)
    with LabelStudio(admin.url, token) as machine:
        me = machine.whoami()["id"]
    disconnect(home, store, admin, other, settle=0)

    assert me not in {user["id"] for user in admin.users()}


@ON_THE_FAKE
def test_a_config_that_cannot_be_judged_is_refused_before_anything_is_written(
        home: Settings, store: Store, admin: LabelStudio, project_factory: Callable[..., int],
        either_label_studio: Any) -> None:
    project = project_factory(either_label_studio, label_config=(
        '<View><Image name="t" value="$text"/><Brush name="free" toName="t"/></View>'))

    with pytest.raises(LabelConfigError, match="free"):
        connect(home, store, admin, project)

    with store.read() as conn, pytest.raises(NotFound):
        projects.get(conn, project)


@ON_THE_FAKE
def test_a_project_that_was_deleted_can_be_disconnected(home: Settings, store: Store, admin: LabelStudio,
                                                        project: int) -> None:
    connect(home, store, admin, project)
    admin.delete_project(project)

    disconnect(home, store, admin, project, settle=0)

    assert journal.standing(store, project) == []
    assert machine_of(home) == ""
