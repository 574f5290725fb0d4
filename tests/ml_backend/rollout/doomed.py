"""A worker's process that kills itself at a named place: `python -m tests.ml_backend.rollout.doomed KEY [PLACE]`.

It runs the job of that key as a worker does. No product code knows of this: what stands at the place is wrapped here.
"""

import os
import signal
import sys
from datetime import timedelta

PLACES = {
    "trained": ("ml_backend.retrain", "_train_all"),
    "files written": ("ml_backend.artifacts", "Artifacts.write"),
    "kept": ("ml_backend.registry", "save"),
    "judged": ("ml_backend.retrain", "judge"),
    "judgement written": ("ml_backend.retrain", "_write"),
    "predicted": ("ml_backend.retrain", "_predict"),
    "promoted": ("ml_backend.registry", "promote"),
    "begun": ("ml_backend.rollout.machine", "_begun"),
    "predicted what is open": ("ml_backend.predictions", "write"),
    "a batch marked": ("cueloop.store.predictions", "of_tasks"),
    "a batch sent": ("cueloop.label_studio", "LabelStudio.import_predictions"),
    "pushed": ("ml_backend.rollout.machine", "push"),
    "verified": ("ml_backend.rollout.machine", "verify"),
    "switched": ("ml_backend.rollout.showing", "show"),
    "old ones deleted": ("cueloop.label_studio", "LabelStudio.delete_model_version"),
    "removed": ("ml_backend.rollout.removing", "remove"),
    "done": ("ml_backend.rollout.machine", "run"),
}
"""Place -> what has just been done there: (module, function or Class.method)."""
TRAINING = ("trained", "files written", "kept", "judged", "judgement written", "predicted", "promoted")
"""Those in a training; the others are in a run of pre-labelling."""


def die_after(place: str) -> None:
    """Have the process killed right after what stands at the place was done for the first time."""
    from importlib import import_module

    module, name = PLACES[place]
    holder = import_module(module)
    *within, name = name.split(".")
    for part in within:
        holder = getattr(holder, part)
    real = getattr(holder, name)

    def doomed(*args, **options):
        real(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(holder, name, doomed)


def arrange(put=setattr) -> None:
    """A policy of one kind of model that removes what is old at once, and batches of four tasks."""
    from ml_backend import push
    from ml_backend.policy import in_force
    from ml_backend.policy.policy import Policy, Rollout
    from ml_backend.rollout import removing

    put(push, "BATCH", 4)
    put(removing, "ON_SCREEN", timedelta(0))
    policy = Policy(kinds=("text-linear",), rollout=Rollout(old="remove", keep=0))
    put(in_force, "policy", lambda conn, project_id: policy)


def main(key: int, place: str = "") -> None:
    """Run a job to its end or to that place."""
    from cueloop import queue

    arrange()
    if place:
        die_after(place)
    queue.run(key)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
