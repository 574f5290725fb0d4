"""Writes a BERT encoder as an ONNX graph with 8-bit weights, straight from its weights: neither torch nor an exporter.

Numbers are kept as in W8A8 per-channel, per-token quantisation (Yao et al. 2022, ZeroQuant): a weight column and the
vector of a token each have a scale of their own. The usual dynamic quantisation takes one scale for a whole batch, so
that what else is asked changes a text's answer; here it does not. Activations keep to 7 bits: processors without VNNI
add pairs of products in 16 bits, and 8 bits would overflow there in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.models.extras import ENCODER

Tensors = Mapping[str, NDArray[Any]]

OPSET, IR = 20, 9
"""Of ONNX: the first with Gelu, and what runtimes of that age read."""
TOKEN_LEVELS, WEIGHT_LEVELS = 63.0, 127.0
"""Largest whole number that a token's vector and a column of weights are scaled to."""
SHIFTED = {"roberta", "xlm-roberta", "camembert"}
"""Architectures that are BERT but for positions that begin after the padding's number."""
ACTIVATIONS = {"gelu": {}, "gelu_new": {"approximate": "tanh"}, "gelu_pytorch_tanh": {"approximate": "tanh"}}


def supported(config: Mapping[str, Any]) -> bool:
    """Whether a model with this `config.json` is a BERT as it is written here."""
    return (str(config.get("model_type")) in {"bert", *SHIFTED} and str(config.get("hidden_act")) in ACTIVATIONS
            and config.get("position_embedding_type", "absolute") == "absolute" and not config.get("is_decoder"))


def encoder(config: Mapping[str, Any], tensors: Tensors, *, first_token: bool = False) -> bytes:
    """The ONNX model: `tokens` (texts, length) int64, all of one length -> `vectors` (texts, hidden), of length 1.

    A text's vector is the mean of its tokens', or its first token's. Raises ModelError for an architecture or weights
    that it is not made for.
    """
    if not supported(config):
        raise ModelError(f"Encoders of type {config.get('model_type')!r} cannot be used; BERT and RoBERTa can "
                         "(their config.json says so).")
    try:
        graph = _Graph(tensors)
        hidden = _embedded(graph, config)
        for number in range(int(config["num_hidden_layers"])):
            hidden = _layer(graph, config, hidden, f"encoder.layer.{number}.")
    except KeyError as error:
        raise ModelError(f"The encoder's weights lack {error}: config.json and model.safetensors do not belong "
                         "together.") from None
    axes = graph.constant("pooled_axis", np.array([1]))
    pooled = (graph.op("Gather", hidden, graph.constant("first", np.array(0)), axis=1) if first_token
              else graph.op("ReduceMean", hidden, axes, keepdims=0))
    graph.op("LpNormalization", pooled, axis=-1, p=2, output="vectors")
    return graph.model(int(config["hidden_size"]))


def _embedded(graph: _Graph, config: Mapping[str, Any]) -> str:
    words = graph.tensor("embeddings.word_embeddings.weight")
    positions = graph.tensor("embeddings.position_embeddings.weight")
    if config["model_type"] in SHIFTED:
        positions = positions[int(config.get("pad_token_id", 1)) + 1:]
    positions = positions + graph.tensor("embeddings.token_type_embeddings.weight")[0]
    whole, scale = _quantised(words.T)
    word = graph.op("Cast", graph.op("Gather", graph.constant("words", whole.T), "tokens"), to=1)
    word = graph.op("Mul", word, graph.op("Gather", graph.constant("words_scale", scale[:, None]), "tokens"))
    length = graph.op("Slice", graph.op("Shape", "tokens"), graph.constant("one", np.array([1])),
                      graph.constant("two", np.array([2])))
    position = graph.op("Slice", graph.constant("positions", positions), graph.constant("zero", np.array([0])), length)
    return _normed(graph, graph.op("Add", word, position), "embeddings.LayerNorm", config)


def _layer(graph: _Graph, config: Mapping[str, Any], hidden: str, name: str) -> str:
    size, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    each, own = size // heads, f"{name}attention.self."
    parts = [graph.linear(f"{own}{part}") for part in ("query", "key", "value")]
    parts[0] = (parts[0][0] / each**0.5, parts[0][1] / each**0.5)
    joined = (np.concatenate([weight for weight, _ in parts], axis=1), np.concatenate([bias for _, bias in parts]))
    asked, known, told = graph.several("Split", 3, _product(graph, hidden, joined), axis=-1, num_outputs=3)
    apart = graph.constant("heads", np.array([0, 0, heads, each]))
    asked = graph.op("Transpose", graph.op("Reshape", asked, apart), perm=[0, 2, 1, 3])
    known = graph.op("Transpose", graph.op("Reshape", known, apart), perm=[0, 2, 3, 1])
    told = graph.op("Transpose", graph.op("Reshape", told, apart), perm=[0, 2, 1, 3])
    seen = graph.op("MatMul", graph.op("Softmax", graph.op("MatMul", asked, known), axis=-1), told)
    seen = graph.op("Reshape", graph.op("Transpose", seen, perm=[0, 2, 1, 3]),
                    graph.constant("together", np.array([0, 0, size])))
    seen = _product(graph, seen, graph.linear(f"{name}attention.output.dense"))
    hidden = _normed(graph, graph.op("Add", seen, hidden), f"{name}attention.output.LayerNorm", config)
    wide = _product(graph, hidden, graph.linear(f"{name}intermediate.dense"))
    wide = graph.op("Gelu", wide, **ACTIVATIONS[config["hidden_act"]])
    narrow = _product(graph, wide, graph.linear(f"{name}output.dense"))
    return _normed(graph, graph.op("Add", narrow, hidden), f"{name}output.LayerNorm", config)


def _normed(graph: _Graph, summed: str, name: str, config: Mapping[str, Any]) -> str:
    return graph.op("LayerNormalization", summed, graph.constant("", graph.tensor(f"{name}.weight")),
                    graph.constant("", graph.tensor(f"{name}.bias")), axis=-1,
                    epsilon=float(config.get("layer_norm_eps", 1e-12)))


def _product(graph: _Graph, of: str, linear: tuple[NDArray[np.float32], NDArray[np.float32]]) -> str:
    """Tokens' vectors times weights, in whole numbers, and the bias."""
    weight, bias = linear
    whole, scale = _quantised(weight)
    middle = graph.constant("middle", np.array(128, dtype=np.uint8))
    largest = graph.op("ReduceMax", graph.op("Abs", of), graph.constant("last", np.array([-1])), keepdims=1)
    levels = graph.constant("levels", np.array(1 / TOKEN_LEVELS, dtype=np.float32))
    step = graph.op("Max", graph.op("Mul", largest, levels), graph.constant("least", np.array(1e-12, dtype=np.float32)))
    shifted = graph.op("Add", graph.op("Round", graph.op("Div", of, step)),
                       graph.constant("shift", np.array(128, dtype=np.float32)))
    summed = graph.op("MatMulInteger", graph.op("Cast", shifted, to=2), graph.constant("", whole), middle)
    product = graph.op("Mul", graph.op("Mul", graph.op("Cast", summed, to=1), step), graph.constant("", scale))
    return graph.op("Add", product, graph.constant("", bias))


def _quantised(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights (in, out) as whole numbers and the scale (out,) of each column."""
    scale = np.maximum(np.abs(weight).max(axis=0) / WEIGHT_LEVELS, 1e-12).astype(np.float32)
    return np.round(weight / scale).astype(np.int8), scale


class _Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = {name.removeprefix("bert.").removeprefix("roberta."): one for name, one in tensors.items()}
        self._onnx = ENCODER.bring("onnx")
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def tensor(self, name: str) -> NDArray[np.float32]:
        return np.asarray(self._tensors[name], dtype=np.float32)

    def linear(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights (in, out) and bias (out,)."""
        return self.tensor(f"{name}.weight").T, self.tensor(f"{name}.bias")

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A constant; one with a name is there once."""
        name = name or f"constant_{len(self._constants)}"
        if name not in self._constants:
            self._constants[name] = self._onnx.numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"step_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def several(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        names = [f"step_{len(self._nodes)}_{part}" for part in range(count)]
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def model(self, size: int) -> bytes:
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        graph = helper.make_graph(
            self._nodes, "encoder", [helper.make_tensor_value_info("tokens", kinds.INT64, ["texts", "length"])],
            [helper.make_tensor_value_info("vectors", kinds.FLOAT, ["texts", size])],
            initializer=list(self._constants.values()))
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR,
                                 producer_name="cueloop")
        return bytes(made.SerializeToString(deterministic=True))
