"""What a graph holds: operators, learned numbers, classes.

Needs the package onnx, which predicting does not: only the inspector and the converter import this.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import onnx
from onnx import TensorProto, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Classical operators keep what was learned in attributes.
LEARNED_ATTRIBUTES: Final = frozenset(
    {
        *("class_weights", "target_weights", "base_values", "coefficients", "intercepts", "support_vectors", "rho"),
        *("prob_a", "prob_b", "scale", "offset", "imputed_value_floats", "imputed_value_int64s"),
    }
)
TREES: Final = frozenset({"TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"})
_THROUGH: Final = frozenset({"Cast", "Reshape", "Squeeze", "Identity", "Flatten", "Unsqueeze"})


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphFacts:
    """What was counted in a graph, its subgraphs included.

    Attributes:
        operators: Operator type to how often it occurs.
        parameters: Learned numbers: elements of initialisers and Constant nodes that are no int64, bool or text
            (those are shapes, axes and labels), and of the attributes in which classical operators keep them.
        counts: trees, nodes, leaves, thresholds, support_vectors where there are such.
        classes: Class labels that the graph names, in the order of its scores.
        beside: sha256 of the files beside the graph's that hold its weights, by name.
    """

    name: str
    producer: str
    producer_version: str
    opset: int
    operators: dict[str, int]
    parameters: int
    counts: dict[str, int]
    classes: tuple[str | int, ...]
    beside: dict[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The family by its operators: tree-ensemble, svm, cnn, linear, mlp or other."""
        ops = self.operators
        if TREES & ops.keys():
            return "tree-ensemble"
        if {"SVMClassifier", "SVMRegressor"} & ops.keys():
            return "svm"
        if {"Conv", "ConvInteger", "QLinearConv"} & ops.keys():
            return "cnn"
        layers = sum(ops.get(op, 0) for op in ("Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "QGemm"))
        if {"LinearClassifier", "LinearRegressor"} & ops.keys() or layers == 1:
            return "linear"
        return "mlp" if layers > 1 and "Softmax" not in _inner(ops, layers) else "other"


def _inner(operators: dict[str, int], layers: int) -> set[str]:
    """Operators that occur once a layer: a Softmax among them means attention rather than a last layer."""
    return {name for name, count in operators.items() if count >= layers}


def read_graph(path: Path) -> GraphFacts:
    """Look through a graph; weights in files beside it are counted by their shapes and not read."""
    model = onnx.load(str(path), load_external_data=False)
    beside = {name: path.parent / name for name in _files_beside(model)}
    hashes = {name: _sha256(file) for name, file in sorted(beside.items()) if file.is_file()}
    return replace(graph_facts(model), beside=hashes)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files_beside(model: Any) -> set[str]:  # noqa: ANN401 - onnx.ModelProto
    tensors = [tensor for graph in _graphs(model) for tensor in getattr(graph, "initializer", ())]
    external = [tensor for tensor in tensors if tensor.data_location == TensorProto.EXTERNAL]
    return {entry.value for tensor in external for entry in tensor.external_data if entry.key == "location"}


def graph_facts(model: Any) -> GraphFacts:  # noqa: ANN401 - onnx.ModelProto
    """Count what a graph holds."""
    nodes = [node for graph in _graphs(model) for node in graph.node]
    counts: Counter[str] = Counter()
    learned = sum(_initialisers(graph) for graph in _graphs(model))
    for node in nodes:
        learned += _constant(node) + _attributes(node, counts)
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    return GraphFacts(
        name=model.graph.name,
        producer=model.producer_name,
        producer_version=model.producer_version,
        opset=int(opsets.get("", 0)),
        operators=dict(sorted(Counter(node.op_type for node in nodes).items())),
        parameters=learned,
        counts=dict(counts),
        classes=_classes(model.graph),
    )


def _graphs(model: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    waiting = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting.extend(attribute.graphs)
                if attribute.HasField("g"):
                    waiting.append(attribute.g)


def _initialisers(graph: Any) -> int:  # noqa: ANN401 - a GraphProto, or a FunctionProto, which has none
    dense = sum(_tensor(tensor) for tensor in getattr(graph, "initializer", ()))
    return dense + sum(_tensor(tensor.values) for tensor in getattr(graph, "sparse_initializer", ()))


def _tensor(tensor: TensorProto) -> int:
    is_structure = tensor.data_type in {TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING}
    return 0 if is_structure else int(math.prod(tensor.dims))


def _constant(node: Any) -> int:  # noqa: ANN401 - a NodeProto
    if node.op_type != "Constant":
        return 0
    found = {attribute.name: attribute for attribute in node.attribute}
    if "value" in found:
        return _tensor(found["value"].t)
    if "sparse_value" in found:
        return _tensor(found["sparse_value"].sparse_tensor.values)
    floats: int = len(found["value_floats"].floats) if "value_floats" in found else 0
    return floats + int("value_float" in found)


def _attributes(node: Any, counts: Counter[str]) -> int:  # noqa: ANN401 - as above
    """Learned numbers in a node's attributes; adds what they are to the counts."""
    if node.domain != "ai.onnx.ml":
        return 0
    held = {attribute.name: attribute for attribute in node.attribute}
    sizes = {name: _length(attribute) for name, attribute in held.items()}
    learned = sum(sizes.get(f"{name}{end}", 0) for name in LEARNED_ATTRIBUTES for end in ("", "_as_tensor"))
    if node.op_type in TREES:
        learned += _count_trees(held, counts)
    if node.op_type.startswith("SVM") and "vectors_per_class" in held:
        counts["support_vectors"] += sum(held["vectors_per_class"].ints)
    return learned


def _count_trees(held: dict[str, Any], counts: Counter[str]) -> int:
    """Add trees, nodes, leaves and thresholds; the thresholds are learned numbers."""
    if "nodes_modes" not in held or not held["nodes_modes"].strings:
        return 0  # the later TreeEnsemble packs its nodes in another way
    modes = list(held["nodes_modes"].strings)
    leaves = int(sum(mode == b"LEAF" for mode in modes))
    counts["trees"] += len(set(held["nodes_treeids"].ints))
    counts["nodes"] += len(modes)
    counts["leaves"] += leaves
    counts["thresholds"] += len(modes) - leaves
    return len(modes) - leaves


def _length(attribute: Any) -> int:  # noqa: ANN401 - an AttributeProto
    if attribute.HasField("t"):
        return math.prod(attribute.t.dims)
    return len(attribute.floats) + len(attribute.ints)


def _classes(graph: Any) -> tuple[str | int, ...]:  # noqa: ANN401 - as above
    """Labels that the graph names: a classifier's or ZipMap's, or the table that its label output is looked up in."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name.startswith("classlabels_") and (attribute.strings or attribute.ints):
                return tuple(text.decode() for text in attribute.strings) or tuple(attribute.ints)
    makers = {output: node for node in graph.node for output in node.output}
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for output in graph.output:
        node = makers.get(output.name)
        while node is not None and node.op_type in _THROUGH:
            node = makers.get(node.input[0])
        if node is not None and node.op_type in {"ArrayFeatureExtractor", "Gather"} and node.input[0] in tables:
            table = numpy_helper.to_array(tables[node.input[0]]).ravel()
            return tuple(item.decode() if isinstance(item, bytes) else item for item in table.tolist())
    return ()
