"""Who sends or reads too slowly is cut; who is in time is not."""

import io
import socket

import pytest
from werkzeug.exceptions import RequestTimeout

from ml_backend.serving.patience import CROWDED, Deadlines, TimedInput


@pytest.fixture
def pair():
    """Our end and the client's."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


class Clock:
    """Time as the test says."""

    now = 0.0

    def __call__(self):
        return self.now


def test_a_body_that_drips_ends_at_its_time_and_not_before(pair):
    ours, theirs = pair
    clock = Clock()
    deadlines = Deadlines(clock)
    deadlines.begin(ours, 20, since=0.0)
    clock.now = 19.9
    deadlines.cut(crowded=False)
    theirs.sendall(b"{")
    assert ours.recv(9) == b"{"
    clock.now = 20.1
    deadlines.cut(crowded=False)
    assert ours.recv(9) == b""          # the thread goes on
    assert deadlines.end(ours)          # and is told why
    ours.sendall(b"408")                # the client can still be told too
    assert theirs.recv(9) == b"408"


def test_who_took_what_was_sent_in_time_is_not_cut_later(pair):
    clock = Clock()
    deadlines = Deadlines(clock)
    deadlines.begin(pair[0], 20, since=0.0)
    assert not deadlines.end(pair[0])
    clock.now = 1000.0
    deadlines.cut(crowded=True)
    pair[1].sendall(b"next")
    assert pair[0].recv(9) == b"next"


def test_less_time_is_left_while_others_wait_for_a_thread(pair):
    clock = Clock()
    deadlines = Deadlines(clock)
    deadlines.begin(pair[0], 200, since=0.0)
    clock.now = CROWDED + 0.1
    deadlines.cut(crowded=False)
    assert not deadlines.end(pair[0])
    deadlines.begin(pair[0], 200, since=0.0)
    deadlines.cut(crowded=True)
    assert deadlines.end(pair[0])


def test_who_does_not_take_an_answer_is_cut_both_ways(pair):
    clock = Clock()
    deadlines = Deadlines(clock)
    deadlines.begin(pair[0], 20, since=0.0, sends=True)
    clock.now = 21.0
    deadlines.cut(crowded=False)
    with pytest.raises(BrokenPipeError):
        pair[0].sendall(b"more")


def test_a_connection_that_ended_by_itself_is_no_problem(pair):
    deadlines = Deadlines(lambda: 100.0)
    deadlines.begin(pair[0], 20, since=0.0)
    pair[0].close()
    deadlines.cut(crowded=False)
    assert not deadlines.end(pair[0])


def test_a_body_is_read_as_it_is_and_tells_when_it_was_cut(pair):
    deadlines = Deadlines()
    assert TimedInput(io.BytesIO(b"a\nb\nc"), deadlines, pair[0], 20).read() == b"a\nb\nc"
    assert TimedInput(io.BytesIO(b"abc"), deadlines, pair[0], 20).read(2) == b"ab"
    assert TimedInput(io.BytesIO(b"a\nb"), deadlines, pair[0], 20).readlines() == [b"a\n", b"b"]
    late = TimedInput(io.BytesIO(b"abc"), deadlines, pair[0], -1)
    late._source = type("Cut", (), {"read": lambda _self, _size: deadlines.cut(crowded=False) or b""})()
    with pytest.raises(RequestTimeout):
        late.read()
