"""A version of a team's class in service. The registry's loader for the kind `label-studio-ml`."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cueloop import logs
from cueloop import settings as settings_module
from cueloop.errors import LabelConfigError, ModelError
from cueloop.label_config import parse
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store.models import OWN_CLASS, ModelVersion
from cueloop.store.schema import projects
from cueloop.types import Control
from ml_backend.answering.proposal import Proposal
from ml_backend.artifacts import Artifacts
from ml_backend.compat.asking import ask_all
from ml_backend.compat.author import Author
from ml_backend.compat.folder import lay_out
from ml_backend.compat.instance import Instance
from ml_backend.compat.problems import Problems
from ml_backend.versions import libraries

if TYPE_CHECKING:
    from ml_backend.protocol import Asked

KIND = OWN_CLASS
"""Kind of these versions in the registry."""
TAUGHT = "cueloop-taught.json"
"""File of a version: keys of the tasks that it was trained on, or may have read in Label Studio."""
INSTANCES = 8
"""Label configs for which an instance is kept; the one that was not asked for longest goes first."""

log = logs.get(__name__)


def load(artifacts: Artifacts, version: ModelVersion, store: Store | None = None) -> ClassAnswers:
    """See `registry.LOADERS`. Makes the instance of the version's own project, so that nobody waits for it later.

    Raises ModelError when no class is named, or it cannot be imported or made, naming file and line.
    """
    settings = settings_module.load()
    if not settings.ml_class:
        raise ModelError(f"Model {version.name}@{version.version} is a class of your own: name its file with "
                         "CUELOOP_ML_CLASS or `cueloop serve --model-class FILE.py`, or roll back.")
    libraries.check(f"{version.name}@{version.version}", version.card.get("pickled_with") or {})
    folder = lay_out(artifacts, version.path, version.sha256, Path(settings.home).absolute())
    answers = ClassAnswers(Author.of(settings.ml_class), version, folder, settings, store)
    answers.prepare()
    return answers


class ClassAnswers:
    """See `Answering`."""

    def __init__(self, author: Author, version: ModelVersion, folder: Path, settings: Settings,
                 store: Store | None = None) -> None:
        """Makes no instance yet. `folder` holds the version's files."""
        self.author, self.version, self.folder = author, version, folder
        self._settings, self._store = settings, store
        self._instances: OrderedDict[tuple[int | None, str], Instance] = OrderedDict()
        self._making = threading.RLock()
        self._problems = Problems(str(author))

    def prepare(self) -> None:
        """Make the instance of the version's own project. Raises ModelError."""
        xml = self._known(self.version.project_id) or str(self.version.card.get("label_config") or "")
        if xml:
            self.instance(xml, self.version.project_id)
        else:
            self.author.load()

    def propose(self, asked: Asked, controls: Sequence[Control], at: Sequence[int]) -> list[list[Proposal]]:
        """See `Answering.propose`. Whatever the class raises costs the tasks it was asked about, and nothing else."""
        xml = asked.xml or self._known(asked.project_id) or str(self.version.card.get("label_config") or "")
        try:
            instance = self.instance(xml, asked.project_id)
        except ModelError as error:
            self._problems.note(str(error))
            log.error("class cannot be made", model=self.version.name, version=self.version.version, error=str(error))
            return [[] for _ in at]
        return ask_all(instance, [asked.tasks[place] for place in at], asked.params, self._problems)

    def ask(self, xml: str, project_id: int | None, tasks: Sequence[Mapping[str, Any]]) -> list[list[Proposal]]:
        """Proposals for tasks of a project. Raises ModelError when there is no instance for it."""
        return ask_all(self.instance(xml, project_id), tasks, {}, self._problems)

    def seen(self) -> frozenset[int]:
        """Keys of the tasks of the version's project that it was trained on, or may have been."""
        file = self.folder / TAUGHT
        return frozenset(json.loads(file.read_text()) if file.exists() else ())

    def problems(self) -> list[str]:
        """What went wrong since the version was loaded, in sentences without any data; newest last."""
        return self._problems.told()

    def instance(self, xml: str, project_id: int | None) -> Instance:
        """The one instance of this process for a project's label config. Raises ModelError."""
        if project_id is None:
            project_id = self.version.project_id
        key = (project_id, xml)
        with self._making:
            if key not in self._instances or not self._instances[key].usable:
                self._refuse_other_labels(xml)
                self._instances[key] = Instance.make(self.author, self.folder, xml, project_id, self._settings)
                log.info("class made", model=self.version.name, version=self.version.version,
                         project=project_id, file=str(self.author))
            self._instances.move_to_end(key)
            for old in list(self._instances)[:-INSTANCES]:
                del self._instances[old]
            return self._instances[key]

    def _refuse_other_labels(self, xml: str) -> None:
        """What was trained on one set of labels says nothing about another: models number labels by their order."""
        taught = self.version.card.get("labels")
        if taught is not None and xml and labels_of(xml) != taught:
            raise ModelError(f"{self.version.name}@{self.version.version} was trained for other labels than this "
                             "project's: train it for this project, under a name of its own.")

    def _known(self, project_id: int | None) -> str:
        """The label config of a connected project; empty where there is none."""
        if self._store is None or project_id is None:
            return ""
        with self._store.read() as conn:
            return conn.scalar(sa.select(projects.c.label_config).where(projects.c.id == project_id)) or ""


def labels_of(xml: str) -> dict[str, list[str]]:
    """{control: its labels} of a label config; empty when it cannot be read."""
    try:
        return {control.name: sorted(control.labels) for control in parse(xml).controls}
    except LabelConfigError:
        return {}
