"""A folder that CUELOOP_ENCODER names may hold anything: it is refused in a line, before any training."""

import numpy as np
import pytest

from cueloop.errors import ModelError
from ml_backend.kinds import train_best
from ml_backend.models import weights
from ml_backend.models.sentence import SentenceEncoder
from tests.ml_backend.conftest import dataset, examples
from tests.ml_backend.models.conftest import change


@pytest.mark.parametrize("wrong", [
    {"num_attention_heads": 0}, {"num_attention_heads": 3}, {"num_hidden_layers": None}, {"hidden_act": ["gelu"]},
    {"model_type": ["bert"]}, {"max_position_embeddings": "x"}, {"max_position_embeddings": -5},
    {"max_position_embeddings": 100_000}, {"layer_norm_eps": "nan"}, {"hidden_size": 17}])
def test_settings_that_fit_nothing_are_refused_before_a_text_is_read(tiny_folder, wrong):
    change(tiny_folder, **wrong)
    with pytest.raises(ModelError, match="ncoder"):
        SentenceEncoder.installed()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("harm", [lambda words: words * np.nan, lambda words: words[:5]], ids=["none", "few"])
def test_weights_that_are_no_numbers_or_too_few_are_refused(tiny_folder, harm):
    from safetensors.numpy import load, save

    path = tiny_folder / weights.WEIGHTS
    tensors = load(path.read_bytes())
    name = "embeddings.word_embeddings.weight"
    path.write_bytes(save(tensors | {name: np.ascontiguousarray(harm(tensors[name]))}))
    with pytest.raises(ModelError, match="cannot be used"):
        SentenceEncoder.installed()


@pytest.mark.parametrize(("name", "content"), [
    ("config.json", b"[" * 100_000), ("config.json", b"\xff\xfe{"), ("tokenizer.json", b"\xff\xfe"),
    ("sentence_bert_config.json", b'{"max_seq_length": [1]}'), (weights.WEIGHTS, b""), (weights.WEIGHTS, b"\x80\x04."),
    (weights.WEIGHTS, (2**63).to_bytes(8, "little") + b"{}")])
def test_files_that_are_something_else_are_refused(tiny_folder, name, content):
    (tiny_folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=str(tiny_folder)):
        SentenceEncoder.installed()


def test_a_broken_folder_does_not_keep_the_other_kinds_from_being_trained(tiny_folder):
    change(tiny_folder, num_attention_heads=0)
    report = train_best(dataset(examples(90)), ("text-linear", "encoder-linear")).report["kinds"]
    assert report["taken"] == "text-linear"
    assert "cannot be used" in report["failed"]["encoder-linear"]
