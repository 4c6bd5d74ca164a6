"""What quantization did to each tensor of one model, as columns of `layers`."""

from collections.abc import Mapping, Sequence

from emoray.export.graph import LayerFacts
from emoray.stages.decision_columns import Columns

EXACT_DB = 999.0  # a table holds no infinity


def layer_columns(
    layers: Sequence[LayerFacts], model: str, reasons: Mapping[str, str] | None = None
) -> Columns:
    """One row per weight matrix, quantized or not; `reasons` are the policy's, by weight."""
    why = reasons or {}
    facts = [layer.facts for layer in layers]
    return {
        "model": [model] * len(layers),
        "layer": [layer.name for layer in layers],
        "shape": ["x".join(map(str, f.shape)) for f in facts],
        "scheme": [str(layer.scheme or "float32") for layer in layers],
        "bits": [f.bits for f in facts],
        "alpha": [f.alpha for f in facts],
        "beta": [f.beta for f in facts],
        "scale": [f.scale for f in facts],
        "zero_point": [float(f.zero_point) for f in facts],
        "slices": [f.slices for f in facts],
        "kurtosis": [f.kurtosis for f in facts],
        "share_clipped": [f.share_clipped for f in facts],
        "sqnr_db": [max(-EXACT_DB, min(EXACT_DB, f.sqnr_db)) for f in facts],
        "bytes_before": [f.bytes_before for f in facts],
        "bytes_after": [layer.stored_bytes for layer in layers],
        "execution": [layer.execution for layer in layers],
        "why": [why.get(layer.name, "") for layer in layers],
        "low": [float(f.edges[0]) for f in facts],
        "high": [float(f.edges[-1]) for f in facts],
        "histogram": [f.counts.tolist() for f in facts],
    }
