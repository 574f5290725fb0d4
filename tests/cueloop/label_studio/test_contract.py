"""What Cueloop relies on in Label Studio, on the real one and on the fake, so that the fake cannot drift."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cueloop.errors import Conflict, LabelStudioError, LabelStudioRefused, NotFound
from cueloop.label_studio import LabelStudio
from tests.cueloop.label_studio.project import POSITIVE


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
