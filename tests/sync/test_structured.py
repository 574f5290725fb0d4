"""Answers of every shape, given in a real Label Studio: consensus, annotators and agreement of each control."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cueloop.label_studio import LabelStudio
from cueloop.store import Store, consensus, figures, performance, projects, schema
from cueloop.store.columns import now
from sync import quality
from sync.pull import pull
from tests.sync.team import Team

TEXT = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices>
<Choices name="topics" toName="text" choice="multiple"><Choice value="food"/><Choice value="film"/></Choices>
<Rating name="stars" toName="text" maxRating="5"/>
<Number name="age" toName="text"/>
<Taxonomy name="place" toName="text"><Choice value="Asia"><Choice value="Japan"/></Choice>
<Choice value="Europe"/></Taxonomy>
<Labels name="names" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
<TextArea name="why" toName="text"/></View>"""

PICTURES = """<View><Image name="image" value="$image"/>
<RectangleLabels name="boxes" toName="image"><Label value="cat"/><Label value="dog"/></RectangleLabels>
<PolygonLabels name="outlines" toName="image"><Label value="leaf"/></PolygonLabels>
<Paragraphs name="talk" value="$talk" layout="dialogue"/>
<ParagraphLabels name="acts" toName="talk"><Label value="greets"/></ParagraphLabels></View>"""


def item(control: str, kind: str, value: dict[str, Any], to: str = "text", number: int = 0) -> dict[str, Any]:
    return {"id": f"{control}{number}", "from_name": control, "to_name": to, "type": kind, "value": value}


def about_text(mood: str, stars: int, end: int) -> list[dict[str, Any]]:
    """One person's whole annotation of a text."""
    return [item("mood", "choices", {"choices": [mood]}), item("topics", "choices", {"choices": ["food", "film"]}),
            item("stars", "rating", {"rating": stars}), item("age", "number", {"number": 30 + stars}),
            item("place", "taxonomy", {"taxonomy": [["Asia", "Japan"]]}),
            item("names", "labels", {"start": 0, "end": end, "text": "Ann", "labels": ["PER"]}),
            item("why", "textarea", {"text": [f"it was {mood}"]})]


def about_picture(shift: float) -> list[dict[str, Any]]:
    box = {"x": 10 + shift, "y": 10, "width": 30, "height": 30, "rotation": 0}
    points = [[50 + shift, 50], [80, 50], [80, 80], [50, 80]]
    size = {"original_width": 100, "original_height": 100, "image_rotation": 0}
    return [item("boxes", "rectanglelabels", {**box, "rectanglelabels": ["cat"]}, "image") | size,
            item("outlines", "polygonlabels", {"points": points, "closed": True, "polygonlabels": ["leaf"]},
                 "image") | size,
            item("acts", "paragraphlabels", {"start": "0", "end": "0", "startOffset": 0, "endOffset": 5,
                                             "text": "hello", "paragraphlabels": ["greets"]}, "talk")]


@pytest.fixture
def at_work(store: Store, label_studio: Any, project_factory: Callable[..., int]) -> Any:
    """`at_work(config, tasks)`: a connected project with ann, bob and cid."""
    made: list[Team] = []

    def make(config: str, tasks: list[dict[str, Any]]) -> Team:
        project = project_factory(label_studio, tasks=tasks, label_config=config)
        us = Team(label_studio, store, project, LabelStudio(label_studio.url, label_studio.admin_token))
        with store.write() as conn:
            projects.put(conn, project, title="Shapes", label_config=config, mode="connected",
                         connected_at=now() - timedelta(minutes=1))
        made.append(us)
        return us

    yield make
    for one in made:
        one.close()


def whole_numbers_only(value: Any) -> None:
    """Raises ValueError for anything that is no valid JSON, NaN included."""
    json.dumps(value, allow_nan=False)


def test_every_control_of_a_text_is_judged_in_its_own_way(at_work: Any) -> None:
    # given three people who agree about each of six texts, but for cid's taste and where he ends a name
    us = at_work(TEXT, [{"text": f"Ann liked the film {n}"} for n in range(6)])
    for number in us.tasks():
        for name, mood, stars, end in (("ann", "good", 4, 3), ("bob", "good", 4, 3), ("cid", "bad", 5, 4)):
            us.person(name).annotate(number, about_text(mood, stars, end))
    pull(us.store, us.admin, us.project, pause=None)
    # when quality is computed
    quality.recompute(us.store, us.project)
    # then each control has a consensus of its shape on every task, judged annotators, and agreement
    expected = {"mood": ("good", None), "topics": (None, ["film", "food"]), "place": (None, [["Asia", "Japan"]]),
                "why": (None, ["it was good"])}
    with us.store.read() as conn:
        for control in ("mood", "topics", "stars", "age", "place", "names", "why"):
            rows = consensus.of_project(conn, us.project, control)
            assert len(rows) == 6, control
            one = next(iter(rows.values()))
            if control in expected:
                label, value = expected[control]
                assert label is None or one.label == label
                assert value is None or one.value == value, control
            assert 0 <= one.probability <= 1
            whole_numbers_only([one.value, one.probabilities])
            people = conn.execute(performance.of_project(us.project, control)).all()
            assert {row.annotator_id for row in people} == {us.ids[name] for name in ("ann", "bob", "cid")}
            assert all(0 <= row.low <= row.accuracy <= row.high <= 1 for row in people), control
            whole_numbers_only([row.details for row in people])
            whole_numbers_only(figures.read(conn, us.project, control, "agreement"))
        names = next(iter(consensus.of_project(conn, us.project, "names").values()))
        assert [(r["start"], r["end"], r["label"]) for r in names.value] == [(0, 3, "PER")]
        stars = {row.annotator_id: row.accuracy for row in conn.execute(performance.of_project(us.project, "stars"))}
        assert stars[us.ids["ann"]] > stars[us.ids["cid"]]


def test_a_review_in_the_editor_moves_the_consensus_and_is_no_answer_of_the_author(at_work: Any) -> None:
    # given a text that ann alone answered
    us = at_work(TEXT, [{"text": "Ann liked it"}])
    (number,) = us.tasks()
    said = us.person("ann").annotate(number, about_text("good", 4, 3))
    pull(us.store, us.admin, us.project, pause=None)
    quality.recompute(us.store, us.project)
    # when bob corrects what she said
    us.person("bob").patch_annotation(said["id"], result=about_text("bad", 2, 3))
    found = pull(us.store, us.admin, us.project, pause=None)
    quality.step(us.store, us.admin, us.project, found.changed)
    # then both count, hers as she gave it
    with us.store.read() as conn:
        (row,) = consensus.of_project(conn, us.project, "mood").values()
        assert row.answers == 2
        answers = {a.annotator_id: (a.label, a.review) for a in conn.execute(
            schema.answers.select().where(schema.answers.c.control == "mood"))}
    assert answers == {us.ids["ann"]: ("good", False), us.ids["bob"]: ("bad", True)}


def test_boxes_outlines_and_turns_of_a_dialogue(at_work: Any) -> None:
    # given pictures with a dialogue beside them, marked by three people, cid's corners a little to the right
    talk = [{"author": "A", "text": "hello there"}, {"author": "B", "text": "hello you"}]
    us = at_work(PICTURES, [{"image": "/static/images/none.png", "talk": talk} for _ in range(4)])
    for number in us.tasks():
        for name, shift in (("ann", 0.0), ("bob", 0.0), ("cid", 2.0)):
            us.person(name).annotate(number, about_picture(shift))
    pull(us.store, us.admin, us.project, pause=None)
    quality.recompute(us.store, us.project)
    with us.store.read() as conn:
        for control, label in (("boxes", "cat"), ("outlines", "leaf"), ("acts", "greets")):
            rows = list(consensus.of_project(conn, us.project, control).values())
            assert [[region["label"] for region in row.value] for row in rows] == [[label]] * 4, control
            whole_numbers_only([row.value for row in rows])
        box = next(iter(consensus.of_project(conn, us.project, "boxes").values())).value[0]
        assert (box["x"], box["width"]) == (10, 30)
