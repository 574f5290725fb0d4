"""Static embeddings: a vector for each piece of a word, a text is the mean of its pieces. No GPU, no torch.

The weights are those that the package wordllama carries (Miller 2024: token embeddings of large language models,
trained further as sentence embeddings). Only its two files are read: nothing of it is imported, nothing downloaded.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.calibration import Floats, Ints
from ml_backend.models.embedder import Vectors, of_length_one, readable
from ml_backend.models.extras import STATIC

WEIGHTS, TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
"""Files of the package."""
LONGEST = 200_000
"""Characters of a text that are read."""
LONGEST_WORD = 1_000
"""Characters of a word that are read."""
REMEMBERED, LONGEST_REMEMBERED = 50_000, 64
"""Words whose pieces are remembered at most; characters of one that is."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The words between blanks of some texts."""

    words: tuple[str, ...]
    """Distinct ones."""
    vectors: Vectors
    """(words, size): sum of the vectors of each one's pieces."""
    pieces: Ints
    """(words,) how many they are."""
    text: Ints
    """(p,) text of each occurrence, ascending."""
    word: Ints
    """(p,) its word."""
    texts: int


class StaticEmbeddings:
    """See `Embedder`."""

    def __init__(self, matrix: NDArray[np.float16], tokenizer: str) -> None:
        """Of the vectors of all pieces (pieces, size), and the tokenizer as its JSON."""
        library = STATIC.bring("tokenizers")
        self._matrix, self._said = matrix, tokenizer
        try:
            self._tokenizer = library.Tokenizer.from_str(tokenizer)
        except Exception as error:  # noqa: BLE001  the library raises this very class
            raise ValueError(f"tokenizer: {error}") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        if matrix.ndim != 2 or self._tokenizer.get_vocab_size() > len(matrix):
            raise ValueError(f"{matrix.shape} vectors for {self._tokenizer.get_vocab_size()} pieces of words")
        self.size = int(matrix.shape[1])
        self._known: dict[str, Ints] = {}

    @classmethod
    def installed(cls) -> Self:
        """See `Embedder.installed`."""
        folder = STATIC.folder("wordllama")
        STATIC.bring("tokenizers")
        try:
            weights = (folder / WEIGHTS).read_bytes()
            tokenizer = (folder / TOKENIZER).read_text(encoding="utf-8")
        except OSError as error:
            raise ModelError(f"The package wordllama holds no {error.filename}: install the version that "
                             "constraints/cueloop.txt names.") from None
        return cls(np.asarray(STATIC.bring("safetensors.numpy").load(weights)["embedding.weight"], dtype=np.float16),
                   tokenizer)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        return self.pooled(self.count(texts))

    def count(self, texts: Sequence[str]) -> Counted:
        """The words of texts, each with what it adds to the sum of its text."""
        distinct: dict[str, int] = {}
        split = [readable(text, LONGEST).split() for text in texts]
        word = np.array([distinct.setdefault(word, len(distinct)) for words in split for word in words],
                        dtype=np.int64)
        ids = self._ids(list(distinct))
        pieces = np.array([len(one) for one in ids], dtype=np.int64)
        vectors = np.zeros((len(ids), self.size), dtype=np.float32)
        some = np.flatnonzero(pieces)
        if len(some):
            begin = np.cumsum(pieces[some]) - pieces[some]
            vectors[some] = np.add.reduceat(self._matrix[np.concatenate(ids)].astype(np.float32), begin, axis=0)
        return Counted(tuple(distinct), vectors, pieces, np.repeat(np.arange(len(split)), [len(one) for one in split]),
                       word, len(texts))

    def pooled(self, counted: Counted) -> Vectors:
        """(texts, size): what `embed` tells of counted texts."""
        return of_length_one(self._sums(counted))

    def lengths(self, counted: Counted) -> Floats:
        """(texts,) length of the sum of each text's words, which `pooled` divides by."""
        return np.asarray(np.linalg.norm(self._sums(counted), axis=1), dtype=np.float64)

    def _sums(self, counted: Counted) -> Vectors:
        from scipy.sparse import csr_matrix

        begin = np.searchsorted(counted.text, np.arange(counted.texts + 1))
        times = csr_matrix((np.ones(len(counted.word), dtype=np.float32), counted.word, begin),
                           shape=(counted.texts, len(counted.words)))
        return np.asarray(times @ counted.vectors, dtype=np.float32)

    def to_files(self) -> dict[str, bytes]:
        """See `Embedder.to_files`."""
        packed = io.BytesIO()
        np.save(packed, self._matrix, allow_pickle=False)
        return {"embeddings.npy": packed.getvalue(), "tokenizer.json": self._said.encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Embedder.from_files`."""
        STATIC.bring("tokenizers")
        try:
            matrix: Any = np.load(io.BytesIO(files["embeddings.npy"]), allow_pickle=False)
            return cls(matrix, files["tokenizer.json"].decode())
        except (KeyError, ValueError, OSError, EOFError) as error:
            raise ModelError(f"The static embeddings of this model do not fit together: {error}. "
                             "Train it anew or roll back.") from None

    def _ids(self, words: list[str]) -> list[Ints]:
        """Pieces of each word. A blank before a word belongs to its first piece, so words are read one by one."""
        known = self._known
        new = [word for word in words if word not in known]
        found = {word: np.array(one.ids, dtype=np.int64) for word, one in zip(
            new, self._tokenizer.encode_batch_fast([word[:LONGEST_WORD] for word in new], add_special_tokens=False),
            strict=True)} if new else {}
        told = [found[word] if word in found else known[word] for word in words]
        if len(known) + len(found) > REMEMBERED:
            known = self._known = {}
        known.update((word, ids) for word, ids in found.items() if len(word) <= LONGEST_REMEMBERED)
        return told
