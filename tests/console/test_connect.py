"""Connecting a project and taking Cueloop out again, against a real Label Studio and the fake one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from console.connect import connect, disconnect
from console.parts import secrets
from cueloop import journal, settings
from cueloop.errors import LabelConfigError, LabelStudioError, LabelStudioUnreachable, NotFound
from cueloop.fake.faults import FAILED_LATE, LOST
from cueloop.http import Retries
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, annotators, projects
from cueloop.store import schema as s
from cueloop.store.columns import now

POSITIVE = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["positive"]}}]
NEGATIVE = [{**POSITIVE[0], "value": {"choices": ["negative"]}}]
TEXTS = [{"text": f"text {number}", "source": {"row": number}} for number in range(8)]
ON_THE_FAKE = pytest.mark.parametrize("either_label_studio", ["fake"], indirect=True)
"""For promises to which the real Label Studio adds nothing but time."""


@pytest.fixture
def admin(either_label_studio: Any) -> Iterator[LabelStudio]:
    with LabelStudio(either_label_studio.url, either_label_studio.admin_token) as client:
        yield client


@pytest.fixture
def project(either_label_studio: Any, project_factory: Callable[..., int]) -> int:
    return project_factory(either_label_studio, tasks=TEXTS, expert_instruction="<p>Be kind.</p>")


@pytest.fixture
def ids(admin: LabelStudio, project: int) -> list[int]:
    return [row["id"] for row in admin.all_ids(project)]


@pytest.fixture
def backend(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings whose ML backend is up, as far as Label Studio asks."""
    @Request.application
    def app(request: Request) -> Response:
        known = request.authorization and request.authorization.password == home.ml_password.get_secret_value()
        return Response('{"status": "UP", "model_version": "untrained"}', 200 if known else 401,
                        content_type="application/json")

    server = make_server("127.0.0.1", home.ml_port, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield home
    server.shutdown()
    thread.join()
    server.server_close()


def machine_of(home: Settings) -> str:
    return settings.load(home=home.home).machine_token.get_secret_value()


def person(admin: LabelStudio, name: str = "person") -> LabelStudio:
    with admin.sign_up(f"{name}{time.time_ns()}@example.com", "a good password", name) as session:
        return LabelStudio(admin.url, session.token())


def snapshot(client: LabelStudio, project: int, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Everything of a project that others can see, but the moments of change and annotations by `without`."""
    shown = client.project(project)
    counters = {name for name in shown if name.endswith("_number") or name in
                {"queue_total", "queue_done", "num_tasks_with_annotations"}}
    tasks = []
    for task in client.tasks(project, [row["id"] for row in client.all_ids(project)]):
        kept = [note for note in task["annotations"] if note["unique_id"] not in without]
        tasks.append({"id": task["id"], "data": task["data"], "meta": task["meta"], "overlap": task["overlap"],
                      "is_labeled": task["is_labeled"], "predictions": task["predictions"],
                      "annotations": [(n["unique_id"], n["completed_by"], n["result"]) for n in kept]})
    backends = [(row["id"], row["title"], row["url"]) for row in client.ml_backends(project)]
    return {"project": {name: value for name, value in shown.items() if name not in counters}, "tasks": tasks,
            "webhooks": client.webhooks(project), "backends": backends,
            "views": client.views(project), "versions": client.model_versions(project),
            "users": sorted(user["id"] for user in client.users())}


def a_days_work(home: Settings, store: Store, admin: LabelStudio, project: int, ids: list[int],
                people: list[LabelStudio]) -> set[str]:
    """What Cueloop does on an average day, and what people do meanwhile; their annotations' unique ids."""
    from guidelines import push, versions
    from sync.pull import pull

    pull(store, admin, project, pause=None)
    versions.add(store, project, "# Sentiment\n\nBe *fair* too.", author="test")
    push.push(store, admin, project)
    admin.import_predictions(project, [
        {"task": number, "result": POSITIVE, "score": 0.9, "model_version": "cue-1"} for number in ids])
    with store.write() as conn:
        keys = dict(conn.execute(sa.select(s.tasks.c.id, s.tasks.c.key).where(s.tasks.c.project_id == project)).all())
        conn.execute(s.predictions.insert(), [{
            "project_id": project, "task": keys[number], "control": "sentiment", "model": "default", "version": "cue-1",
            "label": "positive", "score": 0.9, "probabilities": {"positive": 0.9}, "out_of_fold": True,
            "created_at": now(), "sent_at": now(), "pushed_at": now()} for number in ids])
    admin.patch_project(project, model_version="cue-1")
    with LabelStudio(admin.url, machine_of(home)) as machine:
        machine.accept_predictions(project, ids[:3], "cue-1")
    for number in ids[2:6]:
        publish(store, admin, project, number, keys[number])
    made = {people[0].annotate(ids[4], NEGATIVE)["id"], people[1].annotate(ids[4], POSITIVE)["id"],
            people[0].annotate(ids[5], [], was_cancelled=True)["id"], people[1].annotate(ids[7], NEGATIVE)["id"]}
    notes = [note for task in admin.tasks(project, ids) for note in task["annotations"]]
    return {note["unique_id"] for note in notes if note["id"] in made}


def publish(store: Store, admin: LabelStudio, project: int, number: int, key: int) -> None:
    """A queue write as the router makes it: re-read, one PATCH, receipt."""
    from cueloop.store import tasks

    [base] = admin.task_data(project, [number])
    reply = admin.patch_task(number, data=base["data"] | {"cue_queue": ",w1,", "cue_priority": 0.5}, overlap=3,
                             is_labeled=False)
    with store.write() as conn:
        tasks.record_own_write(conn, key, reply, base)


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
def test_a_config_that_cannot_be_modelled_is_refused_before_anything_is_written(
        home: Settings, store: Store, admin: LabelStudio, project_factory: Callable[..., int],
        either_label_studio: Any) -> None:
    project = project_factory(either_label_studio, label_config=(
        '<View><Text name="t" value="$text"/><TextArea name="free" toName="t"/></View>'))

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
