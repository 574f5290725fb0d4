"""Requests that come together are answered together; alone they wait for nobody."""

import gc
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.answering.gather import Busy, Gather, _Request
from ml_backend.answering.proposal import Proposal
from ml_backend.protocol import Asked, asked


class Model:
    """Answers each task with its own text; can be held up; fails where a text says `poison`."""

    def __init__(self):
        self.calls, self.entered, self.go = [], threading.Semaphore(0), threading.Event()
        self.answering = self

    def propose(self, asked, controls, at):
        texts = [asked.tasks[place]["data"]["text"] for place in at]
        self.calls.append(texts)
        self.entered.release()
        assert self.go.wait(30)
        if "poison" in texts:
            raise ValueError("poison")
        return [[Proposal([{"text": text}], 1.0)] for text in texts]


def body(*texts, **more):
    return asked({"tasks": [{"data": {"text": text}} for text in texts], **more})


class Callers:
    """Threads that ask, each started when the one before waits or predicts."""

    def __init__(self, gather):
        self.gather, self.waiting, self.outcomes, self.threads = gather, threading.Semaphore(0), {}, []
        gather._waits = lambda change: self.waiting.release() if change > 0 else None

    def ask(self, name, model, request, *, controls=(), at=None):
        def run():
            places = range(len(request.tasks)) if at is None else at
            try:
                found = self.gather.propose(model, request, controls, places)
                self.outcomes[name] = [[p.result[0]["text"] for p in proposals] for proposals in found]
            except Exception as error:
                self.outcomes[name] = error
        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def ask_waiting(self, *args, **more):
        self.ask(*args, **more)
        assert self.waiting.acquire(timeout=30)

    def finish(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def held(gather):
    """A gather whose one place is taken by a prediction that lasts until `go`."""
    model, callers = Model(), Callers(gather)
    callers.ask("first", model, body("first"))
    assert model.entered.acquire(timeout=30)
    return model, callers


def test_those_who_come_while_a_prediction_runs_are_one_batch():
    model, callers = held(Gather())
    for number in range(5):
        callers.ask_waiting(number, model, body(f"a{number}", f"b{number}"))
    model.go.set()
    callers.finish()
    assert model.calls == [["first"], ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"]]
    assert callers.outcomes == {"first": [["first"]]} | {n: [[f"a{n}"], [f"b{n}"]] for n in range(5)}


def test_only_the_asked_places_of_each_are_in_the_batch():
    model, callers = held(Gather())
    callers.ask_waiting("x", model, body("x0", "x1", "x2"), at=[2, 0])
    callers.ask_waiting("y", model, body("y0", "y1"), at=[1])
    callers.ask_waiting("none", model, body("z"), at=[])
    model.go.set()
    callers.finish()
    assert model.calls[1:] == [["x2", "x0", "y1"]]
    assert (callers.outcomes["x"], callers.outcomes["y"], callers.outcomes["none"]) == ([["x2"], ["x0"]], [["y1"]], [])


def test_one_who_fails_harms_nobody_else():
    model, callers = held(Gather())
    callers.ask_waiting("good", model, body("good"))
    callers.ask_waiting("bad", model, body("poison"))
    callers.ask_waiting("fine", model, body("fine"))
    model.go.set()
    callers.finish()
    assert (callers.outcomes["good"], callers.outcomes["fine"]) == ([["good"]], [["fine"]])
    assert isinstance(callers.outcomes["bad"], ValueError)
    # and the next one is answered as if nothing had happened
    callers.ask("next", model, body("next"))
    callers.finish()
    assert callers.outcomes["next"] == [["next"]]


def test_another_version_another_project_and_an_open_editor_are_batches_of_their_own():
    model, callers = held(Gather())
    other = Model()
    other.go.set()
    callers.ask_waiting("old", model, body("old"))
    callers.ask_waiting("new", other, body("new"))
    callers.ask_waiting("project", model, body("project", project="2.1"))
    callers.ask_waiting("editor", model, body("editor", params={"context": {"result": []}}))
    callers.ask_waiting("old too", model, body("old too"))
    model.go.set()
    callers.finish()
    assert model.calls == [["first"], ["old", "old too"], ["project"], ["editor"]]
    assert other.calls == [["new"]]


def test_a_batch_has_its_limit_and_a_large_request_is_one_alone():
    sizes = []
    gather = Gather(together=4, answered=lambda requests, tasks: sizes.append((requests, tasks)))
    model, callers = held(gather)
    callers.ask_waiting("large", model, body(*"abcdef"))
    for name in ("one", "two", "three"):
        callers.ask_waiting(name, model, body(name, name))
    model.go.set()
    callers.finish()
    assert sizes == [(1, 1), (1, 6), (2, 4), (1, 2)]


def test_who_finds_too_many_before_is_told_so_at_once():
    model, callers = held(Gather(most=2))
    callers.ask_waiting("second", model, body("second"))
    with pytest.raises(Busy, match="2 predictions"):
        callers.gather.propose(model, body("third"), (), range(1))
    model.go.set()
    callers.finish()
    assert callers.outcomes["second"] == [["second"]]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["1", "2"]), st.booleans()), min_size=1, max_size=12),
       st.integers(1, 3))
def test_whoever_asks_whatever_gets_exactly_their_own(requests, at_once):
    model = Model()
    model.go.set()
    callers = Callers(Gather(at_once=at_once, together=6))
    for number, (size, project, bad) in enumerate(requests):
        texts = [f"{number}/{place}" for place in range(size)] + ["poison"] * bad
        callers.ask(number, model, body(*texts, project=project))
    callers.finish()
    for number, (size, _, bad) in enumerate(requests):
        if bad:
            assert isinstance(callers.outcomes[number], ValueError)
        else:
            assert callers.outcomes[number] == [[f"{number}/{place}"] for place in range(size)]


def test_a_model_that_answers_too_few_is_asked_one_by_one():
    lossy = SimpleNamespace(propose=lambda asked, controls, at: [[] for _ in at][:1])
    model, callers = held(Gather())
    wrong = SimpleNamespace(answering=lossy)
    callers.ask_waiting("a", wrong, body("a"))
    callers.ask_waiting("b", wrong, body("b"))
    model.go.set()
    callers.finish()
    assert callers.outcomes["a"] == callers.outcomes["b"] == [[]]


def test_contexts_that_are_nested_too_deeply_to_compare_keep_nobody_waiting():
    # Given questions whose contexts can be read, and not be compared: they wait for a prediction to end
    def nested():
        context = []
        for _ in range(5_000):
            context = [context]
        return context

    model, callers = Model(), Callers(Gather())
    callers.ask("first", model, body("a"))
    assert model.entered.acquire(timeout=30)
    for name in ("one", "two", "three"):
        callers.ask_waiting(name, model, body(name, params={"context": nested()}))
    # When it ends
    model.go.set()
    callers.finish()
    # Then each is answered, alone
    assert callers.outcomes == {"first": [["a"]], "one": [["one"]], "two": [["two"]], "three": [["three"]]}


@pytest.mark.parametrize("text", ["bread", "poison"])
def test_what_was_asked_is_let_go_of_at_once_whatever_became_of_it(text):
    """Else the texts and answers of many requests stay, until Python looks for garbage for as long as a request takes.
    """
    model, gather = Model(), Gather()
    model.go.set()
    gc.collect()
    before = _alive()
    gc.disable()
    try:
        with suppress(ValueError):
            gather.propose(model, body(text), (), [0])
        assert _alive() == before
    finally:
        gc.enable()


def _alive():
    # isinstance would ask the objects themselves, and some of torch's warn then
    return sum(type(one) in {_Request, Asked} for one in gc.get_objects())
