"""A project of 100,000 tasks: what its retraining takes, and what every round of the loop takes when nothing changed.

Run `python -m benchmarks.at_size [--tasks N] [--classes K] [--quick]`. A store on SQLite, every task answered once and
labelled. Parts settled, data read, trained, judged, kept, every task predicted, the version put in service; then a
twentieth of the tasks arrives and the same is done against the champion; then lessons, data of a version, comparison,
and the rounds of the loop. Processor seconds, memory of a process of its own. Goals: 60 s of one processor and 2 GB
from labels to a version that is judged and kept, 20 ms for a round in which nothing changed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from time import process_time
from typing import Any, cast

from benchmarks.measure import forget_peak, in_child, peak, verdict
from benchmarks.retrain import invented
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, models, rollouts
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from ml_backend import consensus_data, due, predictions, retrain
from ml_backend.active import refresh
from ml_backend.artifacts import Artifacts
from ml_backend.data import manifest, reproduce, splits
from ml_backend.judging import shadow, watch
from ml_backend.policy.policy import Policy, Rollout
from ml_backend.triggers.examine import examine

GOAL_SECONDS, GOAL_MEGABYTES, GOAL_ROUND = 60.0, 2_000.0, 20.0
PROJECT, NAME, POLICY = 1, "project-1", Policy()
ALL = "all of it, nothing changed"
CHANGED = 50
"""Tasks of a busy round."""
Spent = dict[str, float]


def main() -> None:
    """Print processor seconds of each part, then milliseconds of each part of a round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="10,000 tasks")
    given = parser.parse_args()
    count = 10_000 if given.quick else given.tasks
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder, count, given.classes)
        print(f"{count:,} labelled tasks, {given.classes} classes")
        for title, arrived in (("first training", 0), ("next training, against the champion", count // 20)):
            child = in_child(trained, folder, count, given.classes, arrived)
            _tell(title, child.result["spent"])
            within = sum(seconds for name, seconds in child.result["spent"].items() if not name.startswith("then"))
            verdict("until judged and kept", within, GOAL_SECONDS, "s")
            verdict("peak memory", child.result["peak"], GOAL_MEGABYTES, "MB")
        child = in_child(afterwards, folder)
        _tell("afterwards", child.result)
        print(f"  {'peak memory':46} {child.megabytes:8.0f} MB")
        _rounds(in_child(rounds, folder).result)


def _tell(title: str, spent: Spent) -> None:
    print(f"\n{title}")
    for what, seconds in spent.items():
        print(f"  {what:46} {seconds:8.2f} s")


def _rounds(spent: Spent) -> None:
    print("\na round of the loop, least of three, of a processor")
    for what, seconds in spent.items():
        print(f"  {what:46} {1e3 * seconds:8.1f} ms")
    verdict("nothing changed", 1e3 * spent[ALL], GOAL_ROUND, "ms")


@contextmanager
def timed(what: str, spent: Spent) -> Iterator[None]:
    """Processor time of a part."""
    began = process_time()
    yield
    spent[what] = process_time() - began


def opened(folder: str) -> tuple[Store, Artifacts]:
    """Store and files of the project."""
    return Store.open(f"sqlite:///{Path(folder) / 'store.sqlite3'}"), Artifacts(f"file://{folder}/artifacts")


def prepare(folder: str, count: int, classes: int) -> None:
    """The project with its first tasks."""
    choices = "".join(f'<Choice value="t{number:03}"/>' for number in range(classes))
    store, _ = opened(folder)
    with store.write() as conn:
        conn.execute(s.projects.insert().values(
            id=PROJECT, title="Bench", mode="connected", connected_at=now(), label_config=(
                '<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">'
                f"{choices}</Choices></View>")))
        conn.execute(s.annotators.insert(), [{"id": one, "email": f"{one}@example.org", "name": f"{one}",
                                              "queue": f"w{one}", "kind": "person"} for one in range(1, 21)])
    add(store, 0, count, classes)
    store.close()


def add(store: Store, start: int, count: int, classes: int) -> None:
    """Tasks, each answered by somebody who saw no suggestion, one answer in twenty wrong."""
    random, moment = Random(start), now()
    rows = []
    for number, (text, label) in enumerate(invented(count, classes, seed=start), start=start + 1):
        told = label if random.random() > 0.05 else f"t{random.randrange(classes):03}"
        rows.append((number, text, told, random.randrange(1, 21)))
    for at in range(0, len(rows), 10_000):
        some = rows[at:at + 10_000]
        with store.write() as conn:
            conn.execute(s.tasks.insert(), [{
                "key": key, "project_id": PROJECT, "id": key, "created_at": moment, "updated_at": moment, "cue": {},
                "overlap": 1, "is_labeled": key % 5 != 0, "blind": key % 20 == 0, "data": {"text": text}}
                for key, text, _, _ in some])
            conn.execute(s.answers.insert(), [{
                "task": key, "control": "topic", "annotator_id": who, "project_id": PROJECT, "label": label,
                "unique_id": f"u{key}", "ground_truth": False, "seen_suggestion": False, "answered_at": moment}
                for key, _, label, who in some])
            conn.execute(s.consensus.insert(), [{
                "task": key, "control": "topic", "project_id": PROJECT, "label": label, "probability": 0.93,
                "probabilities": {label: 0.93}, "people": {label: 0.93}, "answers": 1, "method": "one-coin",
                "updated_at": moment} for key, _, label, _ in some])


def trained(folder: str, count: int, classes: int, arrived: int) -> dict[str, Any]:
    """One training of the project, part by part as `retrain` does it."""
    store, artifacts = opened(folder)
    if arrived:
        add(store, count, arrived, classes)
    spent: Spent = {}
    forget_peak()
    with timed("parts settled", spent):
        splits.settle(store, PROJECT, POLICY.data)
    with timed("data read", spent), store.read() as conn:
        data = consensus_data.datasets(conn, PROJECT, POLICY)
    seen: Spent = {}
    with _watched(seen), timed("all", seen):
        outcome = retrain.retrain(store, artifacts, NAME, data, actor="benchmark", project_id=PROJECT, policy=POLICY)
    assert outcome.verdict.promoted, outcome.verdict
    rest = seen.pop("all") - sum(seen.values())
    after = seen.pop("then predicted, every task")
    spent |= seen | {"rest: card, audit log, promotion": rest, "then predicted, every task": after}
    print(f"  manifest {len(manifest.pack(data)[manifest.FILE]) / 1e6:.1f} MB", flush=True)
    return {"spent": spent, "peak": peak()}


@contextmanager
def _watched(spent: Spent) -> Iterator[None]:
    """Times the parts of `retrain` while it runs."""
    parts = {"_train_all": "trained", "_keep": "kept: packed, hashed, written", "judge": "judged by the gate",
             "report": "reported in the card", "_predict": "then predicted, every task"}
    kept = {name: getattr(retrain, name) for name in parts}

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            with timed(parts[name], spent):
                return function(*args, **options)
        return run

    for name, function in kept.items():
        setattr(retrain, name, watched(name, function))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(retrain, name, function)


def _versions(store: Store) -> list[ModelVersion]:
    with store.read() as conn:
        return models.versions(conn, NAME)


def afterwards(folder: str) -> Spent:
    """What is done with the two versions."""
    store, artifacts = opened(folder)
    newest, older = _versions(store)[:2]
    spent: Spent = {}
    with timed("parts settled again, nothing new", spent):
        splits.settle(store, PROJECT, POLICY.data)
    with timed("lessons of all tasks", spent):
        refresh.refresh(store, PROJECT, POLICY)
    with timed("the same again, nothing new", spent):
        refresh.refresh(store, PROJECT, POLICY)
    with timed("data of a version again", spent), store.read() as conn:
        found = reproduce.manifests(artifacts, newest)
        assert found is not None
        assert reproduce.from_store(conn, newest, found[0]).whole
    with timed("two versions compared", spent):
        _compared(store, artifacts, newest, older)
    with timed("cross-validated answers read", spent):
        predictions.taught(artifacts, newest, PROJECT)
    return spent


def _compared(store: Store, artifacts: Artifacts, one: ModelVersion, other: ModelVersion) -> None:
    from ml_backend.elsewhere import evidence
    from ml_backend.texts.reader import inline
    from ml_backend.versions import compare
    from ml_backend.versions.sayings import sayings

    control = _control(store)
    with store.read() as conn:
        truths = evidence.read(conn, PROJECT, control)
    said = [sayings(store, artifacts, version, PROJECT, control, inline, set(truths)) for version in (one, other)]
    with store.read() as conn:
        compare.report(control, truths, *said)
        compare.changed(conn, control, *said)


def _control(store: Store) -> Any:
    from cueloop.label_config import parse
    from cueloop.store import projects

    with store.read() as conn:
        return parse(projects.get(conn, PROJECT).label_config).modelled[0]


def rounds(folder: str) -> Spent:
    """What the loop does each second, everything pushed and at rest."""
    store, _ = opened(folder)
    _rolled_out(store)
    keys = frozenset(range(1, CHANGED + 1))
    never, always = timedelta(days=1), timedelta(0)
    spent: Spent = {}

    def looked(deep: bool) -> None:
        with store.read() as conn:
            examine(conn, PROJECT, POLICY, deep=deep)

    def waits() -> None:
        with store.read() as conn:
            due.prelabelling_due(conn, PROJECT, always)

    def removing() -> None:
        from ml_backend.rollout import due as rollout
        with store.read() as conn:
            rollout.due(conn, PROJECT, Rollout(old="remove", keep=0))

    parts: dict[str, Callable[[], object]] = {
        "watch, while it rests": lambda: watch.step(store, PROJECT, POLICY, never),
        "watch, once a minute": lambda: watch.step(store, PROJECT, POLICY, always),
        "shadow, none runs": lambda: shadow.step(store, PROJECT, POLICY),
        "reasons to train, each round": lambda: looked(False),
        "reasons to train, audits and drift": lambda: looked(True),
        "does a task wait for its prediction": waits,
        "may old predictions go": removing,
        "lessons, nothing changed": lambda: refresh.step(store, PROJECT, frozenset(), POLICY),
        f"lessons, {CHANGED} tasks changed": lambda: refresh.step(store, PROJECT, keys, POLICY)}
    for name, part in parts.items():
        spent[name] = _least(part)
    return spent | {ALL: _least(lambda: due.step(store, cast(LabelStudio, None), PROJECT, frozenset()))}


def _rolled_out(store: Store) -> None:
    """As after a rollout: what the champion says stands in Label Studio."""
    with store.write() as conn:
        champion = models.champion(conn, PROJECT)
        assert champion is not None
        begun = rollouts.begin(conn, PROJECT, champion.name, champion.version, None)
        rollouts.move(conn, begun, rollouts.DONE, shown_at=(now() - timedelta(days=1)).isoformat())
        conn.execute(s.predictions.update().values(sent_at=now(), pushed_at=now()))


def _least(part: Callable[[], object]) -> float:
    found = []
    for _ in range(3):
        began = process_time()
        part()
        found.append(process_time() - began)
    return min(found)


if __name__ == "__main__":
    main()
