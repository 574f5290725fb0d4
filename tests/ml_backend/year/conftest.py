"""The company at the beginning of its year."""

import pytest

from cueloop import settings
from cueloop.queue import connect
from tests.ml_backend.server import Server
from tests.ml_backend.year.clock import Clock
from tests.ml_backend.year.company import Company
from tests.ml_backend.year.winter import Press


@pytest.fixture
def clock(monkeypatch):
    """Before anything else: whatever starts has the time from it."""
    return Clock(monkeypatch)


@pytest.fixture
def company(clock, fake_label_studio, project_factory, valkey, home, monkeypatch):
    """Connected; rules and a training file are in force, nothing is labelled."""
    with connect(valkey) as redis:
        redis.flushall()
    found = Company(fake_label_studio, project_factory, valkey, home, clock, monkeypatch)
    yield found
    found.close()


@pytest.fixture
def press(company, monkeypatch):
    """Somebody at the button, and the ML backend behind it."""
    server = Server(settings.load(), company.store)
    yield Press(server, company, monkeypatch)
    server.stop()
