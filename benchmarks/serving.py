"""Serving: what a request costs beside the model itself, how long it takes, and whether changes of models are noticed.

Run `python -m benchmarks.serving [--quick] [--invented]`. A closed loop of 1 and 8 clients with keep-alive asks a
server that runs as `cueloop serve` for 1, 32 and 1,000 tasks, in bodies as Label Studio sends them, of a project that
is connected: as anybody, whose answers carry their explanation, and as Label Studio, which stores them. Counted is the
processor time of all processes of the server. The bare model is measured in the same run on the same texts: as our own
code computes it, and as scikit-learn does with the same n-grams and coefficients, to the same numbers. The peer is
label-studio-ml 1.0.9's own server, with a model of ours and with a plain pipeline of scikit-learn as its users write
it, where its environment can be made.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import process_time

import httpx
import numpy as np

from benchmarks import upstream
from benchmarks.load import Measured, load
from benchmarks.measure import verdict
from benchmarks.recorded import DATA
from benchmarks.serving_home import NAME, PROJECT, Home, bodies, prepare, serving
from benchmarks.serving_swaps import swaps
from benchmarks.texts import banking, invented
from cueloop.errors import CueloopError
from ml_backend.bundle import Head
from ml_backend.calibration import Floats, softmax
from ml_backend.models.text_linear import VIEWS, TextLinear

BATCHES, CLIENTS, BODIES = (1, 32, 1_000), (1, 8), {1: 1_000, 32: 60, 1_000: 5}
OURS, STORED, PEER, PLAIN = "cueloop serve", "  answers stored", "label-studio-ml", "  plain pipeline"
STORES = "heartex/1.23.2"
"""User-Agent of Label Studio."""
Servers = dict[str, tuple[str, int, str]]
"""{name: (URL, root of its processes, User-Agent of who asks)}."""
Cells = dict[tuple[str, int, int], Measured]


def main() -> None:
    """Print all figures beside their goals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under 40 seconds, without the peer")
    parser.add_argument("--invented", action="store_true", help="invented texts, even where real ones are at hand")
    asked = parser.parse_args()
    texts = (None if asked.invented else banking(DATA)) or invented()
    if asked.quick:
        texts = replace(texts, taught=texts.taught[::3])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        home = prepare(Path(folder) / "home", texts)
        stack.callback(home.store.close)
        url, pid = stack.enter_context(serving(home))
        servers: Servers = {OURS: (url, pid, ""), STORED: (url, pid, STORES)}
        if not asked.quick:
            servers |= _peers(home, Path(folder), stack)
        [head] = home.champion().bundle.heads
        print(f"texts: {texts.name}, {len(head.labels)} labels, {len(texts.taught)} taught; processor time in ms a "
              "request; waits in ms")
        _report(home, head, servers, 0.5 if asked.quick else 3.0)
        print("\na retraining and ten promotions while 8 clients ask")
        found = swaps(url, home, 0.3 if asked.quick else 1.0)
    print(f"  {found.requests} requests, {found.answers} answers of {found.versions} versions; "
          f"{found.retrained} was trained meanwhile")
    verdict("failed requests", found.failed, 0)
    verdict("requests answered by several versions", found.mixed, 0)
    verdict("answers under another version's name", found.false, 0)


def _report(home: Home, head: Head, servers: Servers, seconds: float) -> None:
    cells: Cells = {}
    bare: dict[int, tuple[float, float]] = {}
    plain = _scikit_learn(head)
    print(f"{'server':16} {'tasks':>5} {'clients':>7} {'CPU':>8} {'over bare':>10} {'p50':>8} {'p99':>8} "
          f"{'tasks/s':>8}")
    for batch in BATCHES:
        sent, asked = bodies(home, batch, BODIES[batch])
        least = [_each(run, asked) for run in (head.probabilities, plain)]
        for name, (url, pid, agent) in servers.items():
            for clients in CLIENTS:
                cells[name, batch, clients] = load(url, sent, clients, seconds, pid, agent)
        bare[batch] = tuple(min(one, _each(run, asked))           # before and after, for the machine may be busy
                            for one, run in zip(least, (head.probabilities, plain), strict=True))
        for name, clients in ((name, clients) for name in servers for clients in CLIENTS):
            _row(name, batch, clients, cells[name, batch, clients], bare[batch][0])
        print(f"{'bare model':16} {batch:5} {'':7} {bare[batch][0]:8.2f}     as scikit-learn computes it: "
              f"{bare[batch][1]:.2f}")
    for name, what in ((OURS, "explained"), (STORED, "stored")):
        one, many = (max(cells[name, batch, clients].cpu_ms for clients in CLIENTS) for batch in (1, 1_000))
        verdict(f"CPU over the bare model, 1 task, {what}", one - bare[1][0], 1.0, "ms")
        for which, own in zip(("ours", "scikit-learn's"), bare[1_000], strict=True):
            verdict(f"over {which}, 1,000 tasks, {what}", 100 * (many / own - 1), 10.0, "%")


def _row(name: str, batch: int, clients: int, cell: Measured, bare: float) -> None:
    print(f"{name:16} {batch:5} {clients:7} {cell.cpu_ms:8.2f} {cell.cpu_ms - bare:10.2f} {cell.wait_ms(50):8.1f} "
          f"{cell.wait_ms(99):8.1f} {batch * cell.requests / cell.seconds:8.0f}"
          + (f"  {cell.failed} FAILED" if cell.failed else ""))


def _each(run: Callable[[Sequence[str]], Floats], asked: Sequence[Sequence[str]], least: float = 0.25) -> float:
    """Processor time of the model for one request, in ms; words that come again are known by then, as in a server."""
    for texts in asked[:20]:
        run(texts)
    began, count = process_time(), 0
    while process_time() - began < least:
        run(asked[count % len(asked)])
        count += 1
    return 1e3 * (process_time() - began) / count


def _scikit_learn(head: Head) -> Callable[[Sequence[str]], Floats]:
    """The same model as scikit-learn computes it. Raises ValueError if it does not say the same."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    assert isinstance(head.classifier, TextLinear)
    model, views = head.classifier, []
    for name, view in model.views.items():
        own = TfidfVectorizer(**VIEWS[name], sublinear_tf=True, vocabulary={g: n for n, g in enumerate(view.grams)})
        own.idf_ = view.idf
        views.append(own)
    weights = model.coefficients.T.astype(np.float64)

    def probabilities(texts: Sequence[str]) -> Floats:
        features = hstack([view.transform(texts) for view in views], format="csr")
        return softmax(features @ weights + model.intercept, head.temperature)

    some = ["What became of my card, which you've sent?", "", "😀 !"]
    np.testing.assert_allclose(probabilities(some), head.probabilities(some), rtol=1e-9)
    return probabilities


def _peers(home: Home, folder: Path, stack: ExitStack) -> Servers:
    """label-studio-ml's server with the same model and with a plain one; none where it cannot be installed."""
    texts, labels = zip(*home.texts.taught[::4], strict=True)      # what it learns is of no account, its size hardly
    found: Servers = {}
    try:
        for name, start in ((PEER, lambda: upstream.start_upstream(home.settings.home, NAME, folder / "peer")),
                            (PLAIN, lambda: upstream.start_plain(texts, labels, folder / "peer"))):
            url, process = start()
            stack.callback(process.stop)
            httpx.post(f"{url}/setup", json={"project": f"{PROJECT}.1", "schema": home.config, "hostname": "",
                                             "access_token": ""}, timeout=30).raise_for_status()
            found[name] = (url, process.pid() or 0, STORES)
    except (CueloopError, OSError, httpx.HTTPError) as error:
        print(f"label-studio-ml is left out: {error}")
    return found


if __name__ == "__main__":
    main()
