import numpy as np
import pytest

from emoray.artifact.scoring import scoring_session
from emoray.export.coverage import coverage
from emoray.export.given.calibrate import given_input_moments, given_static_ranges, observed
from emoray.export.given.graph import build_given
from emoray.export.given.network import GivenNetwork, read_network
from emoray.export.graph import Built
from emoray.quant.scheme import EMBEDDING
from emoray.quant.scheme_names import named_schemes
from tests.export.given.made import LABELS, ROWS, Texts, arrays, made_graph, summed

IDS_NL = Texts(1).padded(np.array([3, 5, 9]))
OUTPUTS = LABELS * 8


@pytest.fixture(scope="module")
def network() -> GivenNetwork:
    return read_network(made_graph())


def logits(built: Built, ids_NL: np.ndarray = IDS_NL) -> np.ndarray:
    return np.asarray(scoring_session(built.file).run(None, {"ids": ids_NL})[0])


def as_given(ids_NL: np.ndarray = IDS_NL) -> np.ndarray:
    session = scoring_session(made_graph().SerializeToString())
    return np.asarray(session.run(None, {"ids": ids_NL})[0])


def test_products_and_the_table_of_tokens_are_found_with_their_biases(
    network: GivenNetwork,
) -> None:
    said = arrays()
    assert list(network.weights()) == [
        *(EMBEDDING, "layer.enc.up", "layer.enc.down", "layer.enc.attended", "head")
    ]
    np.testing.assert_array_equal(network.weights()[EMBEDDING], said["enc.table.weight"])
    np.testing.assert_array_equal(network.weights()["head"], said["cls.weight"].T)
    bias_O = network.products["layer.enc.up"].bias_O
    assert bias_O is not None and (bias_O == said["enc.up.bias"]).all()
    assert network.products["layer.enc.down"].bias_O is None
    assert network.products["layer.enc.down"].nonnegative, "it reads a ReLU"
    assert network.parameters == sum(v.size for v in said.values()) - 16


def test_in_float_it_says_what_the_given_graph_says(network: GivenNetwork) -> None:
    for ids_NL in (IDS_NL, IDS_NL[:1, :2], IDS_NL[:1, :1]):  # each of its branches
        np.testing.assert_allclose(
            logits(build_given(network), ids_NL), as_given(ids_NL), rtol=1e-5, atol=1e-5
        )


def test_rows_of_another_order_are_put_into_ours() -> None:
    rows_V = np.random.default_rng(0).permutation(ROWS)
    network = read_network(made_graph(rows_V))
    np.testing.assert_array_equal(
        network.weights()[EMBEDDING], arrays()["enc.table.weight"][rows_V]
    )
    session = scoring_session(made_graph(rows_V).SerializeToString())
    expected = session.run(None, {"ids": IDS_NL})[0]
    np.testing.assert_allclose(logits(build_given(network)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["int8", "int8-static", "int4", "int4-group", "int8-emb4-group32"])
def test_codes_say_nearly_the_same_in_less(name: str, network: GivenNetwork) -> None:
    scheme = named_schemes()[name]
    built = build_given(network, scheme, given_static_ranges(network, Texts(), scheme))
    found_NK, expected_NK = logits(built), as_given()
    few = 0.05 if name in ("int8", "int8-static") else 0.5
    assert np.abs(found_NK - expected_NK).max() < few * expected_NK.std()
    assert len(built.file) < len(build_given(network).file)
    ran = {layer.name: layer.execution for layer in built.layers}
    if name.startswith("int8"):
        assert {ran[n] for n in network.products} == {"integer"}


def test_outputs_stand_in_the_order_that_is_asked_for() -> None:
    order_K = np.random.default_rng(0).permutation(OUTPUTS)
    network = read_network(made_graph(), order_K)
    found = logits(build_given(network))
    np.testing.assert_allclose(found, as_given()[:, order_K], rtol=1e-5, atol=1e-5)


def test_a_report_says_what_is_integer_and_names_what_stays_float(network: GivenNetwork) -> None:
    said = coverage(build_given(network, named_schemes()["int8"]))
    assert 0.5 < said.integer_products_share < 1, "attention multiplies floats"
    assert 0.3 < said.quantized_bytes_share < 1
    (line,) = [line for line in said.lines if line.startswith("operators that stay float")]
    assert "MatMul 2" in line and "Softmax 1" in line and "LayerNormalization 1" in line
    assert "Reshape" not in line and "Transpose" not in line


def test_inputs_are_observed_without_padding(network: GivenNetwork) -> None:
    texts = Texts()
    inputs, batches = observed(network, texts)
    rows = [len(batch[inputs["layer.enc.up"]]) for batch in batches]
    assert sum(rows) == texts.lengths.sum()
    moments = given_input_moments(network, texts)
    assert set(moments) == set(network.products)
    table = arrays()["enc.table.weight"]
    x_RD = np.concatenate([table[row] for row in texts.rows])
    x_RD = (x_RD - x_RD.mean(1, keepdims=True)) / np.sqrt(x_RD.var(1, keepdims=True) + 1e-5)
    expected = ((x_RD * arrays()["enc.norm.weight"]) ** 2).mean(0)
    np.testing.assert_allclose(moments["layer.enc.up"], expected, rtol=1e-3)


def test_a_graph_with_other_inputs_is_refused() -> None:
    model = made_graph()
    model.graph.input[0].name = "pixels"
    with pytest.raises(ValueError, match=r"reads ids and gives logits, got pixels and logits"):
        read_network(model)


@pytest.mark.parametrize(
    ("equation", "x", "own", "integer"),
    [
        ("ibh,hnd->ibnd", (2, 3, 16), (16, 4, 8), True),
        ("ibnd,hnd->ibh", (2, 3, 4, 8), (16, 4, 8), True),
        ("bh,hk->bk", (6, 16), (16, 8), True),
        ("ibnd,snd->ibns", (2, 3, 4, 8), (5, 4, 8), False),
        ("bhi,hk->bik", (2, 16, 3), (16, 8), False),
    ],
)
def test_a_sum_of_einstein_is_a_product_where_it_is_one(
    equation: str, x: tuple[int, ...], own: tuple[int, ...], integer: bool
) -> None:
    model = summed(equation, x, own)
    network = read_network(model)
    assert (list(network.products) == ["head"]) == integer
    ids_NL = np.arange(1, 7, dtype=np.int32).reshape(2, 3)
    expected = scoring_session(model.SerializeToString()).run(None, {"ids": ids_NL})[0]
    for name, few in (("float", 1e-5), ("int8", 0.05)):
        found = logits(build_given(network, named_schemes()[name]), ids_NL)
        assert np.abs(found - expected).max() <= few * np.abs(expected).max()
