"""A rollout that dies before or after any commit, or at any call of Label Studio, and is run again, ends the same."""

from contextlib import contextmanager
from itertools import count

from ml_backend import push
from tests.ml_backend.rollout.scene import Scene

PLACES = ("before a commit", "after a commit", "before a call", "after a call")
KEEP_NONE = {"old": "remove", "keep": 0}


class Killed(BaseException):
    """The process ends here."""


def test_a_rollout_that_dies_anywhere_ends_the_same(fake_label_studio, store, project_factory, monkeypatch):
    # Given a version that is shown, and the next one, in batches of two tasks, which is to push out the first
    monkeypatch.setattr(push, "BATCH", 2)
    scene = Scene(fake_label_studio, store, project_factory, tasks=4)
    scene.serve("v0")
    scene.run()
    deaths, number = 0, 0
    for place in PLACES:
        for at in count(1):
            number += 1
            scene.serve(f"v{number}")
            # When it dies there, and is run again by a process that knows nothing of it, until nobody has v0 on screen
            with dying(scene, place, at) as survived:
                scene.run(**KEEP_NONE)
                scene.later(hours=2)
                scene.run(**KEEP_NONE)
            shown = scene.shown()
            assert scene.there()[shown] == 4, f"half of {shown} is shown after dying {place} {at}"
            scene.run(**KEEP_NONE)
            scene.later(hours=2)
            done = scene.run(**KEEP_NONE)
            # Then it alone is there, once on every task, and shown
            assert (done.version, done.state, done.error) == (f"v{number}", "done", None), f"{place} {at}"
            assert scene.there() == {f"v{number}": 4, f"v{number}-alt2": 4}, f"{place} {at}"
            assert scene.shown() == f"v{number}"
            if survived:
                break
            deaths += 1
    assert deaths > 40
    scene.client.close()


@contextmanager
def dying(scene, place, at):
    """Within the block the process may die, at its `at`-th arrival there. Gives a list that is not empty if it never
    came so far."""
    left, survived = [at], []
    real_write, real_call = scene.store.write, scene.client._http.call

    def comes_to(here):
        left[0] -= here == place
        if here == place and left[0] == 0:
            raise Killed

    @contextmanager
    def write():
        with real_write() as conn:
            yield conn
            comes_to("before a commit")
        comes_to("after a commit")

    def call(*args, **options):
        comes_to("before a call")
        said = real_call(*args, **options)
        comes_to("after a call")
        return said

    scene.store.write, scene.client._http.call = write, call
    try:
        yield survived
        survived.append(True)
    except Killed:
        pass
    finally:
        scene.store.write, scene.client._http.call = real_write, real_call
