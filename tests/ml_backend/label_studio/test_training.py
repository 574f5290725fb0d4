"""The training button of Label Studio, up to a version that a real worker trained and that serves."""

import pytest

from tests.ml_backend.live import worker

pytestmark = pytest.mark.label_studio


def test_the_button_ends_in_a_version_that_serves(scene, backend, label_studio):
    # Given a worker, when somebody presses the button
    beside = worker(scene.settings, LABEL_STUDIO_URL=label_studio.url, LABEL_STUDIO_API_KEY=label_studio.admin_token)
    try:
        scene.call("POST", f"/api/ml/{backend['id']}/train")
        # Then a new version answers, and Label Studio is told so when it next looks
        scene.wait(lambda: scene.told() != scene.version)
        [row] = scene.call("GET", "/api/ml", params={"project": scene.id})
        assert row["state"] == "CO"
        assert row["model_version"] == scene.told() != scene.version
        assert scene.call("GET", f"/api/ml/{backend['id']}/versions")["versions"] == [scene.told(), scene.version]
    finally:
        beside.stop()
