"""Queue links, windows and what Label Studio is to show: pure."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from urllib.parse import parse_qs, urlsplit

from routing.deciding.places import Place
from routing.deciding.plans import Plan
from routing.language.actions import Queues
from routing.people.windows import window_size
from routing.showing.queues import initial_cue, link, next_task_body, tab
from routing.showing.wanted import merged, queue_names, queue_value, satisfied, wanted


def test_a_link_carries_the_whole_tab() -> None:
    found = urlsplit(link("http://ls.example/", 3, "w12"))
    query = parse_qs(found.query)
    code = query["tab"][0]
    packed = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    assert (found.path, query["labeling"]) == ("/projects/3/data", ["1"])
    assert json.loads(gzip.decompress(packed)) == tab("w12")
    assert link("http://x", 3, "w12") == link("http://x", 3, "w12")
    assert "labeling" not in link("http://x", 3, "w12", labeling=False)


def test_the_stream_asks_for_the_filter_and_order_of_the_tab() -> None:
    body = next_task_body(3, "w1")
    assert body["filters"]["items"][0]["value"] == ",w1,"
    assert body["ordering"] == ["-tasks:data.cue_priority"]
    assert (body["project"], body["selectedItems"]) == ("3", {"all": False, "included": []})


def test_first_queues_are_dealt_fairly_and_hold_no_more_than_they_should() -> None:
    keys = initial_cue(100, ["w1", "w2", "w3"], each=2, hold=20)
    counts = Counter(name for key in keys for name in queue_names(key["cue_queue"]))
    assert set(counts.values()) == {20}
    assert all(len(queue_names(key["cue_queue"])) in (0, 2) for key in keys)
    assert initial_cue(3, []) == [{"cue_queue": "", "cue_priority": p} for p in (1.0, 0.6667, 0.3333)]


def test_queue_names_are_framed_so_that_one_is_not_found_in_another() -> None:
    assert ",w1," not in queue_value(["w12", "w13"])
    assert queue_names(queue_value(["w2", "w1"])) == {"w1", "w2"}
    assert (queue_value([]), queue_names(None), queue_names(7)) == ("", frozenset(), frozenset())


def test_a_window_holds_hours_of_work() -> None:
    queues = Queues(hold=7200, at_least=20, at_most=300)
    assert window_size(60, queues) == 120
    assert window_size(1200, queues) == 20
    assert window_size(2, queues) == 300
    assert window_size(None, queues) == 20


ASK = Plan(kind="ask", target=2)


def place(queue: str = "", overlap: int = 1, is_labeled: bool = False, authors: tuple[int, ...] = (),
          machine: tuple[int, ...] = ()) -> Place:
    """A task as Label Studio shows it."""
    return Place(key=1, id=1, cue={"cue_queue": queue}, overlap=overlap, is_labeled=is_labeled, blind=False,
                 authors=frozenset(authors + machine), machine=frozenset(machine))


NOBODY: frozenset[str] = frozenset()


def test_a_task_that_serves_those_asked_costs_no_write() -> None:
    both = ["w1", "w2"]
    want = wanted(ASK, place(), both, NOBODY, 0.5)
    assert want["overlap"] == 2
    assert not satisfied(want, place(), both)
    assert satisfied(want, place(",w1,w2,", overlap=1), both)                   # room for the first answer
    assert not satisfied(want, place(",w1,w2,", overlap=1, authors=(1,)), both)     # and none for the second
    assert satisfied(want, place(",w1,w2,", overlap=2, authors=(1,)), both)
    assert not satisfied(want, place(",w1,w2,", overlap=2, is_labeled=True), both)


def test_a_name_left_over_stays_only_where_its_owner_is_done_and_nobody_new_is_asked() -> None:
    shown = place(",w1,w2,", overlap=2, authors=(1,))
    done = frozenset({"w1"})
    assert wanted(ASK, shown, ["w2"], done, 0.5)["cue"]["cue_queue"] == ",w1,w2,"
    assert satisfied(wanted(ASK, shown, ["w2"], done, 0.5), shown, ["w2"])
    assert wanted(ASK, shown, ["w2"], NOBODY, 0.5)["cue"]["cue_queue"] == ",w2,"
    assert not satisfied(wanted(ASK, shown, ["w2"], NOBODY, 0.5), shown, ["w2"])
    assert wanted(ASK, shown, ["w2", "w3"], done, 0.5)["cue"]["cue_queue"] == ",w2,w3,"


def test_the_overlap_is_raised_to_those_who_answered_and_are_asked_with_room_for_machines() -> None:
    torn = Plan(kind="ask", target=3, max=5)
    assert wanted(torn, place(authors=(1, 2)), ["w3"], NOBODY, 0.5)["overlap"] == 3
    assert wanted(torn, place(authors=(1, 2), machine=(9,)), ["w3"], NOBODY, 0.5)["overlap"] == 4


def test_a_task_is_ended_with_the_answers_it_has_and_its_queue_is_let_be() -> None:
    want = wanted(Plan(kind="stop"), place(",w1,w3,", authors=(1, 2)), [], NOBODY, 0.1)
    assert (want["overlap"], want["is_labeled"], want["cue"]["cue_queue"]) == (2, True, ",w1,w3,")
    assert satisfied(want, place(overlap=2, is_labeled=True, authors=(1, 2)), [])


def test_only_our_keys_change() -> None:
    want = wanted(ASK, place(), ["w1"], NOBODY, 0.25)
    data = {"text": "x", "cue_queue": ",w9,", "cue_hint": "kept", "nested": {"a": [1]}}
    assert merged(data, want) == data | {"cue_queue": ",w1,", "cue_priority": 0.25}
