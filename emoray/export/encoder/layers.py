"""Build the ONNX model of an encoder: `ids` int32 [N, L] in, `logits` [N, K] out."""

from collections.abc import Mapping

from emoray.export.encoder.graph import wire_encoder
from emoray.export.encoder.network import Encoder
from emoray.export.graph import Built, check_names, checked_ranges, finished_model
from emoray.export.kernels import Ranges
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import FLOAT, ModelScheme


def build_encoder(
    encoder: Encoder,
    scheme: ModelScheme = FLOAT,
    static_ranges: Ranges | None = None,
    maps: Mapping[str, AffineMap] | None = None,
) -> Built:
    """Build the model of an encoder under a scheme.

    Args:
        encoder: its arrays.
        scheme: of weights and activations.
        static_ranges: (alpha, beta) of each product's input, by the name of its kernel; needed for
            Static activations, see `calibrate`.
        maps: learned in training, by the name of their weight.

    Returns:
        The model with facts of its tensors.
    """
    check_names(encoder.weights(), scheme, maps)
    ranges = checked_ranges(encoder.weights(), scheme, static_ranges)
    return finished_model(wire_encoder(encoder, scheme, ranges, maps))
