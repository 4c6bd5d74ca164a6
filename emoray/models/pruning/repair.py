"""What is left of a pruned encoder, fitted to say what the whole one said, by least squares.

Layer by layer from the bottom, each product that lost inputs (`attention`, `outer`) is solved anew,
so that residual and product together come close to those of the whole encoder on train texts. Kwon
et al. 2022 solve for one factor a unit; here all of the product is free, and ridge regression keeps
it near its own values where the texts do not say otherwise.
Shapes: N texts, L tokens, I inputs of a product and 1 for its bias, D width.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emoray.models.batches import PaddedTexts
from emoray.models.encoder.layers import Mask, TransformerLayer
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.pruning.activity import layers_of
from emoray.models.pruning.task_loss import batches

RIDGE = 1e-2  # of the inputs' mean square


@dataclass(slots=True, eq=False)
class _Batch:
    """Texts inside both encoders: what their next layer reads."""

    real_NL: Tensor
    mask: Mask
    whole_NLD: Tensor
    left_NLD: Tensor


def _solve(product: nn.Linear, pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Move a product to the least squared error over (inputs, wanted outputs) of tokens."""
    inputs = product.in_features + 1
    gram_II = torch.zeros(inputs, inputs, dtype=torch.float64)
    wanted_ID = torch.zeros(inputs, product.out_features, dtype=torch.float64)
    tokens = 0
    for given, wanted in pairs:
        rows = torch.cat([given, given.new_ones(len(given), 1)], 1)
        gram_II += (rows.T @ rows).double()
        wanted_ID += (rows.T @ wanted).double()
        tokens += len(rows)
    ridge = RIDGE * gram_II.diagonal().mean() / tokens
    old_ID = torch.cat([product.weight.T, product.bias[None]]).double()
    eye_II = torch.eye(inputs, dtype=torch.float64)
    new_ID = torch.linalg.solve(
        gram_II / tokens + ridge * eye_II, wanted_ID / tokens + ridge * old_ID
    )
    product.weight.copy_(new_ID[:-1].T.float())
    product.bias.copy_(new_ID[-1].float())


def _repair_attention(
    layer: TransformerLayer, whole: TransformerLayer, found: Sequence[_Batch]
) -> None:
    def pairs() -> Iterable[tuple[Tensor, Tensor]]:
        for batch in found:
            real = batch.real_NL
            said = batch.whole_NLD + whole.attention(whole.seen(batch.whole_NLD, batch.mask))
            given = layer.seen(batch.left_NLD, batch.mask)
            yield given[real], (said - batch.left_NLD)[real]

    _solve(layer.attention, pairs())


def _repair_outer(layer: TransformerLayer, found: Sequence[_Batch], said: Sequence[Tensor]) -> None:
    def pairs() -> Iterable[tuple[Tensor, Tensor]]:
        for batch, said_NLD in zip(found, said, strict=True):
            x_NLD = layer.attended(batch.left_NLD, batch.mask)
            yield layer.hidden(x_NLD)[batch.real_NL], (said_NLD - x_NLD)[batch.real_NL]

    _solve(layer.outer, pairs())


def _through(layers: Sequence[TransformerLayer], found: Sequence[_Batch]) -> list[Tensor]:
    """Move the whole encoder past these layers; return the last one's sums before its norm."""
    said = [batch.whole_NLD for batch in found]
    for layer in layers:
        for i, batch in enumerate(found):
            x_NLD = layer.attended(batch.whole_NLD, batch.mask)
            said[i] = x_NLD + layer.outer(layer.hidden(x_NLD))
            batch.whole_NLD = layer.finished(said[i])
    return said


@torch.inference_mode()
def repair(
    left: EncoderClassifier, whole: EncoderClassifier, sources: Sequence[int], texts: PaddedTexts
) -> None:
    """Fit the pruned encoder `left` to the whole one, in place.

    A layer makes up for those that were removed above it, too: it takes their last norm, and says
    what they said.

    Args:
        left: the pruned encoder, without dropout.
        whole: as it was, without dropout.
        sources: where each layer of `left` stands in `whole`.
        texts: of train.
    """
    found = []
    for ids_NL, _ in batches(texts):
        real_NL = ids_NL != 0
        x_NLD = whole.embedded(ids_NL)
        found.append(_Batch(real_NL, whole.mask(real_NL), x_NLD, x_NLD))
    layers = layers_of(whole)
    _through(layers[: sources[0]], found)
    ends = [*sources[1:], len(layers)]
    for layer, source, end in zip(layers_of(left), sources, ends, strict=True):
        _repair_attention(layer, layers[source], found)
        said = _through(layers[source:end], found)
        layer.finish_as(layers[end - 1])
        _repair_outer(layer, found, said)
        for batch in found:
            batch.left_NLD = layer(batch.left_NLD, batch.mask)
