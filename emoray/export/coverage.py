"""The parts of a model that are integer, and the reason for each part that is not.

Bytes are counted as float32 before anything became codes; products in multiply-accumulates (MACs)
of one text. Works for every family: token products are those of a layer, a pool, a projection or an
expansion.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from emoray.export.execution import FOUR_BIT, INTEGER
from emoray.export.graph import Built, LayerFacts
from emoray.export.writer import all_nodes
from emoray.quant.scheme import EMBEDDING

TOKENS = 20  # of a text by default
BY_TOKEN = ("layer", "pool", "projection", "expansion")
SIDED = "MatMulIntegerToFloat"  # the operator that takes uint8 activations and int8 weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Shares from 0 to 1, and a line for every group of tensors that are treated alike.

    Attributes:
        quantized_bytes_share: of all trained numbers, those that are codes in the file.
        integer_products_share: of all MACs, those of 8-bit codes with 8-bit codes.
        lines: of text.
    """

    quantized_bytes_share: float
    integer_products_share: float
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def _macs(built: Built, layer: LayerFacts, tokens: int) -> int:
    """Multiply-accumulates of one text; a look-up has none."""
    if built.macs is not None:
        return built.macs[layer.name]
    if layer.name == EMBEDDING:
        return 0
    inputs, outputs = layer.facts.shape
    return inputs * outputs * (tokens if layer.name.startswith(BY_TOKEN) else 1)


def _attention_macs(built: Built, tokens: int) -> int:
    """Multiply-accumulates of scores and weighted values of an encoder's self-attention."""
    if built.macs is not None:
        return built.float_macs
    queries = [layer for layer in built.layers if _is_query(layer)]
    return sum(2 * tokens * tokens * layer.facts.shape[1] for layer in queries)


def _is_query(layer: LayerFacts) -> bool:
    return layer.name.startswith("layer") and layer.name.endswith(".query")


def _reason(layer: LayerFacts) -> str:
    """How one tensor is computed, and why not in integers."""
    if layer.scheme is None:
        return "float32: kept float by the scheme"
    bits = f"{layer.facts.bits}-bit codes"
    if layer.name == EMBEDDING:
        return f"{bits}: rows become float when looked up, by design"
    if layer.execution == INTEGER:
        return f"{bits} times 8-bit codes, summed in 32 bits: integer"
    if layer.execution == FOUR_BIT:
        return f"{bits} read by the kernel, summed in float: the scheme leaves activations float"
    return (
        f"{bits} that become float when a session starts: no kernel for {layer.scheme} "
        "with float activations"
    )


def _megabytes(count: float) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{len(names)} tensors"


def _groups(built: Built) -> Iterator[tuple[str, list[LayerFacts]]]:
    groups: dict[str, list[LayerFacts]] = {}
    for layer in built.layers:
        groups.setdefault(_reason(layer), []).append(layer)
    yield from groups.items()


def _lines(built: Built, total_macs: int, rest_bytes: int, tokens: int) -> Iterator[str]:
    for reason, layers in _groups(built):
        before = sum(layer.facts.bytes_before for layer in layers)
        stored = sum(layer.stored_bytes for layer in layers)
        share = sum(_macs(built, layer, tokens) for layer in layers) / total_macs
        size = _megabytes(stored) if stored == before else f"{_megabytes(before)} → "
        size += "" if stored == before else _megabytes(stored)
        yield f"{_names([layer.name for layer in layers])}: {reason}; {size}, {share:.1%} of MACs"
    if attention := _attention_macs(built, tokens):
        yield f"attention scores: float by design; {attention / total_macs:.1%} of MACs"
    if built.float_nodes:
        yield built.float_nodes
    yield f"biases, norms, positions and nodes: float by design; {_megabytes(rest_bytes)}"
    eight = any(layer.execution == INTEGER and layer.facts.bits == 8 for layer in built.layers)
    if eight and any(node.op_type == SIDED for node in all_nodes(built.model.graph)):
        yield (
            "integer sums are exact with VNNI, AMX or ARM's dot products; older x86 may saturate "
            "8-bit weights, never 7-bit ones"
        )


def coverage(built: Built, *, tokens: int = TOKENS) -> Coverage:
    """Measure which parts of a model are integer, for texts of so many tokens."""
    quantized = [layer for layer in built.layers if layer.scheme is not None]
    integer = [layer for layer in built.layers if layer.execution == INTEGER]
    rest_bytes = len(built.file) - sum(layer.stored_bytes for layer in built.layers)
    total_bytes = sum(layer.facts.bytes_before for layer in built.layers) + rest_bytes
    total_macs = sum(_macs(built, layer, tokens) for layer in built.layers)
    total_macs = max(1, total_macs + _attention_macs(built, tokens))
    return Coverage(
        quantized_bytes_share=sum(layer.facts.bytes_before for layer in quantized) / total_bytes,
        integer_products_share=sum(_macs(built, layer, tokens) for layer in integer) / total_macs,
        lines=tuple(_lines(built, total_macs, rest_bytes, tokens)),
    )
