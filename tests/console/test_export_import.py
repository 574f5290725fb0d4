"""What is exported for Label Studio comes back from a real one as it was."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from console import export, export_formats
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, consensus, projects, schema
from cueloop.store.columns import now
from sync import evidence, quality
from sync.pull import pull
from tests.sync.team import Team
from tests.sync.test_structured import item

CONFIG = """<View><Text name="text" value="$text"/><HyperText name="page" value="$page"/>
<Paragraphs name="talk" value="$talk" layout="dialogue"/><Audio name="sound" value="$sound"/>
<Image name="image" value="$image"/>
<Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices>
<Choices name="topics" toName="text" choice="multiple"><Choice value="food"/><Choice value="film"/></Choices>
<Rating name="stars" toName="text" maxRating="5"/><Number name="age" toName="text"/>
<Taxonomy name="place" toName="text"><Choice value="Asia"><Choice value="Japan"/></Choice>
<Choice value="Europe"/></Taxonomy>
<TextArea name="why" toName="text"/>
<Labels name="names" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
<TextArea name="note" toName="text" perRegion="true"/>
<HyperTextLabels name="marks" toName="page"><Label value="BOLD"/></HyperTextLabels>
<ParagraphLabels name="acts" toName="talk"><Label value="greets"/></ParagraphLabels>
<Labels name="cues" toName="sound"><Label value="laugh"/></Labels>
<RectangleLabels name="boxes" toName="image"><Label value="cat"/><Label value="dog"/></RectangleLabels>
<PolygonLabels name="outlines" toName="image"><Label value="leaf"/></PolygonLabels></View>"""

DATA = {"text": "Ann liked Rome", "page": "<p>Hello <b>you</b></p>", "sound": "/static/none.wav",
        "talk": [{"author": "A", "text": "hello there"}, {"author": "B", "text": "hello you"}],
        "image": "/static/images/none.png"}

ROUND_TRIP = ("mood", "topics", "stars", "age", "place", "why", "names", "marks", "acts", "cues", "boxes", "outlines")


def said(stars: int, shift: float) -> list[dict[str, Any]]:
    """One person's annotation of everything; `shift` moves what they mark, and is a whole number."""
    size = {"original_width": 200, "original_height": 100, "image_rotation": 0}
    box = {"x": 10 + shift, "y": 10, "width": 30, "height": 30, "rotation": 0, "rectanglelabels": ["cat"]}
    name = {"start": 0, "end": 3 + int(shift), "text": "Ann"}
    note = {"id": f"names{int(shift)}", "from_name": "note", "to_name": "text", "type": "textarea",
            "value": {**name, "text": ["a note"]}}
    return [item("mood", "choices", {"choices": ["good"]}), item("topics", "choices", {"choices": ["food", "film"]}),
            item("stars", "rating", {"rating": stars}), item("age", "number", {"number": 30.5}),
            item("place", "taxonomy", {"taxonomy": [["Asia", "Japan"]]}),
            item("why", "textarea", {"text": ["because", "Ärger"]}),
            item("names", "labels", {**name, "labels": ["PER"]}, number=int(shift)), note,
            item("marks", "hypertextlabels", {"start": "/p[1]/b[1]/text()[1]", "end": "/p[1]/b[1]/text()[1]",
                                              "startOffset": 0, "endOffset": 3, "text": "you",
                                              "globalOffsets": {"start": 6, "end": 9}, "hypertextlabels": ["BOLD"]},
                 "page"),
            item("acts", "paragraphlabels", {"start": "0", "end": "1", "startOffset": 6, "endOffset": 5,
                                             "text": "there\n\nhello", "paragraphlabels": ["greets"]}, "talk"),
            item("cues", "labels", {"start": 1.5 + shift, "end": 4.25, "channel": 0, "labels": ["laugh"]}, "sound"),
            item("boxes", "rectanglelabels", box, "image") | size,
            item("outlines", "polygonlabels", {"points": [[50, 50], [80, 50], [80, 80.5]], "closed": True,
                                               "polygonlabels": ["leaf"]}, "image") | size]


@pytest.fixture
def at_work(store: Store, label_studio: Any, project_factory: Callable[..., int]) -> Any:
    """`at_work(tasks)`: a connected project with this config."""
    made: list[Team] = []

    def make(tasks: list[dict[str, Any]]) -> Team:
        project = project_factory(label_studio, tasks=tasks, label_config=CONFIG)
        us = Team(label_studio, store, project, LabelStudio(label_studio.url, label_studio.admin_token))
        with store.write() as conn:
            projects.put(conn, project, title="Shapes", label_config=CONFIG, mode="connected",
                         connected_at=now() - timedelta(minutes=1))
        made.append(us)
        return us

    yield make
    for one in made:
        one.close()


def exported(store: Store, project: int) -> list[dict[str, Any]]:
    """What `cueloop export --as label-studio` writes."""
    file = io.StringIO()
    with store.read() as conn:
        controls = {control.name: control for control in evidence.controls(conn, project)}
    export_formats.write_label_studio(export.rows(store, project, results=True), file, controls)
    found: list[dict[str, Any]] = json.loads(file.getvalue())
    return found


def values(store: Store, project: int, control: str) -> list[tuple[str, Any]]:
    """Label and plain value of a control's consensus on every task."""
    def plain(value: Any) -> Any:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [{k: v for k, v in region.items() if k not in ("probability", "votes", "of")} for region in value]
        return value["value"] if isinstance(value, dict) else value

    with store.read() as conn:
        return [(row.label, plain(row.value)) for row in consensus.of_project(conn, project, control).values()]


def test_an_exported_project_imports_into_a_second_one_with_the_same_values(at_work: Any) -> None:
    # given three people who marked everything in two tasks, cid a little elsewhere, and last
    first = at_work([DATA, {**DATA, "text": "Bob hated Rome"}])
    for number in first.tasks():
        for name, stars, shift in (("ann", 4, 0.0), ("bob", 4, 0.0), ("cid", 5, 1.0)):
            first.person(name).annotate(number, said(stars, shift))
    pull(first.store, first.admin, first.project, pause=None)
    quality.recompute(first.store, first.project)
    tasks = exported(first.store, first.project)
    # when the file goes into a second project, as an annotation that counts
    second = at_work(tasks)
    with second.store.write() as conn:
        projects.declare(conn, second.project, {"gold": {"share": 0.0, "imported": False}})
    pull(second.store, second.admin, second.project, pause=None)
    quality.recompute(second.store, second.project)
    # then Label Studio took every result and each control says the same
    for control in ROUND_TRIP:
        assert values(second.store, second.project, control) == values(first.store, first.project, control), control
    boxes = [one for one in tasks[0]["annotations"][0]["result"] if one["from_name"] == "boxes"]
    assert boxes[0]["original_width"] == 200
    # a note on cid's own region, which is not the final one, does not come with it
    assert not [one for one in tasks[0]["annotations"][0]["result"] if one["from_name"] == "note"]
    assert tasks[0]["meta"]["cueloop"]["labels"]["names"]["value"][0]["of"] == 3


def test_a_note_on_a_region_stays_with_it_and_a_shared_truth_is_told_not_chosen(at_work: Any) -> None:
    # given one person's work, and a question declared to have no single truth
    us = at_work([DATA])
    us.person("ann").annotate(us.tasks()[0], said(4, 0.0))
    with us.store.write() as conn:
        projects.declare(conn, us.project, {"labels": {"mood": "distribution"}})
    pull(us.store, us.admin, us.project, pause=None)
    quality.recompute(us.store, us.project)
    # when it is exported
    (task,) = exported(us.store, us.project)
    result = task["annotations"][0]["result"]
    by_name = {one["from_name"]: one for one in result}
    # then the note finds its region, no mood is chosen, and its shares are told
    assert by_name["note"]["id"] == by_name["names"]["id"] == "names0"
    assert "mood" not in by_name
    assert set(task["meta"]["cueloop"]["labels"]["mood"]["value"]["distribution"]) == {"good", "bad"}


def test_a_task_where_nothing_is_to_be_marked_is_answered_all_the_same(at_work: Any) -> None:
    # given somebody who submitted a task without a mark
    us = at_work([DATA])
    us.person("ann").annotate(us.tasks()[0], [])
    pull(us.store, us.admin, us.project, pause=None)
    quality.recompute(us.store, us.project)
    (task,) = exported(us.store, us.project)
    assert task["annotations"] == [{"result": [], "ground_truth": False}]
    with us.store.read() as conn:
        assert conn.execute(schema.consensus.select().where(schema.consensus.c.control == "names")).all()
