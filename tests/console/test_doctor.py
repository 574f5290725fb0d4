"""The doctor: a finding for every part, what to do about each fault, exit code 3 when something is bad."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from console.cli import main
from console.connect import connect
from console.doctor import Finding, examine
from console.doctor.probe import PROBES, TITLE
from console.parts import secrets
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store


@pytest.fixture
def settings(home: Settings, either_label_studio: Any) -> Settings:
    return with_server(home, either_label_studio)


@pytest.fixture
def faked(home: Settings, fake_label_studio: Any) -> Settings:
    return with_server(home, fake_label_studio)


@pytest.fixture
def admin(fake_label_studio: Any) -> Iterator[LabelStudio]:
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as client:
        yield client


def with_server(home: Settings, server: Any) -> Settings:
    token = SecretStr(server.admin_token)
    return home.model_copy(update={"label_studio_url": server.url, "label_studio_api_key": token})


def of(found: list[Finding], part: str) -> list[Finding]:
    return [finding for finding in found if finding.part == part]


def states(found: list[Finding], part: str) -> list[str]:
    return [finding.state for finding in of(found, part)]


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *args])


def test_the_probe_finds_label_studio_as_we_rely_on_it_and_leaves_nothing(settings: Settings) -> None:
    with LabelStudio(settings.label_studio_url, settings.label_studio_api_key.get_secret_value()) as client:
        before = {project["id"] for project in client.projects()}

        found = examine(settings, probe=True)

        assert [finding for finding in found if finding.state == "bad"] == []
        assert sum(finding.part.startswith("probe ") and finding.state == "good" for finding in found) >= len(PROBES)
        assert {project["id"] for project in client.projects()} == before


def test_every_fault_says_what_to_do(settings: Settings) -> None:
    found = examine(settings)

    assert {"home", "disk", "packages", "redis", "ml backend", "sync", "processes", "store", "label studio", "version",
            "tokens", "projects"} <= {finding.part for finding in found}
    assert all(finding.advice for finding in found if finding.state != "good")


def test_a_label_studio_that_ignores_queues_is_found_out(faked: Settings, monkeypatch: pytest.MonkeyPatch,
                                                         admin: LabelStudio) -> None:
    monkeypatch.setattr("cueloop.fake.actions.select", lambda tasks, query, *_: tasks)

    found = examine(faked, probe=True)

    assert states(found, "probe live queue") == ["bad"]
    assert "served" in of(found, "probe live queue")[0].says
    assert not [project for project in admin.projects() if project["title"] == TITLE]


def test_a_label_studio_that_stores_bad_predictions_is_found_out(faked: Settings,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cueloop.fake.tasks._fits", lambda *_: True)

    assert states(examine(faked, probe=True), "probe dropped predictions") == ["bad"]


def test_refused_loopback_addresses_are_explained(faked: Settings, fake_label_studio: Any) -> None:
    fake_label_studio.world.allow_loopback = False

    [finding] = of(examine(faked, probe=True), "probe webhook address")

    assert finding.state == "doubtful"
    assert "SSRF_PROTECTION_ENABLED=false" in finding.advice


def test_a_wrong_token_is_bad_and_says_where_to_get_one(faked: Settings) -> None:
    wrong = faked.model_copy(update={"label_studio_api_key": SecretStr("0" * 40)})

    [finding] = of(examine(wrong), "label studio")

    assert finding.state == "bad"
    assert "personal access token" in finding.advice
    assert "0" * 40 not in str(finding)


def test_legacy_tokens_that_are_off_are_explained(faked: Settings, fake_label_studio: Any) -> None:
    fake_label_studio.world.legacy_tokens = False

    [finding] = of(examine(faked), "label studio")

    assert "use a personal access token" in finding.says


def test_an_unreachable_label_studio_hides_no_other_fault(home: Settings) -> None:
    gone = home.model_copy(update={"label_studio_url": "http://127.0.0.1:9", "label_studio_api_key": SecretStr("t")})

    found = examine(gone)

    assert states(found, "label studio") == ["bad"]
    assert states(found, "store") == ["good"]


def test_an_unknown_version_is_doubtful(faked: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LabelStudio, "version", lambda self: "2.0.0")

    [finding] = of(examine(faked), "version")

    assert (finding.state, "--probe" in finding.advice) == ("doubtful", True)


def test_what_a_connected_project_lacks_is_told(faked: Settings, admin: LabelStudio, fake_label_studio: Any,
                                                project_factory: Callable[..., int]) -> None:
    project = project_factory(fake_label_studio)
    opened = Store.open(faked.store_url)
    connect(faked, opened, admin, project)
    opened.close()
    for hook in admin.webhooks(project):
        admin.delete_webhook(hook["id"])
    secrets.put(faked.home, CUELOOP_MACHINE_TOKEN="")

    found = of(examine(faked), f"project {project}")

    assert [finding.state for finding in found] == ["doubtful", "bad"]
    assert "add a webhook" in found[0].says
    assert found[0].advice == f"cueloop connect --project {project}"


def test_a_connected_project_that_was_deleted_is_told(faked: Settings, admin: LabelStudio, fake_label_studio: Any,
                                                      project_factory: Callable[..., int]) -> None:
    project = project_factory(fake_label_studio)
    opened = Store.open(faked.store_url)
    connect(faked, opened, admin, project)
    opened.close()
    admin.delete_project(project)

    [finding] = of(examine(faked), f"project {project}")

    assert (finding.state, "disconnect" in finding.advice) == ("bad", True)


def test_a_redis_that_is_down_is_bad_and_one_without_workers_doubtful(home: Settings, valkey: str) -> None:
    assert states(examine(home.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})), "redis") == ["bad"]
    assert states(examine(home.model_copy(update={"redis_url": valkey})), "redis") == ["doubtful"]


def test_secrets_that_others_can_read_are_bad(home: Settings) -> None:
    secrets.file(home.home).chmod(0o644)

    [finding] = of(examine(home), "home")

    assert (finding.state, finding.advice.startswith("chmod 600")) == ("bad", True)


def test_errors_in_our_logs_are_shown(home: Settings) -> None:
    logs = home.home / "logs"
    logs.mkdir()
    lines = [{"level": "info", "event": "pulled"}, {"level": "error", "event": "step failed"}]
    (logs / "sync.log").write_text("\n".join(["cut off", *map(json.dumps, lines)]))

    [finding] = of(examine(home), "logs")

    assert "step failed" in finding.says
    assert str(logs / "sync.log") in finding.advice


def test_a_clashing_package_is_bad(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"sync": ["sync"], "routing": ["cueloop"]}
    monkeypatch.setattr("console.doctor.here.packages_distributions", lambda: owners)

    [finding] = of(examine(home), "packages")

    assert (finding.state, "pip uninstall sync" in finding.advice) == ("bad", True)


def test_the_command_ends_with_3_when_something_is_bad_and_with_0_otherwise(
        faked: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", faked.label_studio_url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", faked.label_studio_api_key.get_secret_value())
    good = run("--json")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    red = run()

    assert (good.exit_code, json.loads(good.stdout)["healthy"]) == (0, True)
    assert red.exit_code == 3
    assert "BAD label studio" in red.stdout
    assert "Traceback" not in red.output
