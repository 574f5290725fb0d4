"""The supervisor: everything ready on entering, brought back when it dies, nothing left on leaving."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from console.parts import running, secrets
from console.parts.process import Process
from console.parts.supervisor import Supervisor
from cueloop.errors import PartFailed, QueueUnavailable
from cueloop.queue import Jobs
from cueloop.store import Store

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""
"""A command with a child in a session of its own, as RQ's jobs and gunicorn's workers may be."""


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def tree(pid):
    root = psutil.Process(pid)
    return [pid, *(child.pid for child in root.children(recursive=True))]


@pytest.fixture
def family(tmp_path):
    part = Process("family", [sys.executable, "-c", FAMILY], log=tmp_path / "family.log", environ=os.environ,
                   ready=lambda: (tmp_path / "family.log").read_text().strip().isdigit(), grace=2)
    yield part
    part.stop()


class TestProcess:
    def test_stop_ends_children_of_children_too(self, family):
        family.start()
        grandchild = int(family.log.read_text())
        assert not gone(grandchild)
        everyone = tree(family.pid())
        family.stop()
        assert all(gone(pid) for pid in everyone)
        assert gone(grandchild)

    def test_a_killed_command_leaves_no_children(self, family):
        family.start()
        grandchild = int(family.log.read_text())
        command = psutil.Process(family.pid()).children()[0]
        command.kill()
        until(lambda: gone(grandchild))
        assert not family.alive()

    def test_a_killed_holder_leaves_nothing_either(self, tmp_path):
        # given a program that holds a family of processes
        log = tmp_path / "family.log"
        holder = subprocess.Popen([sys.executable, "-c", f"""
import os, pathlib, time
from console.parts.process import Process
log = pathlib.Path({str(log)!r})
part = Process("family", [{sys.executable!r}, "-c", {FAMILY!r}], log=log, environ=os.environ,
               ready=lambda: log.read_text().strip().isdigit(), grace=1)
part.start()
time.sleep(600)
"""])
        try:
            until(lambda: log.exists() and log.read_text().strip().isdigit())
            everyone = tree(holder.pid)[1:]
            assert len(everyone) == 3  # the leash, the command, its child
        finally:
            # when it is killed without a chance to clean up
            holder.kill()
            holder.wait()
        # then all of them end
        until(lambda: all(gone(pid) for pid in everyone))

    def test_one_that_ends_while_starting_tells_its_last_words(self, tmp_path):
        part = Process("oracle", [sys.executable, "-c", "print('no luck today'); raise SystemExit(3)"],
                       log=tmp_path / "oracle.log", environ=os.environ, ready=lambda: False)
        with pytest.raises(PartFailed, match=r"oracle ended while starting.*oracle\.log(.|\n)*no luck today"):
            part.start()

    def test_one_that_is_never_ready_is_ended(self, tmp_path):
        part = Process("sloth", ["sleep", "600"], log=tmp_path / "sloth.log", environ=os.environ,
                       ready=lambda: False, ready_seconds=0.3)
        with pytest.raises(PartFailed, match="not ready after"):
            part.start()
        assert not part.alive()

    def test_a_long_log_is_set_aside(self, tmp_path, monkeypatch):
        monkeypatch.setattr("console.parts.process.LOG_BYTES", 10)
        log = tmp_path / "echo.log"
        log.write_text("what was said before\n")
        part = Process("echo", ["echo", "now"], log=log, environ=os.environ, ready=lambda: log.stat().st_size > 0)
        part.start()
        part.stop()
        assert log.read_text() == "now\n"
        assert (tmp_path / "echo.log.1").read_text() == "what was said before\n"


def answers(jobs):
    try:
        jobs.ping()
    except QueueUnavailable:
        return False
    return True


@pytest.fixture
def own_label_studio(home, label_studio, monkeypatch):
    """A home whose owner has set LABEL_STUDIO_URL: the server that the tests share."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.admin_token)
    return home.home


class TestSupervisor:
    def test_brings_back_what_dies_at_the_same_address(self, own_label_studio, monkeypatch):
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))    # the job below is one of the tests
        with Supervisor(own_label_studio, roles=["worker"]) as supervisor:
            # given a Valkey and a worker, and no Label Studio beside the one that is set
            assert [part.name for part in supervisor.parts] == ["Valkey", "worker"]
            valkey = running.read(own_label_studio)["Valkey"]
            # when the server is killed
            valkey.children()[0].kill()
            until(lambda: gone(valkey.pid))
            # then it is back by itself, and a job finds its way to the worker
            until(lambda: "Valkey" in running.read(own_label_studio))
            store = Store.open(supervisor.settings.store_url)
            jobs = Jobs(supervisor.settings.redis_url, store)
            until(lambda: answers(jobs))
            done = own_label_studio / "done"
            jobs.enqueue_once("test", None, "tests.cueloop.jobs_for_tests.append", str(done), "a line")
            until(done.exists, seconds=60)
            store.close()
            # and a worker that is killed is replaced
            worker = running.read(own_label_studio)["worker"]
            worker.children()[0].kill()
            until(lambda: running.read(own_label_studio).get("worker", worker) != worker)
            everyone = [pid for part in supervisor.parts for pid in tree(part.pid())]
        # and when it is left, nothing runs and nothing is noted
        assert all(gone(pid) for pid in everyone)
        assert running.read(own_label_studio) == {}

    def test_a_second_one_on_the_same_home_is_refused(self, own_label_studio):
        second = Supervisor(own_label_studio, roles=[])
        running_already = pytest.raises(PartFailed, match=f"already runs in .*process {os.getpid()}")
        with Supervisor(own_label_studio, roles=[]), running_already:
            second.start()
        with Supervisor(own_label_studio, roles=[]):
            pass  # free again

    def test_a_url_without_a_token_is_told(self, home, monkeypatch):
        monkeypatch.setenv("LABEL_STUDIO_URL", "http://labels.example")
        with pytest.raises(PartFailed, match=r"http://labels\.example but LABEL_STUDIO_API_KEY is not set"):
            Supervisor(home.home).start()
        running.Claim(home.home).release()  # what failed to start has given the home back

    def test_the_embedded_token_is_never_sent_to_another_server(self, home, monkeypatch):
        # given a home that ran an embedded Label Studio once
        secrets.put(home.home, CUELOOP_EMBEDDED_LABEL_STUDIO="http://127.0.0.1:1", CUELOOP_EMBEDDED_TOKEN="t",
                    LABEL_STUDIO_URL="http://127.0.0.1:1", LABEL_STUDIO_API_KEY="t")
        # when only the URL of another one is set
        monkeypatch.setenv("LABEL_STUDIO_URL", "http://labels.example")
        # then the token in the file is not taken for that one's
        with pytest.raises(PartFailed, match="LABEL_STUDIO_API_KEY is not set"):
            Supervisor(home.home).start()

    def test_a_port_that_is_taken_is_told_by_its_name(self, own_label_studio, valkey, home, monkeypatch):
        import socket

        monkeypatch.setenv("CUELOOP_REDIS_URL", valkey)
        with socket.socket() as other:
            other.bind(("127.0.0.1", home.ml_port))
            other.listen()
            with pytest.raises(PartFailed, match=f"Port {home.ml_port}.*CUELOOP_ML_PORT"):
                Supervisor(own_label_studio, roles=["serve"]).start()


class TestUp:
    """`cueloop up` as people start it: everything embedded, as a process of its own."""

    @pytest.fixture
    def up(self, home, tmp_path):
        started = []
        beside_the_clone = tmp_path / "beside"  # who cloned into `cueloop` and stands one folder above it
        (beside_the_clone / "cueloop").mkdir(parents=True)

        def start():
            started.append(subprocess.Popen([sys.executable, "-P", "-m", "console", "up"], stdout=subprocess.PIPE,
                                            text=True, cwd=beside_the_clone,
                                            env=os.environ | {"CUELOOP_HOME": str(home.home)}))
            lines = []
            for line in started[-1].stdout:
                lines.append(line)
                if "Ctrl-C ends everything" in line:
                    return started[-1]
            raise AssertionError("".join(lines))

        yield start
        for process in started:
            process.terminate()
            process.wait(60)
            process.stdout.close()

    def test_ends_cleanly_on_ctrl_c(self, up, home):
        process = up()
        parts = running.read(home.home)
        assert set(parts) == {"Label Studio", "Valkey", "sync", "serve", "worker"}
        everyone = tree(process.pid)
        status = subprocess.run([sys.executable, "-m", "console", "status", "--json"], check=True, text=True,
                                env=os.environ | {"CUELOOP_HOME": str(home.home)}, stdout=subprocess.PIPE)
        assert {part["part"] for part in json.loads(status.stdout)["parts"]} == set(parts)
        process.send_signal(signal.SIGINT)
        assert "Nothing is left running." in process.stdout.read()
        assert process.wait(60) == 0
        assert all(gone(pid) for pid in everyone)

    def test_killed_it_leaves_nothing_and_starts_again_and_ends_cleanly_on_sigterm(self, up):
        first = up()
        everyone = tree(first.pid)
        first.kill()
        first.wait()
        second = up()
        assert all(gone(pid) for pid in everyone)
        everyone = tree(second.pid)
        second.terminate()
        assert second.wait(60) == 0
        assert all(gone(pid) for pid in everyone)
