"""Interactive pre-annotation: 1 contract. Ours serves a team's class (finder.py)."""

CONFIG = """<View><Labels name="label" toName="text"><Label value="Word"/></Labels>
<Text name="text" value="$text"/></View>"""
TEXT = "They say that nobody can eat an Apple a day as fast as Apple sells phones."


def test_interactive_01_what_somebody_marked_is_found_everywhere(finder, does):
    """POST /predict with a region in `params.context`: a region for each place, with all that Label Studio draws."""
    does("interactive")
    marked = {"from_name": "label", "to_name": "text", "type": "labels",
              "value": {"start": 32, "end": 37, "text": "Apple", "labels": ["Word"]}}
    response = finder.post("/predict", json={
        "tasks": [{"id": 1, "data": {"text": TEXT}}], "label_config": CONFIG, "project": "1.1795339044",
        "params": {"login": None, "password": None, "context": {"result": [marked]}}})
    [answer] = response.raise_for_status().json()["results"]
    assert {(r["value"]["start"], r["value"]["end"]) for r in answer["result"]} == {(32, 37), (55, 60)}
    for region in answer["result"]:
        assert (region["from_name"], region["to_name"], region["type"]) == ("label", "text", "labels")
        assert region["value"]["labels"] == ["Word"]
