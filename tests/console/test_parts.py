"""The embedded parts: a real Label Studio and a real Valkey from pip, on loopback, with secrets of their own."""

import stat
from pathlib import Path

import httpx
import pytest
import redis

from console.parts import cache, environment, health, ports, secrets
from console.parts.label_studio import EmbeddedLabelStudio
from console.parts.valkey import EmbeddedValkey
from cueloop.errors import PartFailed


def api(server):
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Token {server.admin_token}"}, timeout=60)


@pytest.mark.label_studio
class TestLabelStudio:
    def test_admin_token_works(self, label_studio):
        with api(label_studio) as client:
            me = client.get("/api/current-user/whoami").raise_for_status().json()
            assert me["email"] == label_studio.admin_email
            people = client.get("/api/users").raise_for_status().json()
            assert label_studio.admin_email in {p["email"] for p in people}

    def test_admin_signs_in_with_the_password(self, label_studio):
        with httpx.Client(base_url=label_studio.url) as browser:
            browser.get("/user/login/")
            form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "email": label_studio.admin_email,
                    "password": label_studio.admin_password}
            answer = browser.post("/user/login/", data=form, headers={"Referer": label_studio.url})
        assert answer.status_code == 302

    def test_loopback_webhooks_and_backends_are_allowed(self, label_studio, project_factory):
        project = project_factory(label_studio)
        with api(label_studio) as client:
            hook = client.post(f"/api/webhooks/?project={project}",
                               json={"url": "http://127.0.0.1:9/hook", "project": project})
            assert hook.status_code == 201, hook.text
            backend = client.post("/api/ml/", json={"url": "http://127.0.0.1:9", "project": project})
        assert "loopback" not in backend.text.lower(), backend.text
        assert backend.status_code != 403

    def test_forty_writers_at_once_meet_no_lock(self, label_studio, project_factory):
        from concurrent.futures import ThreadPoolExecutor

        project = project_factory(label_studio, tasks=[{"text": f"Text {n}"} for n in range(40)])
        with api(label_studio) as client:
            listed = client.get("/api/tasks", params={"project": project, "page_size": 100}).json()["tasks"]

            def annotate(task):
                answer = {"from_name": "sentiment", "to_name": "text", "type": "choices",
                          "value": {"choices": ["neutral"]}}
                done = client.post(f"/api/tasks/{task['id']}/annotations/", json={"result": [answer]})
                moved = client.patch(f"/api/tasks/{task['id']}/", json={"data": {**task["data"], "cue_queue": ",w1,"}})
                return done.status_code, moved.status_code

            with ThreadPoolExecutor(16) as pool:
                assert set(pool.map(annotate, listed)) == {(201, 200)}
        assert "database is locked" not in label_studio.log.read_text()

    def test_a_second_home_has_an_admin_of_its_own_and_no_copy_of_another_token(self, label_studio, tmp_path):
        other = EmbeddedLabelStudio(tmp_path)
        assert other.admin_token != label_studio.admin_token
        assert other.admin_password != label_studio.admin_password
        try:
            other.start()
            answer = httpx.get(f"{other.url}/api/projects",
                               headers={"Authorization": f"Token {label_studio.admin_token}"})
            assert answer.status_code == 401
        finally:
            other.stop()
        # and it comes back at the same address, with the same token
        again = EmbeddedLabelStudio(tmp_path)
        assert (again.url, again.admin_token) == (other.url, other.admin_token)
        assert not health.listens(other.port)

    def test_a_taken_port_is_told(self, label_studio, tmp_path):
        with pytest.raises(PartFailed, match=f"Port {label_studio.port}.*taken"):
            EmbeddedLabelStudio(tmp_path, label_studio.port).start()


class TestValkey:
    def test_asks_for_its_password_and_keeps_its_port(self, tmp_path):
        server = EmbeddedValkey(tmp_path)
        try:
            server.start()
            with redis.Redis.from_url(server.url) as client:
                client.set("a", "b")
                assert client.get("a") == b"b"
            with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
                stranger.ping()
        finally:
            server.stop()
        # when it starts again, what was there before is there
        again = EmbeddedValkey(tmp_path)
        try:
            again.start()
            assert again.url == server.url
            with redis.Redis.from_url(again.url) as client:
                assert client.get("a") == b"b"
        finally:
            again.stop()
        assert stat.S_IMODE((tmp_path / "valkey" / "valkey.conf").stat().st_mode) == 0o600


class TestSecrets:
    def test_are_made_once_and_readable_by_their_owner_only(self, tmp_path):
        first = secrets.ensure(tmp_path / "home")
        second = secrets.ensure(tmp_path / "home")
        assert first.ml_password.get_secret_value() == second.ml_password.get_secret_value() != ""
        assert (first.hook_port, first.ml_port) == (second.hook_port, second.ml_port)
        assert stat.S_IMODE(secrets.file(tmp_path / "home").stat().st_mode) == 0o600

    def test_put_keeps_what_others_wrote(self, tmp_path):
        secrets.put(tmp_path, CUELOOP_MACHINE_TOKEN="abc")
        secrets.put(tmp_path, LABEL_STUDIO_API_KEY="with spaces # and = signs")
        assert secrets.read(tmp_path) == {"CUELOOP_MACHINE_TOKEN": "abc",
                                          "LABEL_STUDIO_API_KEY": "with spaces # and = signs"}


class TestCache:
    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def test_is_built_once(self):
        builds = []

        def build(where):
            builds.append(where)
            (where / "thing").write_text("made")

        first, second = cache.once("thing-1", build), cache.once("thing-1", build)
        assert first == second
        assert (first / "thing").read_text() == "made"
        assert len(builds) == 1

    def test_a_failed_build_does_not_count(self):
        def fail(where):
            (where / "half").write_text("half")
            raise PartFailed("no network")

        with pytest.raises(PartFailed):
            cache.once("thing-1", fail)
        ready = cache.once("thing-1", lambda where: (where / "whole").write_text("whole"))
        assert [p.name for p in ready.iterdir()] == ["whole"]
        assert [p.name for p in cache.folder().iterdir() if "building" in p.name] == []

    def test_too_small_a_disk_is_told_before_anything_is_downloaded(self):
        with pytest.raises(PartFailed, match=r"needs 1000000\.0 GB .* XDG_CACHE_HOME"):
            cache.need_space(1e6)

    def test_a_failed_install_names_its_log(self, monkeypatch):
        monkeypatch.setattr(environment, "VERSION", "0.0.0")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        with pytest.raises(PartFailed, match=r"PyPI .* reachable.*\.log") as failed:
            environment.ensure(lambda _: None)
        log = str(failed.value).rpartition("is in ")[2].rstrip(".")
        assert "label-studio==0.0.0" in Path(log).read_text()


def test_a_free_port_is_free_and_a_taken_one_is_not():
    import socket

    port = ports.free()
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not ports.is_free(port)
        assert health.listens(port)
        assert not health.http_ok(port)
    assert ports.is_free(port)
