"""What Cueloop relies on in Label Studio, on the real one and on the fake, so that the fake cannot drift."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from cueloop.errors import Conflict, LabelStudioError, LabelStudioRefused, NotFound
from cueloop.label_studio import LabelStudio

POSITIVE = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["positive"]}}]
TEXTS = [{"text": f"text {number}"} for number in range(6)]


def queue(name: str, project: int) -> dict[str, Any]:
    """What the label stream of a queue link sends."""
    member = {"filter": "filter:tasks:data.cue_queue", "operator": "contains", "type": "String", "value": f",{name},"}
    return {"project": str(project), "selectedItems": {"all": False, "included": []},
            "ordering": ["-tasks:data.cue_priority"], "filters": {"conjunction": "and", "items": [member]}}


@pytest.fixture
def admin(either_label_studio: Any) -> Iterator[LabelStudio]:
    with LabelStudio(either_label_studio.url, either_label_studio.admin_token) as client:
        yield client


@pytest.fixture
def project(either_label_studio: Any, project_factory: Callable[..., int]) -> int:
    return project_factory(either_label_studio, tasks=TEXTS)


@pytest.fixture
def ids(admin: LabelStudio, project: int) -> list[int]:
    return [row["id"] for row in admin.all_ids(project)]


@pytest.fixture
def person(admin: LabelStudio) -> Iterator[LabelStudio]:
    with admin.sign_up(f"person{time.time_ns()}@example.com", "a good password", "Ada", "Low") as session:
        token = session.token()
    with LabelStudio(admin.url, token) as client:
        yield client


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An HTTP server that keeps what it is sent: (its URL, the bodies)."""
    heard: list[dict[str, Any]] = []

    @Request.application
    def app(request: Request) -> Response:
        auth = request.authorization and request.authorization.password
        heard.append({"path": request.path, "secret": request.headers.get("X-Secret"), "auth": auth,
                      "body": request.get_json(silent=True)})
        return Response('{"model_version": "m1", "status": "UP"}', content_type="application/json")

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", heard
    server.shutdown()
    thread.join()
    server.server_close()


def test_says_who_and_what_it_is(admin: LabelStudio) -> None:
    assert admin.healthy()
    assert admin.version() == "1.23.2"
    assert admin.whoami()["email"].startswith("admin")
    assert admin.get("/api/jwt/settings")["legacy_api_tokens_enabled"] is True


def test_a_signed_up_person_acts_as_themselves(admin: LabelStudio, person: LabelStudio, ids: list[int]) -> None:
    me = person.whoami()

    made = person.annotate(ids[0], POSITIVE, lead_time=3.5)

    assert made["completed_by"] == me["id"]
    assert me["first_name"] == "Ada"
    assert me["id"] in {user["id"] for user in admin.users()}


def test_an_address_signs_up_once(admin: LabelStudio) -> None:
    email = f"twice{time.time_ns()}@example.com"
    admin.sign_up(email, "a good password").close()

    with pytest.raises(Conflict, match="already has an account"):
        admin.sign_up(email, "a good password")


def test_a_weak_password_is_refused_with_a_reason(admin: LabelStudio) -> None:
    with pytest.raises(LabelStudioError, match="8 characters"):
        admin.sign_up(f"weak{time.time_ns()}@example.com", "short")


def test_a_wrong_token_is_refused_by_name(admin: LabelStudio) -> None:
    with LabelStudio(admin.url, "0" * 40) as stranger, pytest.raises(LabelStudioRefused, match="LABEL_STUDIO_API_KEY"):
        stranger.whoami()


def test_what_does_not_exist_is_not_found(admin: LabelStudio, ids: list[int]) -> None:
    for call in (lambda: admin.project(999_999), lambda: admin.patch_task(999_999, overlap=2),
                 lambda: admin.delete_annotation(999_999), lambda: admin.delete_webhook(999_999)):
        with pytest.raises(NotFound):
            call()


def test_an_html_page_is_not_found_and_not_quoted(admin: LabelStudio) -> None:
    with pytest.raises(NotFound, match="lacks the call") as caught:
        admin.get("/api/there/is/no/such/thing")

    assert "<" not in str(caught.value)


def test_a_refused_value_says_why(admin: LabelStudio, project: int) -> None:
    with pytest.raises(LabelStudioError, match="at least 3 characters"):
        admin.create_project(title="x")
    with pytest.raises(LabelStudioError, match="text"):
        admin.import_tasks(project, [{"data": {"other": "field"}}])
    with pytest.raises(LabelStudioError, match="Model version doesn't exist"):
        admin.patch_project(project, model_version="never pushed")


def test_import_returns_ids_in_order_and_keeps_what_rides_along(admin: LabelStudio, project: int) -> None:
    me = admin.whoami()["id"]

    made = admin.import_tasks(project, [
        {"data": {"text": "first", "cue_queue": ",w1,", "cue_priority": 2}, "meta": {"source": "here"}},
        {"data": {"text": "second"}, "annotations": [{"result": POSITIVE, "completed_by": me, "lead_time": 4}],
         "predictions": [{"result": POSITIVE, "score": 0.8, "model_version": "m0"}]}])

    first, second = sorted(admin.tasks(project, made), key=lambda task: task["id"])
    assert [first["id"], second["id"]] == made
    assert first["data"] == {"text": "first", "cue_queue": ",w1,", "cue_priority": 2}
    assert first["meta"] == {"source": "here"}
    assert (first["overlap"], first["is_labeled"]) == (1, False)
    assert second["is_labeled"] is True
    assert [note["lead_time"] for note in second["annotations"]] == [4]
    assert admin.project(project)["model_version"] == "m0"


def test_a_whole_task_has_authors_unique_ids_skips_and_drafts(admin: LabelStudio, person: LabelStudio,
                                                              project: int, ids: list[int]) -> None:
    admin.annotate(ids[0], POSITIVE, lead_time=3.5)
    person.annotate(ids[0], [], was_cancelled=True)
    person._http.call("POST", f"/api/tasks/{ids[1]}/drafts", json={"result": POSITIVE, "lead_time": 1},
                      params={"project": project})

    done, drafted = sorted(admin.tasks(project, ids[:2]), key=lambda task: task["id"])

    answer, skip = done["annotations"]
    assert (answer["completed_by"], answer["was_cancelled"], answer["lead_time"]) == (admin.whoami()["id"], False, 3.5)
    assert (skip["completed_by"], skip["was_cancelled"]) == (person.whoami()["id"], True)
    assert answer["unique_id"] != skip["unique_id"]
    assert len(drafted["drafts"]) == 1
    assert done["is_labeled"] is True
    assert {"data", "overlap", "created_at", "updated_at", "predictions"} <= done.keys()


def test_changes_come_oldest_first_from_a_moment_on(admin: LabelStudio, project: int, ids: list[int]) -> None:
    everything = admin.changed_task_ids(project, datetime.now(UTC) - timedelta(days=1))
    assert [number for number, _ in everything] == ids
    admin.patch_task(ids[3], data={"text": "changed"})
    admin.annotate(ids[1], POSITIVE)

    moment = datetime.fromisoformat(everything[-1][1]) + timedelta(microseconds=1)

    assert [number for number, _ in admin.changed_task_ids(project, moment)] == [ids[3], ids[1]]


def test_the_last_moment_of_changes_is_whole(admin: LabelStudio, project: int, ids: list[int]) -> None:
    """Bulk actions give all their tasks one `updated_at`."""
    admin.import_predictions(project, [
        {"task": number, "result": POSITIVE, "score": 0.9, "model_version": "m1"} for number in ids])
    before = datetime.now(UTC)
    admin.accept_predictions(project, ids, "m1")

    changed = admin.changed_task_ids(project, before, limit=2)

    assert [number for number, _ in changed] == ids
    assert len({moment for _, moment in changed}) == 1


def test_every_change_of_an_annotation_or_task_bumps_updated_at_and_predictions_do_not(
        admin: LabelStudio, project: int, ids: list[int]) -> None:
    def changed_by(act: Callable[[], Any]) -> list[int]:
        last = datetime.fromisoformat(admin.changed_task_ids(project, datetime(2020, 1, 1, tzinfo=UTC))[-1][1])
        act()
        return [number for number, _ in admin.changed_task_ids(project, last + timedelta(microseconds=1))]

    note = admin.annotate(ids[0], POSITIVE)["id"]
    assert changed_by(lambda: admin.patch_annotation(note, ground_truth=True)) == [ids[0]]
    assert changed_by(lambda: admin.annotate(ids[2], [], was_cancelled=True)) == [ids[2]]
    assert changed_by(lambda: admin.delete_annotation(note)) == [ids[0]]
    assert changed_by(lambda: admin.patch_task(ids[1], overlap=2)) == [ids[1]]
    assert changed_by(lambda: admin.import_predictions(
        project, [{"task": ids[0], "result": POSITIVE, "score": 0.5, "model_version": "m"}])) == []


def test_a_sweep_sees_deletions_page_by_page(admin: LabelStudio, project: int, ids: list[int]) -> None:
    note = admin.annotate(ids[0], POSITIVE)
    admin.annotate(ids[0], POSITIVE)
    admin.delete_annotation(note["id"])
    admin.delete_task(ids[2])

    swept = list(admin.all_ids(project, page=2))

    assert [row["id"] for row in swept] == [number for number in ids if number != ids[2]]
    assert len(swept[0]["annotations"]) == 1
    assert note["id"] not in swept[0]["annotations"]
    assert {"created_at", "updated_at"} <= swept[0].keys()
    assert [row["id"] for row in admin.all_ids(project, after_id=ids[3])] == ids[4:]


def test_the_id_of_a_deleted_task_comes_back(admin: LabelStudio, project: int, ids: list[int]) -> None:
    """So a task is known by its id and created_at together."""
    old = admin.task_data(project, [ids[-1]])[0]
    admin.delete_task(ids[-1])

    [new] = admin.import_tasks(project, [{"data": {"text": "new"}}])

    assert new == old["id"]
    assert admin.task_data(project, [new])[0]["created_at"] != old["created_at"]


def test_patching_data_replaces_the_whole_dict(admin: LabelStudio, project: int, ids: list[int]) -> None:
    receipt = admin.patch_task(ids[0], data={"cue_queue": ",w1,"}, overlap=3, is_labeled=True)

    [now] = admin.task_data(project, [ids[0]])
    assert now["data"] == receipt["data"] == {"cue_queue": ",w1,"}
    assert (now["overlap"], now["is_labeled"]) == (3, True)
    assert now["updated_at"] == receipt["updated_at"]


def test_is_labeled_counts_different_people_who_did_not_skip(
        admin: LabelStudio, person: LabelStudio, project: int, ids: list[int]) -> None:
    def labeled() -> bool:
        return bool(admin.task_data(project, [ids[0]])[0]["is_labeled"])

    admin.patch_task(ids[0], overlap=2)
    admin.annotate(ids[0], POSITIVE)
    admin.annotate(ids[0], POSITIVE)
    assert not labeled()
    skip = person.annotate(ids[0], [], was_cancelled=True)
    assert not labeled()
    person.patch_annotation(skip["id"], was_cancelled=False, result=POSITIVE)
    assert labeled()


def test_overlap_alone_does_not_reopen_a_task(admin: LabelStudio, person: LabelStudio, project: int,
                                              ids: list[int]) -> None:
    admin.patch_task(ids[0], data={"text": "x", "cue_queue": ",w,"})
    admin.annotate(ids[0], POSITIVE)

    admin.patch_task(ids[0], overlap=2)
    assert person.next_task(project, queue("w", project)) is None
    admin.patch_task(ids[0], overlap=2, is_labeled=False)
    served = person.next_task(project, queue("w", project))

    assert served is not None
    assert served["id"] == ids[0]
    assert admin.next_task(project, queue("w", project)) is None, "never served to one who answered it"


def test_a_queue_is_live_ordered_and_without_locks(admin: LabelStudio, person: LabelStudio, project: int,
                                                   ids: list[int]) -> None:
    def move(task: int, queues: str, priority: float) -> None:
        admin.patch_task(task, data={"text": "x", "cue_queue": queues, "cue_priority": priority})

    def served(client: LabelStudio) -> int | None:
        task = client.next_task(project, queue("w", project))
        return None if task is None else int(task["id"])

    move(ids[0], ",w,", 5)
    move(ids[1], ",v,w,", 9)
    move(ids[2], ",v,", 99)
    assert served(person) == ids[1]
    assert served(admin) == ids[1], "the same task to two people: the router keeps them apart"
    person.annotate(ids[1], POSITIVE)
    move(ids[0], ",v,", 5)
    move(ids[3], ",w,", 10.5)
    assert served(person) == ids[3]
    person.annotate(ids[3], [], was_cancelled=True)
    assert served(person) is None, "neither answered nor skipped tasks come back"


def test_the_plain_stream_locks(admin: LabelStudio, person: LabelStudio, project: int, ids: list[int]) -> None:
    mine, theirs = (client.next_task(project, {"project": str(project)}) for client in (admin, person))

    assert mine is not None
    assert theirs is not None
    assert (mine["id"], theirs["id"]) == (ids[0], ids[1])
    again = admin.next_task(project, {"project": str(project)})
    assert again is not None
    assert again["id"] == ids[0]


def test_bad_predictions_are_dropped_silently_and_we_say_so(admin: LabelStudio, project: int, ids: list[int]) -> None:
    good = {"task": ids[0], "result": POSITIVE, "score": 0.7, "model_version": "m1"}
    unknown = [{**POSITIVE[0], "value": {"choices": ["unheard of"]}}]

    assert admin.import_predictions(project, [good]) == 1
    with pytest.raises(LabelStudioError, match="stored 1 of 3 predictions"):
        admin.import_predictions(project, [good, {**good, "result": unknown}, {**good, "result": "text"}])
    with pytest.raises(LabelStudioError, match="task"):
        admin.import_predictions(project, [{**good, "task": 999_999}])
    assert admin.model_versions(project) == {"m1": 2}


def test_one_prediction_can_be_deleted_and_only_once(admin: LabelStudio, project: int, ids: list[int]) -> None:
    admin.import_predictions(project, [
        {"task": number, "result": POSITIVE, "score": 0.7, "model_version": "m1"} for number in ids[:2]])
    (first,) = admin.predictions(project, ids[0])

    admin.delete_prediction(first["id"])

    assert admin.predictions(project, ids[0]) == []
    assert len(admin.predictions(project, ids[1])) == 1
    with pytest.raises(NotFound):
        admin.delete_prediction(first["id"])


def test_only_predictions_of_the_version_in_force_are_served(admin: LabelStudio, project: int, ids: list[int]) -> None:
    for version in ("m1", "m2"):
        guess = {"task": ids[0], "result": POSITIVE, "score": 0.7, "model_version": version}
        admin.import_predictions(project, [guess])

    admin.patch_project(project, model_version="m2")

    served = admin.next_task(project, {"project": str(project)})
    assert served is not None
    assert [guess["model_version"] for guess in served["predictions"]] == ["m2"]
    admin.patch_project(project, model_version="")
    admin.delete_model_version(project, "m2")
    assert admin.model_versions(project) == {"m1": 1}
    assert admin.project(project)["model_version"] == ""


def test_bulk_acceptance_closes_overlap_one_only_and_not_twice(
        admin: LabelStudio, project: int, ids: list[int]) -> None:
    admin.patch_task(ids[1], overlap=2)
    admin.import_predictions(project, [
        {"task": number, "result": POSITIVE, "score": 0.9, "model_version": "m1"} for number in ids[:3]])

    assert admin.accept_predictions(project, ids[:2], "m1") == 2
    assert admin.accept_predictions(project, ids[:2], "m1") == 0, "safe to repeat"
    assert admin.accept_predictions(project, [], "m1") == 0, "nothing is not everything"

    tasks = sorted(admin.tasks(project, ids[:3]), key=lambda task: task["id"])
    assert [task["is_labeled"] for task in tasks] == [True, False, False]
    [note] = tasks[0]["annotations"]
    assert note["completed_by"] == admin.whoami()["id"]
    assert note["parent_prediction"] is not None


def test_maximum_annotations_overwrites_overlaps(admin: LabelStudio, project: int, ids: list[int]) -> None:
    """Why it is never touched in a project with tasks."""
    admin.patch_task(ids[0], overlap=3)
    admin.patch_project(project, maximum_annotations=4)
    assert [row["overlap"] for row in admin.task_data(project, ids)][:2] == [4, 1]
    admin.patch_project(project, maximum_annotations=1)
    assert {row["overlap"] for row in admin.task_data(project, ids)} == {1}


def test_somebody_elses_edit_leaves_the_author(admin: LabelStudio, person: LabelStudio, project: int,
                                               ids: list[int]) -> None:
    note = person.annotate(ids[0], POSITIVE)
    admin.patch_annotation(note["id"], result=POSITIVE, lead_time=9)

    [edited] = admin.tasks(project, [ids[0]])[0]["annotations"]

    assert (edited["completed_by"], edited["updated_by"]) == (person.whoami()["id"], admin.whoami()["id"])


def test_webhooks_come_for_their_actions_with_their_secret(
        admin: LabelStudio, project: int, ids: list[int], listener: tuple[str, list[dict[str, Any]]]) -> None:
    url, heard = listener
    hook = admin.create_webhook(project, f"{url}/hook", headers={"X-Secret": "s3"}, actions=["ANNOTATION_CREATED"])
    assert [row["url"] for row in admin.webhooks(project)] == [f"{url}/hook"]

    note = admin.annotate(ids[0], POSITIVE)
    admin.patch_annotation(note["id"], lead_time=1)
    admin.patch_task(ids[0], overlap=2)

    assert heard == [{"path": "/hook", "secret": "s3", "auth": None, "body": {"action": "ANNOTATION_CREATED"}}]
    admin.delete_webhook(hook["id"])
    assert admin.webhooks(project) == []


def test_a_backend_is_called_and_brings_a_webhook_that_outlives_it(
        admin: LabelStudio, project: int, listener: tuple[str, list[dict[str, Any]]]) -> None:
    url, heard = listener

    backend = admin.create_ml_backend(project, url, title="Model", user="cue", password="pass")

    assert {(call["path"], call["auth"]) for call in heard} == {("/health", "pass"), ("/setup", "pass")}
    assert [row["title"] for row in admin.ml_backends(project)] == ["Model"]
    assert admin.project(project)["model_version"] == "Model"
    admin.delete_ml_backend(backend["id"])
    assert admin.ml_backends(project) == []
    [hook] = admin.webhooks(project)
    assert (hook["url"], hook["send_for_all_actions"]) == (f"{url}/webhook", True)


def test_a_backend_that_does_not_answer_is_refused(admin: LabelStudio, project: int) -> None:
    with pytest.raises(LabelStudioError, match="Can't connect to ML backend"):
        admin.create_ml_backend(project, "http://127.0.0.1:9", title="Gone")


def test_tabs_are_stored_and_removed(admin: LabelStudio, project: int, ids: list[int]) -> None:
    admin.patch_task(ids[4], data={"text": "x", "cue_queue": ",w,"})
    view = admin.create_view(project, {"title": "Queue", **{
        key: value for key, value in queue("w", project).items() if key in ("filters", "ordering")}})

    served = admin.next_task(project, {"view": view["id"], "project": str(project)})

    assert served is not None
    assert served["id"] == ids[4]
    assert [row["id"] for row in admin.views(project)] == [view["id"]]
    admin.delete_view(view["id"])
    assert admin.views(project) == []


def test_a_personal_access_token_works_like_a_legacy_one(admin: LabelStudio) -> None:
    with admin.sign_up(f"pat{time.time_ns()}@example.com", "a good password") as session:
        token = session.json("POST", "/api/token/")["token"]
        me = session.whoami()["id"]
    with LabelStudio(admin.url, token) as client:
        assert client.whoami()["id"] == me
        assert me in {user["id"] for user in client.users()}
        assert isinstance(client.projects(), list), "the SDK goes through our connection"


def test_one_accounts_annotations_are_found_and_deleted_in_bulk(admin: LabelStudio, person: LabelStudio, project: int,
                                                                ids: list[int]) -> None:
    me, them = admin.whoami()["id"], person.whoami()["id"]
    for number in ids[:3]:
        admin.patch_task(number, overlap=2)
        admin.annotate(number, POSITIVE)
    person.annotate(ids[0], POSITIVE)
    person.annotate(ids[4], POSITIVE)

    found = admin.annotated_by(project, me)
    assert [task["id"] for task in found] == ids[:3]
    assert admin.delete_annotations_by(project, [], me) == 0, "nothing is not everything"
    assert admin.delete_annotations_by(project, ids[:2], me) == 2

    left = {task["id"]: [note["completed_by"] for note in task["annotations"]] for task in admin.tasks(project, ids)}
    assert left == {ids[0]: [them], ids[1]: [], ids[2]: [me], ids[3]: [], ids[4]: [them], ids[5]: []}
    assert not admin.task_data(project, [ids[0]])[0]["is_labeled"]
    assert [row["id"] for row in admin.every_task(project, page=4)] == ids


def test_bulk_made_annotations_have_no_editor_until_somebody_edits_them(admin: LabelStudio, person: LabelStudio,
                                                                        project: int, ids: list[int]) -> None:
    """How a machine's annotation is told from one that a person corrected."""
    admin.import_predictions(project, [
        {"task": number, "result": POSITIVE, "score": 0.9, "model_version": "m1"} for number in ids[:2]])
    admin.accept_predictions(project, ids[:2], "m1")
    first, second = (task["annotations"][0] for task in admin.tasks(project, ids[:2]))
    assert first["updated_by"] in (None, admin.whoami()["id"])

    person.patch_annotation(second["id"], result=POSITIVE)

    [edited] = admin.tasks(project, [ids[1]])[0]["annotations"]
    assert (edited["completed_by"], edited["updated_by"]) == (admin.whoami()["id"], person.whoami()["id"])


def test_an_account_can_be_deleted_and_its_annotations_stay(admin: LabelStudio, person: LabelStudio, project: int,
                                                            ids: list[int]) -> None:
    them = person.whoami()["id"]
    person.annotate(ids[0], POSITIVE)

    admin.delete_user(them)

    assert them not in {user["id"] for user in admin.users()}
    [note] = admin.tasks(project, [ids[0]])[0]["annotations"]
    assert note["completed_by"] is None


def test_one_logs_in_with_the_password_one_signed_up_with(admin: LabelStudio) -> None:
    email = f"again{time.time_ns()}@example.com"
    with admin.sign_up(email, "a good password") as session:
        me = session.whoami()["id"]

    with admin.log_in(email, "a good password") as session:
        assert session.whoami()["id"] == me
    with pytest.raises(LabelStudioRefused, match="wrong address or password"):
        admin.log_in(email, "a wrong password")
