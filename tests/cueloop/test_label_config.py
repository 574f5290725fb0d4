"""Reading label configs: several controls, what is modelled, what is refused."""

import pytest

from cueloop import label_config
from cueloop.errors import LabelConfigError

SEVERAL = """
<View>
  <Header value="$hint"/>
  <Text name="text" value="$text"/>
  <Choices name="tone" toName="text" choice="single"><Choice value="kind"/><Choice value="rude" alias="r"/></Choices>
  <Choices name="topics" toName="text" choice="multiple"><Choice value="a"/><Choice value="b"/></Choices>
  <Choices name="span" toName="text" perRegion="true"><Choice value="a"/><Choice value="b"/></Choices>
  <Labels name="ner" toName="text"><Label value="PER"/></Labels>
  <TextArea name="note" toName="text"/>
</View>
"""


def test_each_control_stands_on_its_own_and_only_single_choices_are_modelled():
    config = label_config.parse(SEVERAL)
    assert [c.name for c in config.controls] == ["tone", "topics", "span", "ner", "note"]
    assert [c.name for c in config.modelled] == ["tone"]
    tone = config.modelled[0]
    assert tone.labels == ("kind", "r")
    assert tone.value == "text"
    assert config.variables == {"text"}  # `hint` belongs to a tag without a name: imports do not need it


def test_an_answer_survives_the_way_to_label_studio_and_back():
    tone = label_config.parse(SEVERAL).modelled[0]
    assert label_config.answer(tone, label_config.to_result(tone, "kind", 0.9)) == "kind"
    assert label_config.answer(tone, [{"from_name": "topics", "value": {"choices": ["a"]}}]) is None
    assert label_config.answer(tone, [{"from_name": "tone", "value": {"choices": ["unheard of"]}}]) is None
    assert label_config.answer(tone, [{"from_name": "tone", "value": {"choices": ["kind", "r"]}}]) is None


@pytest.mark.parametrize(("xml", "says"), [
    ("<View><Text", "line 1"),
    ("", "not well-formed"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>', "entities"),
    ('<View><Text name="t" value="$t"/><Choices name="a" toName="t"/><Choices name="a" toName="t"/></View>', "a"),
])
def test_a_config_that_cannot_be_read_is_refused_with_the_place(xml, says):
    with pytest.raises(LabelConfigError, match=says):
        label_config.parse(xml)


def test_a_config_without_a_modelled_control_says_what_it_found():
    config = label_config.parse('<View><Image name="i" value="$i"/><RectangleLabels name="box" toName="i">'
                                '<Label value="car"/></RectangleLabels></View>')
    with pytest.raises(LabelConfigError, match=r"box \(RectangleLabels"):
        label_config.require_modelled(config)


def test_what_is_judged_is_more_than_what_is_modelled():
    boxes = label_config.parse('<View><Image name="i" value="$i"/><RectangleLabels name="box" toName="i">'
                               '<Label value="car"/></RectangleLabels></View>')
    assert [(c.name, c.kind, c.shows) for c in label_config.require_judged(boxes)] == [("box", "boxes", "Image")]
    pixels = label_config.parse('<View><Image name="i" value="$i"/><BrushLabels name="brush" toName="i">'
                                '<Label value="car"/></BrushLabels></View>')
    with pytest.raises(LabelConfigError, match=r"brush \(BrushLabels"):
        label_config.require_judged(pixels)


@pytest.mark.parametrize(("tags", "kind"), [
    ('<Text name="o" value="$t"/><Choices name="c" toName="o" choice="multiple"><Choice value="a"/></Choices>',
     "multi"),
    ('<Text name="o" value="$t"/><Choices name="c" toName="o" perRegion="true"><Choice value="a"/></Choices>', ""),
    ('<Text name="o" value="$t"/><Rating name="c" toName="o" maxRating="7"/>', "rating"),
    ('<Text name="o" value="$t"/><Number name="c" toName="o"/>', "number"),
    ('<Text name="o" value="$t"/><Taxonomy name="c" toName="o"><Choice value="a"/></Taxonomy>', "taxonomy"),
    ('<Text name="o" value="$t"/><TextArea name="c" toName="o"/>', "text"),
    ('<Text name="o" value="$t"/><Labels name="c" toName="o"><Label value="a"/></Labels>', "spans"),
    ('<Audio name="o" value="$t"/><Labels name="c" toName="o"><Label value="a"/></Labels>', "segments"),
    ('<TimeSeries name="o" value="$t"/><TimeSeriesLabels name="c" toName="o"/>', "segments"),
    ('<Image name="o" value="$t"/><Labels name="c" toName="o"><Label value="a"/></Labels>', ""),
])
def test_the_kind_of_a_control_is_the_shape_of_its_answers(tags, kind):
    (control,) = label_config.parse(f"<View>{tags}</View>").controls
    assert control.kind == kind
