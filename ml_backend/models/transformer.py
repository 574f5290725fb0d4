"""Kind `transformer`: an encoder of a local folder, fine-tuned whole. For many labels and much patience.

It begins as `encoder-linear` would end, a linear layer on frozen vectors, and then moves everything (Kumar et al. 2022:
from a head at random the first steps spoil what the encoder knows). Loaded from files, never from a network.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.calibration import Floats, Ints
from ml_backend.models import weights as places
from ml_backend.models.embedder import readable
from ml_backend.models.extras import TRANSFORMER
from ml_backend.models.sentence import LONGEST

AT_ONCE = 4_096
"""Pieces of words, filled up ones included, that are read together when it answers."""
HEAD = "head."
"""What begins the names of the last layer's weights."""

T = TypeVar("T", bound="Transformer")


class Transformer:
    """A trained text classifier. Used by several threads at once; on one processor thread each."""

    def __init__(self, model: Any, tokenizer: str, longest: int) -> None:
        """Of a `Network`, its tokenizer as JSON, and how many pieces of a text it reads."""
        self._torch, self.model, self._said, self._longest = libraries(), model, tokenizer, longest
        self._tokenizer = TRANSFORMER.bring("tokenizers").Tokenizer.from_str(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)
        self._filler = int(getattr(model.encoder.config, "pad_token_id", 0) or 0)
        self.model.eval()

    @classmethod
    def fit(cls, texts: Sequence[str], truth: Ints, weights: Floats, *, classes: int, seed: int) -> Self:
        """See `Classifier.fit`."""
        from ml_backend.models import finetuning
        from ml_backend.models.learned import check_learned, check_taught

        each = np.zeros((len(texts), classes), dtype=np.float32)
        each[np.arange(len(texts)), truth] = weights
        check_taught(each)
        torch, folder = libraries(), places.folder()
        with one_thread(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = _begun(cls, folder, classes)
            finetuning.finetune(model, texts, truth, weights, seed)
        check_learned(model.logits(texts), each)
        return model

    def logits(self, texts: Sequence[str]) -> Floats:
        """See `Classifier.logits`."""
        pieces = self.pieces(texts)
        found = np.zeros((len(texts), self.model.head.out_features))
        with one_thread(), self._torch.inference_mode():
            for rows in _batches([len(one) for one in pieces]):
                found[rows] = self.model(*self.batch([pieces[row] for row in rows])).numpy()
        return found

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of the pieces of words of each text; one that has none is a filler."""
        said = self._tokenizer.encode_batch_fast([readable(text, LONGEST) for text in texts])
        return [one.ids or [self._filler] for one in said]

    def batch(self, pieces: Sequence[list[int]]) -> tuple[Any, Any]:
        """(ids, mask) of some texts, filled up to the longest."""
        width = max(map(len, pieces))
        ids = [one + [self._filler] * (width - len(one)) for one in pieces]
        mask = [[1] * len(one) + [0] * (width - len(one)) for one in pieces]
        return self._torch.tensor(ids), self._torch.tensor(mask)

    def to_files(self) -> dict[str, bytes]:
        """`model.safetensors` (the encoder and the last layer), `config.json` and `tokenizer.json`."""
        state = {name: tensor.detach().clone().contiguous() for name, tensor in self.model.state_dict().items()}
        config = {"longest": self._longest, "classes": self.model.head.out_features,
                  "first_token": self.model.first_token, "encoder": {
                      name: value for name, value in self.model.encoder.config.to_dict().items()
                      if name != "_name_or_path"}}      # the folder on the machine it was trained on
        return {"model.safetensors": TRANSFORMER.bring("safetensors.torch").save(state),
                "config.json": json.dumps(config, sort_keys=True).encode(), "tokenizer.json": self._said.encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """See `Classifier.from_files`. Raises ModelError when they do not belong together, or a package is missing."""
        libraries()
        library = TRANSFORMER.bring("transformers")
        try:
            told = json.loads(files["config.json"])
            config = dict(told["encoder"])
            with one_thread():
                known = library.AutoConfig.for_model(config.pop("model_type"), **config)
                model = network((library.AutoModel.from_config(known), bool(told["first_token"])), int(told["classes"]))
                model.load_state_dict(TRANSFORMER.bring("safetensors.torch").load(files["model.safetensors"]))
            return cls(model, files["tokenizer.json"].decode(), int(told["longest"]))
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001  torch, transformers and safetensors raise what they like
            raise ModelError(f"The files of this transformer do not fit together ({type(error).__name__}: "
                             f"{str(error)[:200]}). Train it anew or roll back.") from None


def libraries() -> Any:
    """torch, with transformers kept from the network. Raises ModelError with what to install."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"    # read when they are first imported
    torch = TRANSFORMER.bring("torch")
    said = TRANSFORMER.bring("transformers").logging
    said.set_verbosity_error()
    said.disable_progress_bar()
    return torch


def one_thread() -> Any:
    """People work on this machine meanwhile; and threads of OpenMP do not survive a fork."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def _begun(kind: type[T], folder: places.Folder, classes: int) -> T:
    encoder = pretrained(folder)
    try:
        return kind(network(encoder, classes), folder.tokenizer, folder.longest)
    except Exception as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"The encoder in {folder.path} cannot be used: {type(error).__name__}: {str(error)[:200]}. "
                         "Its tokenizer.json may be broken.") from None


def pretrained(folder: places.Folder) -> tuple[Any, bool]:
    """The encoder of a folder, and whether its first token stands for a text. Raises ModelError."""
    assert folder.weights       # read and checked
    try:
        encoder = TRANSFORMER.bring("transformers").AutoModel.from_pretrained(
            str(folder.path), local_files_only=True, use_safetensors=True, trust_remote_code=False)
    except Exception as error:  # noqa: BLE001  transformers and safetensors raise what they like
        raise ModelError(f"The encoder in {folder.path} cannot be loaded: {str(error)[:200]}. CUELOOP_ENCODER names a "
                         "folder of a model that transformers knows, with model.safetensors.") from None
    return encoder.float(), folder.first_token


def network(encoder: tuple[Any, bool], classes: int) -> Any:
    """The encoder and a last layer on vectors of length 1, as a module of torch: (ids, mask) -> logits."""
    torch = libraries()

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.first_token = encoder
            self.head = torch.nn.Linear(self.encoder.config.hidden_size, classes)

        def vectors(self, ids: Any, mask: Any) -> Any:
            hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            weight = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = hidden[:, 0] if self.first_token else (hidden * weight).sum(1) / weight.sum(1)
            return torch.nn.functional.normalize(pooled, dim=1)

        def forward(self, ids: Any, mask: Any) -> Any:
            return self.head(self.vectors(ids, mask))

    return Network()


def _batches(lengths: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Places of texts that are read together, the shortest first, so that little is filled up."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - start) * lengths[order[end]] > AT_ONCE:
            yield order[start:end]
            start = end
