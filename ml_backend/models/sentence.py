"""A sentence encoder on ONNX Runtime, with 8-bit weights: a quarter of the size, and no torch to train or to serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.models import bert_onnx, weights
from ml_backend.models.embedder import Vectors, readable
from ml_backend.models.extras import ENCODER

LONGEST = 8_000
"""Characters of a text that are read: more than its first pieces of words take."""
AT_ONCE = 2_048
"""Pieces of words that are read together."""
NEEDED = ("encoder.onnx", "tokenizer.json", "longest")


class SentenceEncoder:
    """See `Embedder`. Texts of one length are read together, so that none is padded and none feels another."""

    def __init__(self, model: bytes, tokenizer: str, longest: int) -> None:
        """Of an ONNX model (see `bert_onnx.encoder`), its tokenizer as JSON, and how many pieces of a text it reads."""
        tokenizers, runtime = ENCODER.bring("tokenizers"), ENCODER.bring("onnxruntime")
        self._files = {"encoder.onnx": model, "tokenizer.json": tokenizer.encode(), "longest": str(longest).encode()}
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1    # people work on this machine meanwhile
        options.log_severity_level = 3
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(tokenizer)
            self._session: Any = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001  both libraries raise classes of their own, down to this one
            raise ValueError(f"{type(error).__name__}: {str(error)[:200]}") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        self.size = int(self._session.get_outputs()[0].shape[1])

    @classmethod
    def installed(cls) -> Self:
        """See `Embedder.installed`."""
        ENCODER.bring("tokenizers")
        ENCODER.bring("onnxruntime")
        folder = weights.folder()
        try:
            found = cls(_graph(folder.path, folder.stamp), folder.tokenizer, folder.longest)
            found._tried(folder.longest)
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001  somebody's folder: what does not fit together breaks anywhere
            raise ModelError(f"The encoder in {folder.path} cannot be used: {type(error).__name__}: "
                             f"{str(error)[:200]}.") from None
        return found

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        found = np.zeros((len(texts), self.size), dtype=np.float32)
        for start in range(0, len(texts), AT_ONCE):
            some = [readable(text, LONGEST) for text in texts[start:start + AT_ONCE]]
            ids = [one.ids for one in self._tokenizer.encode_batch_fast(some)]
            for rows in _of_one_length([len(one) for one in ids]):
                tokens = np.array([ids[row] for row in rows], dtype=np.int64)
                found[start + rows] = self._session.run(["vectors"], {"tokens": tokens})[0]
        return found

    def _tried(self, longest: int) -> None:
        """Ask about the longest text, and the last piece of a word. Raises whatever goes wrong with them.

        Files that do not belong together are found before a training begins, not at some text in the middle of it.
        """
        tokens = np.linspace(0, self._tokenizer.get_vocab_size() - 1, longest).astype(np.int64)
        if not np.isfinite(self._session.run(["vectors"], {"tokens": tokens[None]})[0]).all():
            raise ValueError("some of its numbers are none")

    def to_files(self) -> dict[str, bytes]:
        """See `Embedder.to_files`."""
        return dict(self._files)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Embedder.from_files`."""
        ENCODER.bring("tokenizers")
        ENCODER.bring("onnxruntime")
        try:
            model, tokenizer, longest = (files[name] for name in NEEDED)
            return cls(model, tokenizer.decode(), int(longest))
        except (KeyError, ValueError) as error:
            raise ModelError(f"The sentence encoder of this model does not fit together: {error}. "
                             "Train it anew or roll back.") from None


@lru_cache(maxsize=1)
def _graph(path: Path, stamp: tuple[int, ...]) -> bytes:
    """The ONNX model of a folder that looks like that: a process that trains several times writes it once."""
    folder = weights.folder()
    assert (path, stamp) == (folder.path, folder.stamp)
    data = folder.weights
    try:
        tensors = ENCODER.bring("safetensors.numpy").load(data)
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001  the library raises a class of its own, and KeyError for a kind of number
        raise ModelError(f"{path / weights.WEIGHTS} cannot be read as safetensors of numbers that numpy knows "
                         f"({type(error).__name__}).") from None
    return bert_onnx.encoder(folder.config, tensors, first_token=folder.first_token)


def _of_one_length(lengths: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Places of texts with the same number of pieces, so many that they are read together; none of 0."""
    told = np.array(lengths, dtype=np.int64)
    for length in np.unique(told[told > 0]):
        rows = np.flatnonzero(told == length)
        for start in range(0, len(rows), most := max(1, AT_ONCE // int(length))):
            yield rows[start:start + most]
