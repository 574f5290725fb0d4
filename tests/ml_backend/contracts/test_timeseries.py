"""Time series behind an address: 3 contracts. Ours serves a team's class (finder.py)."""

import pytest

from tests.ml_backend.contracts.test_label_studio import WHOLE_PROJECT

CONFIG = """<View><TimeSeriesLabels name="label" toName="series"><Label value="Quiet"/></TimeSeriesLabels>
<TimeSeries name="series" valueType="url" value="$csv_url" timeColumn="time"><Channel column="value"/></TimeSeries>
</View>"""


@pytest.fixture(autouse=True)
def _timeseries(does):
    does("timeseries")


def test_timeseries_01_setup_with_a_plain_project_id(finder):
    """POST /setup with `schema` and `project` "1": 200, `model_version`."""
    response = finder.post("/setup", json={"schema": CONFIG, "project": "1"})
    assert response.status_code == 200
    assert isinstance(response.json()["model_version"], str)


def test_timeseries_02_training_is_asked_for_with_an_annotation(finder):
    """POST /webhook START_TRAINING with `annotation.project`: 201."""
    body = {"action": "START_TRAINING", "annotation": {"project": 1}, "project": WHOLE_PROJECT}
    assert finder.post("/webhook", json=body).status_code == 201


def test_timeseries_03_a_stretch_of_a_series(finder, csv_url):
    """POST /predict with `csv_url`: one result; value with start, end, instant and labels of the config."""
    body = {"tasks": [{"id": 1, "data": {"csv_url": csv_url}}], "label_config": CONFIG, "project": "1.1795339044"}
    results = finder.post("/predict", json=body).raise_for_status().json()["results"]
    assert len(results) == 1
    for region in results[0]["result"]:
        value = region["value"]
        assert value["start"] <= value["end"]
        assert isinstance(value["instant"], bool)
        assert set(value["timeserieslabels"]) <= {"Quiet"}
    assert results[0]["result"]
