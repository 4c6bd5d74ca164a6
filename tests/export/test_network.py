import numpy as np
import pytest

from emoray.export.network import AttentionPool, Linear, MeanPool, Network, Pool
from tests.export.made import FILTERS, LABELS, WIDTH, WORDS, network


def test_weights_come_in_the_order_the_data_meets_them() -> None:
    net = network(hidden=(32, 16))
    names = ["embedding", "pool3.query", "pool4.kernel", "dense0", "dense1", "head"]
    assert list(net.weights()) == names
    assert list(net.biases()) == ["pool4.kernel", "dense0", "dense1", "head"]


def test_parameters_count_every_trained_number_but_not_the_padding_row() -> None:
    net = network(pools=["attention", "conv"], hidden=())
    words, convolution = (WORDS - 1) * WIDTH, 3 * WIDTH * FILTERS + FILTERS
    head = (WIDTH + FILTERS) * LABELS + LABELS
    assert net.parameters == words + WIDTH + convolution + head


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


HEAD = Linear(zeros(4, 2), zeros(2))


def test_a_padding_row_with_values_is_refused() -> None:
    with pytest.raises(ValueError, match=r"row 0 of the embedding is padding and zero, got .* 1"):
        Network(embedding_VD=zeros(3, 4) + 1, pools=(MeanPool(),), dense=(HEAD,))


def test_a_network_without_pools_is_refused() -> None:
    with pytest.raises(ValueError, match="a pool and a head at least, got 0 pools"):
        Network(embedding_VD=zeros(3, 4), pools=(), dense=(HEAD,))


def test_nan_in_weights_is_refused() -> None:
    nan = Linear(np.full((4, 2), np.nan, np.float32), zeros(2))
    with pytest.raises(ValueError, match="weights are finite float32, got float32 in head"):
        Network(embedding_VD=zeros(3, 4), pools=(MeanPool(),), dense=(nan,))


def test_double_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="got float64 in embedding"):
        Network(embedding_VD=np.zeros((3, 4)), pools=(MeanPool(),), dense=(HEAD,))


@pytest.mark.parametrize(
    ("pools", "head", "name"),
    [
        ((MeanPool(), MeanPool()), HEAD, "head must take 8 values"),
        ((MeanPool(),), Linear(zeros(4, 2), zeros(3)), "a bias for each output"),
        ((AttentionPool(zeros(5, 1)),), HEAD, "pool0.query must take 4 values"),
    ],
)
def test_layers_that_do_not_fit_together_are_refused(
    pools: tuple[Pool, ...], head: Linear, name: str
) -> None:
    with pytest.raises(ValueError, match=name):
        Network(embedding_VD=zeros(3, 4), pools=pools, dense=(head,))


def test_a_pool_without_its_tensors_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got 'median' and neither pool0.query nor pool0.kernel"):
        Network.from_tensors({"embedding": zeros(3, 4)}, ["median"])
