#!/usr/bin/env python3
"""Writes what was trained as ONNX, in full precision and in 8 bits: export.py --base FOLDER --run FOLDER --out FOLDER

The graph is written by hand in the shapes that ONNX Runtime knows to join (attention, skip and norm, gelu), joined once, and
then quantised: weights per channel in a reduced range, which also suits processors without VNNI. The head stays whole.
"""

import argparse
import pickle
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

import encoder
import texts

HEAD = "head"


class Graph:
    """Nodes and constants on the way to a model."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], {}, 0

    def constant(self, name, value, kind=np.float32):
        self.constants.setdefault(name, numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, op, inputs, name=None, outputs=1, **attributes):
        self.count += 1
        name = name or f"{op}_{self.count}"
        made = [name] if outputs == 1 else [f"{name}_{n}" for n in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, made, name=f"{name}_node", **attributes))
        return made[0] if outputs == 1 else made

    def dense(self, x, weights, name):
        product = self.add("MatMul", [x, self.constant(f"{name}.w", weights["w"])], f"{name}.product")
        return self.add("Add", [product, self.constant(f"{name}.b", weights["b"])], f"{name}.sum")

    def norm(self, x, weights, name):
        scale, bias = self.constant(f"{name}.g", weights["g"]), self.constant(f"{name}.b", weights["b"])
        return self.add("LayerNormalization", [x, scale, bias], f"{name}.out", axis=-1, epsilon=encoder.EPSILON)

    def gelu(self, x, name):
        """0.5 x (1 + erf(x / sqrt 2)), in the order that is recognised."""
        inner = self.add("Div", [x, self.constant("sqrt2", np.sqrt(2.0))], f"{name}.div")
        erf = self.add("Erf", [inner], f"{name}.erf")
        plus = self.add("Add", [erf, self.constant("one", 1.0)], f"{name}.plus")
        times = self.add("Mul", [x, plus], f"{name}.times")
        return self.add("Mul", [times, self.constant("half", 0.5)], f"{name}.gelu")

    def layer(self, x, weights, bias, name):
        shape = self.constant("heads", [0, 0, encoder.HEADS, encoder.HIDDEN // encoder.HEADS], np.int64)
        whole = self.constant("whole", [0, 0, encoder.HIDDEN], np.int64)

        def heads(part, order):
            split = self.add("Reshape", [self.dense(x, weights[part], f"{name}.{part}"), shape], f"{name}.{part}.split")
            return self.add("Transpose", [split], f"{name}.{part}.heads", perm=order)

        query, value = heads("query", [0, 2, 1, 3]), heads("value", [0, 2, 1, 3])
        key = heads("key", [0, 2, 3, 1])
        scores = self.add("MatMul", [query, key], f"{name}.scores")
        root = self.constant("root", (encoder.HIDDEN / encoder.HEADS) ** 0.5)
        masked = self.add("Add", [self.add("Div", [scores, root], f"{name}.scaled"), bias], f"{name}.masked")
        seen = self.add("Softmax", [masked], f"{name}.seen", axis=-1)
        mixed = self.add("Transpose", [self.add("MatMul", [seen, value], f"{name}.mixed")], f"{name}.back", perm=[0, 2, 1, 3])
        joined = self.add("Reshape", [mixed, whole], f"{name}.joined")
        x = self.norm(self.add("Add", [self.dense(joined, weights["out"], f"{name}.out"), x], f"{name}.skip1"), weights["norm1"], f"{name}.norm1")
        wide = self.gelu(self.dense(x, weights["up"], f"{name}.up"), f"{name}.act")
        return self.norm(self.add("Add", [self.dense(wide, weights["down"], f"{name}.down"), x], f"{name}.skip2"), weights["norm2"], f"{name}.norm2")

    def masked_places(self, mask, low, name):
        """0 where a token stands, `low` where none does."""
        absent = self.add("Sub", [self.constant("one", 1.0), mask], f"{name}.absent")
        return self.add("Mul", [absent, self.constant(f"{name}.low", low)], f"{name}.bias")

    def head(self, x, weights, mask):
        axes = self.constant("last", [2], np.int64)
        logit = self.add("Squeeze", [self.dense(x, weights["weigh"], f"{HEAD}.weigh"), axes], f"{HEAD}.token")
        share = self.add("Softmax", [self.add("Add", [logit, self.masked_places(mask, -1e9, f"{HEAD}.far")], f"{HEAD}.seen")], f"{HEAD}.share", axis=-1)
        weighed = self.add("Mul", [self.add("Unsqueeze", [share, axes], f"{HEAD}.column"), x], f"{HEAD}.weighed")
        total = self.add("ReduceSum", [weighed, self.constant("tokens", [1], np.int64)], f"{HEAD}.total", keepdims=0)
        low = self.add("Unsqueeze", [self.masked_places(mask, -1e4, f"{HEAD}.near"), axes], f"{HEAD}.low")
        largest = self.add("ReduceMax", [self.add("Add", [x, low], f"{HEAD}.high")], f"{HEAD}.largest", axes=[1], keepdims=0)
        both = self.add("Concat", [total, largest], f"{HEAD}.both", axis=-1)
        hidden = self.add("Tanh", [self.dense(both, weights["dense"], f"{HEAD}.dense")], f"{HEAD}.hidden")
        product = self.add("MatMul", [hidden, self.constant(f"{HEAD}.out.w", weights["out"]["w"])], f"{HEAD}.out.product")
        return self.add("Add", [product, self.constant(f"{HEAD}.out.b", weights["out"]["b"])], "logits")


def model(embeddings, layers, head):
    graph = Graph()
    words = graph.add("Gather", [graph.constant("words", embeddings["words"]), "input_ids"], "embedded.words")
    axis, zero, one = (graph.constant(f"n{n}", [n], np.int64) for n in (1, 0, 1))
    shape = graph.add("Shape", ["input_ids"], "shape")
    length = graph.add("Gather", [shape, graph.constant("second", 1, np.int64)], "length", axis=0)
    ends = graph.add("Unsqueeze", [length, zero], "ends")
    places = graph.add("Slice", [graph.constant("places", embeddings["places"] + embeddings["kinds"][0]), zero, ends, zero], "embedded.places")
    x = graph.norm(graph.add("Add", [words, places], "embedded.sum"), embeddings["norm"], "embedded.norm")
    mask = graph.add("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    wide = graph.add("Unsqueeze", ["attention_mask", graph.constant("middle", [1, 2], np.int64)], "mask.wide")
    cast = graph.add("Cast", [wide], "mask.cast", to=TensorProto.FLOAT)
    absent = graph.add("Sub", [graph.constant("one", 1.0), cast], "mask.absent")
    bias = graph.add("Mul", [absent, graph.constant("mask.low", -1e9)], "mask.bias")
    for number, weights in enumerate(layers):
        x = graph.layer(x, weights, bias, f"layer{number}")
    graph.head(x, head, mask)
    ints = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in ("input_ids", "attention_mask")]
    logits = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])]
    made = helper.make_graph(graph.nodes, "minilm", ints, logits, list(graph.constants.values()))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def joined(source, target):
    """Lets ONNX Runtime join what belongs together, before the weights are rounded."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def quantised(source, target):
    import onnx

    nodes = [node.name for node in onnx.load(str(source)).graph.node]
    whole = [name for name in nodes if HEAD in name]
    quantize_dynamic(
        str(source), str(target), per_channel=True, reduce_range=True, weight_type=QuantType.QInt8, nodes_to_exclude=whole,
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True)
    parser.add_argument("--run", required=True, type=Path, help="the folder that train.py wrote")
    parser.add_argument("--out", required=True, type=Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    weights, tokenizer = texts.base_files(given.base)
    embeddings, layers = encoder.loaded(weights)
    kept = pickle.loads((given.run / "best.pickle").read_bytes())
    layers = layers[: kept["frozen"]] + list(kept["learning"]["layers"])
    plain, fused, small = (given.out / name for name in ("plain.onnx", "fused.onnx", "model.onnx"))
    plain.write_bytes(model(embeddings, layers, kept["learning"]["head"]).SerializeToString())
    joined(plain, fused)
    quantised(fused, small)
    shutil.copy(tokenizer, given.out / "tokenizer.json")
    for path in (plain, fused, small):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
