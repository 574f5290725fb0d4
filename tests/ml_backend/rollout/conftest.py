"""Scenes of a rollout: on both Label Studios, and on the fake alone, whose faults a test may choose."""

import pytest

from tests.ml_backend.rollout.scene import Scene


@pytest.fixture
def scene(either_label_studio, store, project_factory):
    found = Scene(either_label_studio, store, project_factory)
    yield found
    found.client.close()


@pytest.fixture
def fragile(fake_label_studio, store, project_factory):
    found = Scene(fake_label_studio, store, project_factory)
    found.faults = fake_label_studio.faults
    yield found
    found.client.close()
