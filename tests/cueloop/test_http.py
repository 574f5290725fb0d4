"""The connection to Label Studio: what is repeated, what never is, and that tokens stay secret."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cueloop.errors import (
    LabelStudioError,
    LabelStudioRefused,
    LabelStudioUnreachable,
    NotFound,
    SettingsError,
)
from cueloop.fake import FakeLabelStudio
from cueloop.fake.faults import DROPPED, LOST
from cueloop.http import Retries, proxy_for
from cueloop.label_studio import LabelStudio

QUICK = Retries(attempts=4, first_seconds=0.001)
CONFIG = ('<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">'
          '<Choice value="positive"/><Choice value="negative"/></Choices></View>')


@pytest.fixture
def client(fake_label_studio: FakeLabelStudio) -> Iterator[LabelStudio]:
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token, retries=QUICK, timeout=2) as client:
        yield client


@pytest.fixture
def task(client: LabelStudio) -> int:
    project = client.create_project(title="Project", label_config=CONFIG)["id"]
    return client.import_tasks(project, [{"data": {"text": "a text"}}])[0]


@pytest.mark.parametrize("failure", [502, 503, 504, 429, LOST, DROPPED])
def test_reading_is_repeated_until_it_works(client: LabelStudio, fake_label_studio: FakeLabelStudio,
                                            failure: int | str) -> None:
    fake_label_studio.faults.fail(failure, times=3)

    assert client.whoami()["id"] == 1


def test_in_the_end_it_gives_up_and_names_the_server(client: LabelStudio, fake_label_studio: FakeLabelStudio) -> None:
    fake_label_studio.faults.fail(503, times=100)

    with pytest.raises(LabelStudioUnreachable, match=fake_label_studio.url):
        client.whoami()
    assert len(fake_label_studio.faults.calls) == QUICK.attempts


@pytest.mark.parametrize("failure", [500, 502, 504, LOST])
def test_a_post_that_may_have_happened_is_never_repeated(
        client: LabelStudio, fake_label_studio: FakeLabelStudio, task: int, failure: int | str) -> None:
    fake_label_studio.faults.fail(failure, method="POST", path="annotations")

    with pytest.raises(LabelStudioError):
        client.annotate(task, [])

    assert len(fake_label_studio.world.annotations) == (1 if failure == LOST else 0)


def test_a_patch_is_not_repeated_over_somebody_elses_edit(
        client: LabelStudio, fake_label_studio: FakeLabelStudio, task: int) -> None:
    """Given our PATCH arrived, its answer was lost, and then somebody edited the task."""
    fake_label_studio.faults.fail(LOST, method="PATCH")

    with pytest.raises(LabelStudioUnreachable):
        client.patch_task(task, data={"text": "a text", "cue_queue": ",w1,"})
    fake_label_studio.edit(task, data={"text": "mended"})

    assert client.task(task)["data"] == {"text": "mended"}


@pytest.mark.parametrize("failure", [503, 429])
def test_a_post_that_the_server_turned_away_is_repeated(
        client: LabelStudio, fake_label_studio: FakeLabelStudio, task: int, failure: int) -> None:
    fake_label_studio.faults.fail(failure, times=2, method="POST")

    client.annotate(task, [])

    assert len(fake_label_studio.world.annotations) == 1


def test_a_bulk_acceptance_whose_answer_is_lost_happens_once(
        client: LabelStudio, fake_label_studio: FakeLabelStudio, task: int) -> None:
    result = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["positive"]}}]
    client.import_predictions(1, [{"task": task, "result": result, "score": 1, "model_version": "m"}])
    fake_label_studio.faults.fail(LOST, path="dm/actions")

    client.accept_predictions(1, [task], "m")

    assert len(fake_label_studio.world.annotations) == 1


def test_a_server_that_is_not_there_is_told_apart(fake_label_studio: FakeLabelStudio) -> None:
    url, token = fake_label_studio.url, fake_label_studio.admin_token
    fake_label_studio.stop()

    client = LabelStudio(url, token, retries=QUICK)
    with client, pytest.raises(LabelStudioUnreachable, match="LABEL_STUDIO_URL"):
        client.whoami()


def test_a_server_that_hangs_is_told_apart(fake_label_studio: FakeLabelStudio) -> None:
    fake_label_studio.faults.latency_seconds = 0.3

    url, token = fake_label_studio.url, fake_label_studio.admin_token

    client = LabelStudio(url, token, timeout=0.05, retries=Retries(1))
    with client, pytest.raises(LabelStudioUnreachable, match="did not answer in time"):
        client.whoami()


def test_a_server_that_is_no_label_studio_is_told_apart(client: LabelStudio) -> None:
    with pytest.raises(LabelStudioError, match="where JSON was expected"):
        client.get("/user/login/")


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="LABEL_STUDIO_URL"):
        LabelStudio(url, "token")


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        LabelStudio("http://me:hunter2@host", "token")
    assert "hunter2" not in str(caught.value)


def test_legacy_tokens_that_are_off_are_explained(client: LabelStudio, fake_label_studio: FakeLabelStudio) -> None:
    fake_label_studio.world.legacy_tokens = False

    with pytest.raises(LabelStudioRefused, match="use a personal access token"):
        client.whoami()


def test_access_tokens_are_fetched_once_renewed_and_replaced_when_refused(fake_label_studio: FakeLabelStudio) -> None:
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        token = admin._http.call("POST", "/api/token/")["token"]

    def refreshes() -> int:
        return fake_label_studio.faults.calls.count(("POST", "/api/token/refresh/"))

    with LabelStudio(fake_label_studio.url, token, retries=QUICK) as client:
        with ThreadPoolExecutor(8) as pool:
            assert {me["id"] for me in pool.map(lambda _: client.whoami(), range(16))} == {1}
        assert refreshes() == 1, "eight threads, one exchange"
        fake_label_studio.faults.fail(401, path="whoami")
        assert client.whoami()["id"] == 1
        assert refreshes() == 2, "revoked meanwhile: a new one is fetched"
    fake_label_studio.world.access_seconds = 20
    with LabelStudio(fake_label_studio.url, token, retries=QUICK) as client:
        client.whoami()
        client.whoami()
    assert refreshes() == 4, "about to expire: renewed before it does"


def test_a_revoked_personal_token_is_refused_by_name(fake_label_studio: FakeLabelStudio) -> None:
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        token = admin._http.call("POST", "/api/token/")["token"]
    fake_label_studio.world.users[1]["personal"] = ""

    with LabelStudio(fake_label_studio.url, token) as client, pytest.raises(LabelStudioRefused, match="API_KEY"):
        client.whoami()


@pytest.mark.parametrize(("url", "proxy"), [
    ("http://label-studio.example", "http://proxy:3128"), ("https://label-studio.example", None),
    ("http://127.0.0.1:8080", None), ("http://localhost:8080", None), ("http://inside.example", None)])
def test_a_proxy_is_used_where_the_environment_names_one_but_not_for_this_machine(
        monkeypatch: pytest.MonkeyPatch, url: str, proxy: str | None) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example")

    assert proxy_for(url) == proxy


def test_a_redirect_is_told_and_not_followed(client: LabelStudio, fake_label_studio: FakeLabelStudio) -> None:
    fake_label_studio.faults.fail(301, path="whoami")

    with pytest.raises(LabelStudioError, match="set LABEL_STUDIO_URL to where it really is"):
        client.whoami()


def test_the_token_goes_to_label_studio_only(client: LabelStudio) -> None:
    with FakeLabelStudio() as elsewhere:
        reply = client._http.client.get(f"{elsewhere.url}/api/current-user/whoami")

    assert "Authorization" not in reply.request.headers


@pytest.mark.parametrize("failure", [401, 403, 404, 500, 503, LOST, DROPPED])
def test_no_error_and_no_log_line_shows_a_token(fake_label_studio: FakeLabelStudio, caplog: pytest.LogCaptureFixture,
                                                failure: int | str) -> None:
    token = fake_label_studio.admin_token
    fake_label_studio.faults.fail(failure, times=100)
    with caplog.at_level(logging.DEBUG), LabelStudio(fake_label_studio.url, token, retries=QUICK) as client:
        for call in (client.whoami, client.projects):
            with pytest.raises((LabelStudioError, NotFound)) as caught:
                call()
            error: BaseException | None = caught.value
            told = "".join(traceback.format_exception(caught.value))
            while error is not None:
                told += repr(error) + repr(vars(error)) + repr(vars(getattr(error, "request", object)))
                error = error.__cause__ or error.__context__
            assert token not in told
    assert token not in caplog.text


def test_an_invite_link_is_not_logged(client: LabelStudio, fake_label_studio: FakeLabelStudio,
                                      caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.sign_up("new@example.com", "a good password").close()

    assert fake_label_studio.world.invite not in caplog.text


def test_an_export_that_another_cut_short_is_asked_for_again(client: LabelStudio, fake_label_studio: FakeLabelStudio,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a project with a task, and a Label Studio whose first exports come empty and broken
    project = int(client.create_project(title="Project", label_config=CONFIG)["id"])
    [task] = client.import_tasks(project, [{"data": {"text": "one"}}])
    real, broken = client._http.call, [None, LabelStudioError("where JSON was expected")]

    def call(method: str, path: str, **how: object) -> object:
        if path.endswith("/export") and broken:
            reply = broken.pop()
            if reply is None:
                return None
            raise reply
        return real(method, path, **how)

    monkeypatch.setattr(client._http, "call", call)
    # When tasks are read, then they are there all the same
    assert [row["id"] for row in client.tasks(project, [task])] == [task]
    # And when it never gets better, that is told
    broken += [None] * 10
    with pytest.raises(LabelStudioError, match="empty or broken 4 times"):
        client.tasks(project, [task])
