"""Models of the other kinds: small texts, a tiny encoder made here, a network that is not there."""

import json
import socket

import numpy as np
import pytest

from ml_backend.models.extras import ENCODER
from tests.ml_backend.conftest import LABELS, examples

LIBRARIES = ("onnx", "onnxruntime", "safetensors.numpy", "tokenizers", "torch", "transformers")


@pytest.fixture(autouse=True, scope="package")
def brought():
    """The libraries, imported once: some warn when they are first imported, and a warning is an error in a test."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in LIBRARIES:
            ENCODER.bring(name)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """No socket can be opened: nothing of this room ever needs one."""
    def refuse(*_args, **_kwargs):
        raise AssertionError("a model asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def taught():
    """(texts, truth, weights) of three topics."""
    some = examples(60)
    return [e.text for e in some], np.array([LABELS.index(e.label) for e in some]), np.ones(60)


def tiny(folder, model_type="bert", **settings):
    """An encoder with weights at random, as transformers writes one, with a tokenizer of letters' pieces."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import AutoConfig, AutoModel

    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = {name: n for n, name in enumerate(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{one}" for one in letters)])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        told = {"vocab_size": len(vocabulary), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
                "intermediate_size": 32, "max_position_embeddings": 64, "initializer_range": 0.5, "pad_token_id": 0}
        model = AutoModel.from_config(AutoConfig.for_model(model_type, **told | settings)).eval()
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return model


@pytest.fixture
def tiny_folder(tmp_path, monkeypatch):
    """CUELOOP_ENCODER names a tiny BERT."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    tiny(folder)
    monkeypatch.setenv("CUELOOP_ENCODER", str(folder))
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path / "home"))
    return folder


def change(folder, **settings):
    """Other settings in the folder's config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))
