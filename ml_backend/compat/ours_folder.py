"""Writes a folder that label-studio-ml's own server starts: a model version of ours, or one that follows a home.

The version goes along as a small home of its own, so that the same code serves it: a store with this one version, in
service, and its files.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from string import Template
from tempfile import mkdtemp

from cueloop.errors import ModelError
from cueloop.store import Store, models
from cueloop.store.models import ModelVersion
from ml_backend.artifacts import BLOBS, Artifacts
from ml_backend.predictions import OUT_OF_FOLD
from ml_backend.registry import CHAMPION, LOADERS

MARK = "Written by `cueloop models export"

MODEL = Template('''"""$title, for label-studio-ml's own server. Written by `cueloop models export`."""

from pathlib import Path

from ml_backend.compat.ours import Cueloop

Cueloop.model = "$reference"
Cueloop.home = Path(__file__).resolve().parent / "home"
Cueloop.warm()
''')

FOLLOWER = Template('''"""$title, for label-studio-ml's own server. Written by `cueloop models export --follow`."""

from ml_backend.compat.ours import Cueloop

Cueloop.model = "$reference"
Cueloop.warm()
''')

WSGI = '''"""Starts the server: `label-studio-ml start .`, `python _wsgi.py --port 9090` or `gunicorn _wsgi:app`."""

import argparse
import inspect
import os

from label_studio_ml import api

from model import Cueloop

here = os.path.dirname(os.path.abspath(__file__))
wanted = {"model_dir": os.environ.get("MODEL_DIR", here)}  # 1.0.9 lists this folder; 2.x takes none
takes = inspect.signature(api.init_app).parameters
app = api.init_app(model_class=Cueloop, **(wanted if "kwargs" in takes else {}))
if hasattr(api, "_manager"):
    api._manager.fetch()  # else 1.0.9 answers no /predict before a /setup

if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("-p", "--port", type=int, default=9090)
    options.add_argument("--host", default="127.0.0.1")
    chosen = options.parse_args()
    app.run(host=chosen.host, port=chosen.port)
'''

README = Template('''# $title

For label-studio-ml's own server, 1.0.9 or 2.x, in an environment that has Cueloop. Once:

    pip install --no-deps label-studio-ml==1.0.9
    pip install -r requirements.txt

Then `label-studio-ml start .`, or `gunicorn --workers 1 --threads 8 --bind 127.0.0.1:9090 _wsgi:app` in this folder.
That server asks for no password: let only your Label Studio reach it.

$contents

What this server gets wrong whatever its model is, and what `cueloop serve` does instead, stands in docs/own-models.md
of Cueloop.
''')

ALONE = """The folder `home` holds this version, as JSON and plain arrays; it answers for every project. Let no
CUELOOP_DATABASE_URL be set: that would win. It knows no tasks: blind ones are answered too, and Start Training starts
nothing. Where that matters, export with `--follow`."""
FOLLOWS = """It holds no model: it follows the champion of the Cueloop that CUELOOP_HOME (or CUELOOP_DATABASE_URL and
CUELOOP_ARTIFACTS_URL) names, does not answer blind tasks, and hands Start Training over to its queue."""


def write(
    folder: Path, version: ModelVersion, requirements: str, *, artifacts: Artifacts | None, force: bool = False,
) -> None:
    """Write the folder, whole or not at all. `artifacts` hold the version's files; None: follow the model's champion.

    Raises ModelError when the folder exists (with `force`: and was not written by this), or the version is not a model
    of ours.
    """
    if version.kind in LOADERS:
        raise ModelError(f"{version.name}@{version.version} is no model of Cueloop's own ({version.kind}): "
                         "serve it with `cueloop serve`.")
    if folder.exists():
        if not force:
            raise ModelError(f"{folder} exists. Choose another folder, or replace it with --force.")
        if not _exported(folder):
            raise ModelError(f"{folder} was not written by `cueloop models export`, so it is not replaced. Choose "
                             "another folder.")
    title = f"Model {version.name}" + (f", version {version.version}" if artifacts else "")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        if artifacts:
            _home(beside / "home", version, artifacts)
        texts = {
            "model.py": MODEL.substitute(title=title, reference=f"{version.name}@{version.version}") if artifacts
            else FOLLOWER.substitute(title=title, reference=version.name),
            "_wsgi.py": WSGI, "requirements.txt": requirements,
            "README.md": README.substitute(title=title, contents=ALONE if artifacts else FOLLOWS)}
        for name, text in texts.items():
            (beside / name).write_text(text, encoding="utf-8")
        beside.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)  # renamed, or of no use


def _exported(folder: Path) -> bool:
    """Whether all in it comes from here: it is removed whole."""
    known = {"model.py", "_wsgi.py", "requirements.txt", "README.md", "home", "__pycache__"}
    file = folder / "model.py"
    return (file.is_file() and MARK in file.read_text(encoding="utf-8", errors="replace")
            and {path.name for path in folder.iterdir()} <= known)


def _home(home: Path, version: ModelVersion, artifacts: Artifacts) -> None:
    """A home with one version in service. What it was trained on stays behind: texts' keys are the customer's."""
    hashes = {name: hash_ for name, hash_ in version.sha256.items() if name != OUT_OF_FOLD}
    Artifacts(f"file://{(home / 'artifacts').absolute()}").write(artifacts.read(version.path, hashes))
    store = Store.open(f"sqlite:///{(home / 'cueloop.sqlite3').absolute()}")
    try:
        with store.write() as conn:
            models.insert(conn, replace(version, project_id=None, path=BLOBS, sha256=hashes))
            models.set_alias(conn, version.name, CHAMPION, version.version)
    finally:
        store.close()
