"""Whatever form a team's `predict` answers in, it is read as proposals or told to be none."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.label_interface.objects import PredictionValue

from ml_backend.compat.response import ModelResponse
from ml_backend.compat.said import Unreadable, read


def item(label="food"):
    return {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [label]}}


ONE = {"result": [item()], "score": 0.5}


@pytest.mark.parametrize("returned", [
    [ONE], (ONE,), iter([ONE]), {"predictions": [ONE]}, {"results": [ONE]}, ONE, [[ONE]], [PredictionValue(**ONE)],
    ModelResponse(predictions=[ONE]), ModelResponse(predictions=[PredictionValue(**ONE)], model_version="3"),
    ModelResponse(predictions=[[ONE]]), SimpleNamespace(predictions=[ONE]),
    [{"result": [item()], "score": np.float32(0.5)}], [{"result": (item(),), "score": np.array(0.5)}]])
def test_every_form_of_one_answer_says_the_same(returned):
    [[proposal]] = read(returned)
    assert (proposal.result, proposal.score) == ([item()], 0.5)


@pytest.mark.parametrize("nothing", [None, {}, [], {"result": []}, [{"result": []}, None]])
def test_a_task_without_an_answer_has_no_proposal(nothing):
    assert read([nothing]) == [[]]


def test_alternatives_come_likeliest_first_and_as_they_are_where_scores_lack():
    other = {"result": [item("money")], "score": 0.9}
    assert [p.score for p in read([[ONE, other]])[0]] == [0.9, 0.5]
    assert [p.result[0]["value"]["choices"] for p in read([[{"result": [item()]}, other]])[0]] == [["food"], ["money"]]


@pytest.mark.parametrize("score", [None, "sure", True, 87.5, -0.1, math.nan, [0.5]])
def test_what_is_no_probability_is_no_score(score):
    if isinstance(score, float) and math.isnan(score):
        with pytest.raises(Unreadable, match="finite"):
            read([{"result": [item()], "score": score}])
    else:
        assert read([{"result": [item()], "score": score}])[0][0].score is None


def test_a_score_that_was_not_told_is_not_the_default_of_a_library():
    assert read([PredictionValue(result=[item()])])[0][0].score is None


@pytest.mark.parametrize("junk", [3, "food", [3], ["food"], [{"label": "food"}], [{"result": "food"}],
                                  [{"result": [3]}], [{"result": [{"type": "choices"}]}],
                                  [{"result": [item() | {"value": {"start": math.inf}}]}],
                                  [{"result": [item() | {"value": {"start": object()}}]}]])
def test_what_is_no_prediction_is_told_without_its_content(junk):
    with pytest.raises(Unreadable) as caught:
        read(junk)
    assert "food" not in str(caught.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), max_leaves=12, extend=lambda inner: st.lists(inner)
    | st.dictionaries(st.sampled_from(["result", "score", "value", "predictions", "type"]), inner))


@settings(max_examples=50)
@given(ANYTHING)
def test_any_answer_is_read_or_refused(returned):
    try:
        found = read(returned)
    except Unreadable:
        return
    assert all(one.result and (one.score is None or 0 <= one.score <= 1) for said in found for one in said)


def test_a_response_gives_its_version_to_those_that_have_none():
    response = ModelResponse(predictions=[PredictionValue(model_version="1", **ONE), PredictionValue(**ONE)])
    assert not response.has_model_version()
    response.set_version("2")
    assert response.has_model_version()
    assert [one.model_version for one in response.predictions] == ["1", "2"]
    assert response.serialize()["predictions"][1]["model_version"] == "2"
