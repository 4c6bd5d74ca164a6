"""The PyTorch network is the network of the file, in floats and under fake quantization."""

import numpy as np
import pytest
import torch

from emoray.artifact.scoring import logits, scoring_batches
from emoray.export.calibrate import static_ranges
from emoray.export.graph import build_graph
from emoray.export.network import Network
from emoray.models.word.torch_module import WordNetwork
from emoray.quant.granularity import PerChannel, PerGroup
from emoray.quant.qat.prepare import Prepared, prepare
from emoray.quant.ranges import LeastError, Percentile
from emoray.quant.scheme import FLOAT, Dynamic, ModelScheme, QuantScheme, Static
from emoray.text.vocabulary import Ragged
from tests.export.made import KINDS, network, texts

COLUMN, ROW = PerChannel(-1), PerChannel(0)
BYTES = {"dense": QuantScheme(grain=COLUMN), "embedding": QuantScheme(grain=ROW)}
SCHEMES = (
    ModelScheme(**BYTES, activations=Static(ranges=Percentile(99.9))),
    ModelScheme(**BYTES, activations=Static(symmetric=True)),
    ModelScheme(**BYTES, activations=Dynamic()),
    ModelScheme(
        dense=QuantScheme(bits=4, grain=PerGroup(32, 0), ranges=LeastError()),
        embedding=QuantScheme(bits=4, grain=PerGroup(16, -1)),
    ),
    ModelScheme(
        dense=QuantScheme(bits=2, symmetric=False, grain=PerGroup(32, 0)),
        embedding=QuantScheme(bits=2, symmetric=False, grain=ROW, ranges=LeastError()),
        keep_float=("head",),
    ),
)


def tensors_of(net: Network) -> dict[str, np.ndarray]:
    """Arrays by the names under which a training leaves them."""
    weights = {
        name if name.startswith(("embedding", "pool")) else f"{name}.kernel": values
        for name, values in net.weights().items()
    }
    return weights | {f"{n.removesuffix('.kernel')}.bias": b for n, b in net.biases().items()}


def said(network: torch.nn.Module, wanted: Ragged) -> np.ndarray:
    found = []
    with torch.no_grad():
        for rows, ids_NL in scoring_batches(wanted):
            found.append((rows, network(torch.from_numpy(ids_NL.astype(np.int64))).numpy()))
    rows, parts = zip(*found, strict=True)
    return np.concatenate(parts)[np.argsort(np.concatenate(rows))]


def trained_on(prepared: Prepared) -> None:
    """What some steps of training would change, at random."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for group in prepared.parameters(1.0):
            for parameter in group["params"]:
                noise = torch.randn(parameter.shape, generator=random)
                parameter.add_(0.03 * noise)
        prepared.module.get_parameter("embedding.weight")[0] = 0


@pytest.mark.parametrize("pools", [KINDS, ("mean",)], ids="+".join)
@pytest.mark.parametrize("hidden", [(), (32, 16)], ids=str)
def test_the_module_says_what_the_file_says(
    pools: tuple[str, ...], hidden: tuple[int, ...]
) -> None:
    net = network(pools, hidden)
    module = WordNetwork(tensors_of(net), pools).eval()
    expected_NK = logits(build_graph(net, FLOAT).file, texts())
    np.testing.assert_allclose(said(module, texts()), expected_NK, atol=1e-5)


def test_tensors_come_back_as_they_went_in() -> None:
    tensors = tensors_of(network(KINDS, (32, 16)))
    found = WordNetwork(tensors, KINDS).tensors()
    assert found.keys() == tensors.keys()
    for name, values in tensors.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_the_module_in_training_says_what_its_artifact_will_say(scheme: ModelScheme) -> None:
    net = network(KINDS, (32,))
    module = WordNetwork(tensors_of(net), KINDS).eval()
    ranges = static_ranges(net, texts(), scheme)
    prepared = prepare(module, module.weight_places(), scheme, ranges=ranges)
    trained_on(prepared)
    faked_NK = said(module, texts())
    maps, learned_ranges = prepared.maps(), prepared.ranges()
    prepared.strip()
    after = Network.from_tensors(module.tensors(), KINDS)
    built = build_graph(after, scheme, learned_ranges, maps)
    shipped_NK = logits(built.file, texts())
    drift_NK = np.abs(faked_NK - shipped_NK) / np.abs(shipped_NK).max()
    assert np.quantile(drift_NK, 0.95) <= 1e-4  # a value between two codes may fall either way
    assert np.abs(said(module, texts()) - shipped_NK).max() > 1e-3  # rounding does something


def test_a_pool_without_its_weights_is_refused() -> None:
    tensors = tensors_of(network(("mean",)))
    with pytest.raises(ValueError, match="is one of mean, max, min, got 'conv64' and neither"):
        WordNetwork(tensors, ["mean", "conv64"])
