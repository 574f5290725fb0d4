"""label-studio-ml 1.0.9's own server as a process, to compare with: in front of a model of ours, and of a plain one.

    url, process = start_upstream(home, "tickets", folder)
    ...
    process.stop()

`process.pid()` is the root of its processes. The plain one is what its users write: a scikit-learn pipeline, pickled,
loaded once, asked for all tasks of a request.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from console.parts import label_studio_ml, ports
from console.parts.process import Process
from cueloop.settings import Settings
from cueloop.store import Store
from ml_backend import registry
from ml_backend.compat import ours_folder

PLAIN = '''
import os
import pickle

from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.utils import get_single_tag_keys

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.pickle"), "rb") as file:
    PIPELINE = pickle.load(file)


class Cueloop(LabelStudioMLBase):
    """A pipeline of scikit-learn behind one <Choices> on one <Text>."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if self.parsed_label_config:
            self.from_name, self.to_name, self.value, _ = get_single_tag_keys(
                self.parsed_label_config, "Choices", "Text")

    def predict(self, tasks, **kwargs):
        scores = PIPELINE.predict_proba([task["data"][self.value] for task in tasks])
        best = scores.argmax(axis=1)
        return [{"result": [{"from_name": self.from_name, "to_name": self.to_name, "type": "choices",
                             "value": {"choices": [PIPELINE.classes_[label]]}}],
                 "score": float(score[label])} for label, score in zip(best, scores)]
'''


def python() -> Path:
    """The Python that has label-studio-ml. Raises PartFailed when its environment cannot be built."""
    return label_studio_ml.ensure(lambda line: None)


def start_upstream(home: Path, model: str, where: Path, *, threads: int = 8) -> tuple[str, Process]:
    """A model of ours behind its server, following the champion in `home`. Writes its folder into `where`."""
    settings = Settings(home=home)
    store = Store.open(settings.store_url)
    try:
        with store.read() as conn:
            version = registry.resolve(conn, model)
    finally:
        store.close()
    ours_folder.write(where / "ours", version, label_studio_ml.LACKS.read_text(), artifacts=None)
    return gunicorn(where / "ours", threads=threads, CUELOOP_HOME=str(home))


def start_plain(texts: Sequence[str], labels: Sequence[str], where: Path, *, threads: int = 8) -> tuple[str, Process]:
    """A plain pipeline trained on these texts behind its server. Its config must have one Choices on one Text."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=1_000))
    pipeline.fit(list(texts), list(labels))
    folder = where / "plain"
    folder.mkdir(parents=True)
    (folder / "model.pickle").write_bytes(pickle.dumps(pipeline))
    (folder / "model.py").write_text(PLAIN)
    (folder / "_wsgi.py").write_text(ours_folder.WSGI)
    return gunicorn(folder, threads=threads)


def gunicorn(folder: Path, *, threads: int = 8, **environ: str) -> tuple[str, Process]:
    """The folder served as its Dockerfile does: one process, 8 threads, preloaded."""
    return _start(folder, lambda port: ["-m", "gunicorn", "--preload", "--bind", f"127.0.0.1:{port}", "--workers", "1",
                                        "--threads", str(threads), "--timeout", "0", "_wsgi:app"], environ)


def command(folder: Path, **environ: str) -> tuple[str, Process]:
    """The folder served as `label-studio-ml start` does."""
    return _start(folder, lambda port: ["-m", "label_studio_ml.server", "start", str(folder), "--host", "127.0.0.1",
                                        "--port", str(port)], environ)


def _start(folder: Path, arguments: Callable[[int], list[str]], environ: Mapping[str, str]) -> tuple[str, Process]:
    found, port = python(), ports.free()
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/health", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    process = Process("label-studio-ml", [str(found), *arguments(port)], log=folder / "server.log", ready=ready,
                      environ={**os.environ, "PATH": f"{found.parent}:{os.environ['PATH']}", "PYTHONPATH": str(folder),
                               **environ})
    process.start()
    return url, process
