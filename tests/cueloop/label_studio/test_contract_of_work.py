"""What Cueloop relies on while people work: queues, closing, acceptance, webhooks; on the real one and on the fake."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cueloop.errors import LabelStudioError, LabelStudioRefused, NotFound
from cueloop.label_studio import LabelStudio
from tests.cueloop.label_studio.project import POSITIVE, queue


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
