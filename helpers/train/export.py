"""The network as an ONNX file, written node by node: float, or int8 with an exact word table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from helpers.model.encoder import MARGIN, STATES, WINDOW

HIDDEN, HEADS, LAYERS, EPSILON = 384, 12, 6, 1e-12
MICROSOFT = "com.microsoft"


class Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, domain: str = "", **attributes) -> str:
        """Add a node with one output and return that output's name."""
        self.nodes.append(
            helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes)
        )
        return name


def linear(
    graph: Graph,
    x: str,
    weight: np.ndarray,
    bias: np.ndarray,
    name: str,
    kind: str,
    peaks: np.ndarray | None = None,
) -> str:
    """Add ``x @ weight.T + bias``; ``weight`` is (outputs, inputs) as torch keeps it.

    ``kind`` is "float" or "dynamic" (int8 weights, inputs rounded as they come, one scale for
    all). ``peaks`` holds the largest input seen in each channel: the channels are then evened out
    before they are rounded.
    """
    bias_name = graph.constant(name + ".bias", bias)
    if kind == "float":
        product = graph.add(
            "MatMul", [x, graph.constant(name + ".weight", weight.T)], name + ".product"
        )
        return graph.add("Add", [product, bias_name], name)
    if peaks is not None:
        factor = even_out(peaks, weight)
        reciprocal = graph.constant(name + ".smooth", (1 / factor).astype(np.float32))
        x = graph.add("Mul", [x, reciprocal], name + ".smoothed")
        weight = weight * factor
    scale = np.abs(weight).max(1) / 127
    quantised = np.clip(np.rint(weight / scale[:, None]), -127, 127).astype(np.int8)
    inputs = [
        x,
        graph.constant(name + ".weight", quantised.T),
        graph.constant(name + ".scale", scale.astype(np.float32)),
        "",
        bias_name,
    ]
    return graph.add("DynamicQuantizeMatMul", inputs, name, MICROSOFT)


def even_out(peaks: np.ndarray, weight: np.ndarray, strength: float = 0.7) -> np.ndarray:
    """Return for each input channel what its weights are multiplied, its values divided by.

    A few channels are ten times as large as the rest, so that one scale for all rounds the rest
    coarsely; part of their size is moved into the weights, which have a scale for each output
    (Xiao et al. 2023, "SmoothQuant", ICML). The geometric mean of the factors is 1.
    """
    columns = np.abs(weight).max(0)
    logs = strength * np.log(np.maximum(peaks, 1e-3))
    logs -= (1 - strength) * np.log(np.maximum(columns, 1e-4))
    return np.exp(logs - logs.mean())


def write_onnx(
    state: dict[str, np.ndarray],
    path: Path,
    kind: str = "dynamic",
    peaks: Mapping[str, np.ndarray] = MappingProxyType({}),
    gelu: str = "FastGelu",
) -> None:
    """Write the network with its linear layers as ``kind``, float or dynamic.

    ``peaks`` holds the largest input of each channel of the layers to be evened out, by name.
    """
    graph = Graph()

    def dense(x: str, weight: str, name: str) -> str:
        parts = state[weight + ".weight"], state[weight + ".bias"]
        return linear(graph, x, *parts, name, kind, peaks.get(weight))

    table = state["word.weight"]
    if kind == "float":
        words = graph.add("Gather", [graph.constant("words", table), "ids"], "word")
    else:
        scale = np.abs(table).max(1, keepdims=True) / 127
        quantised = np.rint(table / np.maximum(scale, 1e-12)).astype(np.int8)
        rows = graph.add("Gather", [graph.constant("words", quantised), "ids"], "word.rows")
        factor = graph.constant("words.scale", scale.astype(np.float32))
        scales = graph.add("Gather", [factor, "ids"], "word.scales")
        whole = graph.add("Cast", [rows], "word.cast", to=TensorProto.FLOAT)
        words = graph.add("Mul", [whole, scales], "word")
    # the three small tables as one: shape and quotation state are one index
    shapes, quoted = state["shape.weight"], state["quoted.weight"]
    marks = (shapes[:, None] + quoted[None]).reshape(-1, HIDDEN)
    looks = graph.add("Gather", [graph.constant("looks", marks), "look"], "look.rows")
    length = graph.add("Shape", ["ids"], "length", start=1, end=2)
    places = graph.add(
        "Slice",
        [
            graph.constant("positions", state["position.weight"][: WINDOW + MARGIN]),
            graph.constant("zero", np.zeros(1, np.int64)),
            length,
            graph.constant("axis", np.zeros(1, np.int64)),
        ],
        "place",
    )
    x = graph.add("Add", [words, looks], "sum")
    x = graph.add("Add", [x, places], "sum2")
    x = graph.add(
        "LayerNormalization",
        [
            x,
            graph.constant("norm.w", state["norm.weight"]),
            graph.constant("norm.b", state["norm.bias"]),
        ],
        "embedded",
        axis=-1,
        epsilon=EPSILON,
    )
    for number in range(LAYERS):
        x = add_layer(graph, x, state, f"layers.{number}.", f"layer{number}.", dense, gelu)
    weight = np.concatenate([state[f"{head}.weight"] for head in ("tags", "names", "links")])
    bias = np.concatenate([state[f"{head}.bias"] for head in ("tags", "names", "links")])
    linear(graph, x, weight, bias, "scores", "float")
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"]),
        helper.make_tensor_value_info("look", TensorProto.INT64, ["batch", "length"]),
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "length", width])
        for name, width in (("scores", len(bias)), (STATES, HIDDEN))
    ]
    write_graph(graph, "reader", inputs, outputs, path)


def write_graph(graph: Graph, name: str, inputs: list, outputs: list, path: Path) -> None:
    """Write a graph with its inputs and outputs (value infos) to an ONNX file."""
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=9,
    )
    onnx.save(model, path)


def add_layer(
    graph: Graph,
    x: str,
    state: dict[str, np.ndarray],
    layer: str,
    name: str,
    dense: Callable[[str, str, str], str],
    gelu: str = "FastGelu",
    asker: str = "",
) -> str:
    """Add one transformer layer over ``x`` and return the name of its output.

    ``layer`` begins the names of its weights in ``state``, ``name`` those of its nodes;
    ``dense(x, weight, name)`` adds a linear map. With ``asker`` the layer is read only for the
    states of that name, which ask ``x``; its first weights then come as "query" and "sides".
    """
    sides = [name + side for side in ("query", "key", "value")]
    if asker:
        dense(asker, layer + "query", sides[0])
        split = dense(x, layer + "sides", name + "sides"), sides[1:]
        x = asker
    else:
        split = dense(x, layer + "qkv", name + "qkv"), sides
    graph.nodes.append(helper.make_node("Split", [split[0]], split[1], name + "split", axis=-1))
    attended = graph.add("MultiHeadAttention", sides, name + "attended", MICROSOFT, num_heads=HEADS)
    out = dense(attended, layer + "out", name + "out")
    x = _norm(graph, out, x, state, layer + "norm1", name + "norm1")
    up = graph.add(gelu, [dense(x, layer + "up", name + "up")], name + "gelu", MICROSOFT)
    down = dense(up, layer + "down", name + "down")
    return _norm(graph, down, x, state, layer + "norm2", name + "norm2")


def _norm(graph: Graph, x: str, residual: str, state: dict, weight: str, name: str) -> str:
    whole = graph.add("Add", [x, residual], name + ".sum")
    inputs = [
        whole,
        graph.constant(name + ".w", state[weight + ".weight"]),
        graph.constant(name + ".b", state[weight + ".bias"]),
    ]
    return graph.add("LayerNormalization", inputs, name, axis=-1, epsilon=EPSILON)
