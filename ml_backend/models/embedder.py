"""What maps texts to vectors: static embeddings, sentence encoders. Each is whole in its files and runs offline."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol, Self, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Maps texts to vectors of one size. Used by several threads at once."""

    size: int
    """Length of a vector."""

    @classmethod
    def installed(cls) -> Self:
        """The one that training starts from, of this machine. Raises ModelError with what to install or to set."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, size): each of length 1, or 0 where a text says nothing. It depends on no other text."""
        ...

    def to_files(self) -> dict[str, bytes]:
        """All of it, as files without code: the same bytes for the same weights."""
        ...

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """What `to_files` wrote. Raises ModelError where a package is missing or the files do not fit together."""
        ...


E = TypeVar("E", bound=Embedder)

_shared: WeakValueDictionary[str, Embedder] = WeakValueDictionary()
_lock = threading.Lock()


def shared(kind: type[E], files: Mapping[str, bytes]) -> E:
    """The embedder of those files, in memory once: heads and versions mostly have the same.

    Raises ModelError as `Embedder.from_files`.
    """
    name = _digest(kind, files)
    with _lock:
        found = _shared.get(name)
        if not isinstance(found, kind):
            found = _shared[name] = kind.from_files(files)
        return found


def adopted(embedder: E) -> E:
    """The same embedder, or the equal one that is in memory already."""
    with _lock:
        found = _shared.setdefault(_digest(type(embedder), embedder.to_files()), embedder)
        return found if isinstance(found, type(embedder)) else embedder


def _digest(kind: type[Embedder], files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(kind.__qualname__.encode())
    for name in sorted(files):
        digest.update(f"\0{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()


def readable(text: str, longest: int) -> str:
    """The beginning of a text as tokenizers take it: halves of surrogate pairs, which no text file holds, replaced."""
    text = text[:longest]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def of_length_one(vectors: Vectors) -> Vectors:
    """Each row divided by its length; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return found
