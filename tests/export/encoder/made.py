"""A small encoder with random weights, and the same encoder as transformers computes it.

Shapes: N texts, L tokens, D width, K labels.
"""

from collections.abc import Callable, Mapping

import numpy as np

from emoray.export.encoder.network import Encoder, Norm
from emoray.export.weights import store
from emoray.quant.scheme import ModelScheme
from emoray.text.vocabulary import Ragged

Rounding = Callable[[str, np.ndarray], np.ndarray]
TOKENS, WIDTH, INNER, HEADS, POSITIONS, LABELS = 120, 32, 64, 4, 40, 7


def tensors(
    layers: int = 2, rank: int | None = None, pooler: bool = False, seed: int = 0
) -> dict[str, np.ndarray]:
    """Neutral tensors of a trained encoder's size."""
    rng = np.random.default_rng(seed)

    def normal(deviation: float, *shape: int) -> np.ndarray:
        return rng.normal(scale=deviation, size=shape).astype(np.float32)

    made = {
        "embedding": normal(0.5, TOKENS, rank or WIDTH),
        "positions": normal(0.2, POSITIONS, WIDTH),
    }

    def linear(name: str, inputs: int, outputs: int) -> None:
        made[f"{name}.kernel"] = normal(1.2 / inputs**0.5, inputs, outputs)
        made[f"{name}.bias"] = normal(0.2, outputs)

    def norm(name: str) -> None:
        made[f"{name}.scale"] = 1 + normal(0.2, WIDTH)
        made[f"{name}.bias"] = normal(0.2, WIDTH)

    if rank:
        made["projection"] = normal(1 / rank**0.5, rank, WIDTH)
    norm("norm")
    for i in range(layers):
        for name in ("query", "key", "value", "attention"):
            linear(f"layer{i}.{name}", WIDTH, WIDTH)
        norm(f"layer{i}.attention_norm")
        linear(f"layer{i}.inner", WIDTH, INNER)
        linear(f"layer{i}.outer", INNER, WIDTH)
        norm(f"layer{i}.outer_norm")
    if pooler:
        linear("pooler", WIDTH, WIDTH)
    linear("head", WIDTH, LABELS)
    return made


def thinner(
    arrays: Mapping[str, np.ndarray], heads: tuple[int, ...], inner: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """The tensors with so many heads and inner columns left in each layer."""
    found = dict(arrays)
    for i, (left, columns) in enumerate(zip(heads, inner, strict=True)):
        seen = left * WIDTH // HEADS
        for name in ("query", "key", "value"):
            found[f"layer{i}.{name}.kernel"] = arrays[f"layer{i}.{name}.kernel"][:, -seen:]
            found[f"layer{i}.{name}.bias"] = arrays[f"layer{i}.{name}.bias"][-seen:]
        found[f"layer{i}.attention.kernel"] = arrays[f"layer{i}.attention.kernel"][-seen:]
        found[f"layer{i}.inner.kernel"] = arrays[f"layer{i}.inner.kernel"][:, :columns]
        found[f"layer{i}.inner.bias"] = arrays[f"layer{i}.inner.bias"][:columns]
        found[f"layer{i}.outer.kernel"] = arrays[f"layer{i}.outer.kernel"][:columns]
    return found


def settings(**changed: object) -> dict[str, object]:
    given = {"heads": HEADS, "epsilon": 1e-12, "activation": "gelu", "pooling": "mean"}
    return {**given, "pooler": None, **changed}


def encoder(
    layers: int = 2, rank: int | None = None, with_pooler: bool = False, **changed: object
) -> Encoder:
    return Encoder.from_tensors(tensors(layers, rank, with_pooler), settings(**changed))


def texts(count: int = 24, seed: int = 1) -> Ragged:
    """Texts of 2 tokens up to as many as there are positions."""
    rng = np.random.default_rng(seed)
    lengths = [2, 3, POSITIONS, *rng.integers(2, POSITIONS, count - 3)]
    return Ragged.from_lists([rng.integers(1, TOKENS, length) for length in lengths])


def rebuilt(net: Encoder, scheme: ModelScheme) -> dict[str, np.ndarray]:
    """Kernels and positions as the scheme leaves them."""
    left = {"positions": net.positions_PE}
    if scheme.of("embedding") is not None:
        left["positions"] = net.positions_PE.astype(np.float16)
    for name, values in net.weights().items():
        wanted = scheme.of(name)
        kept = values if wanted is None else store(values, wanted).quantized.dequantize()
        left[name] = kept
    return left


def exact(name: str, rows: np.ndarray) -> np.ndarray:
    return rows


def _normed(norm: Norm, epsilon: float, rows_LD: np.ndarray) -> np.ndarray:
    away_LD = rows_LD - rows_LD.mean(-1, keepdims=True)
    deviation_L1 = np.sqrt(np.square(away_LD).mean(-1, keepdims=True) + epsilon)
    return away_LD / deviation_L1 * norm.scale_D + norm.bias_D


def forward(
    net: Encoder,
    texts: Ragged,
    kernels: Mapping[str, np.ndarray],
    rounding: Rounding = exact,
) -> np.ndarray:
    """logits_NK in float64, text by text; `rounding` is applied to what each product reads."""
    given = net.settings
    assert given.activation == "relu"

    def product(name: str, rows: np.ndarray) -> np.ndarray:
        found = rounding(name, rows).astype(np.float64) @ kernels[name]
        return found + net.biases().get(name, 0)

    def norm(norm: Norm, rows_LD: np.ndarray) -> np.ndarray:
        return _normed(norm, given.epsilon, rows_LD)

    logits = []
    for i in range(len(texts)):
        x_LD = kernels["embedding"][texts.row(i)].astype(np.float64)
        if "projection" in kernels:
            x_LD = product("projection", x_LD)
        x_LD = norm(net.norm, x_LD + kernels["positions"][: len(x_LD)])
        for n, layer in enumerate(net.layers):
            by_first = given.pooling == "cls" and n == len(net.layers) - 1
            mine_LD = x_LD[:1] if by_first else x_LD  # the tokens that are read after this layer
            q_HLS, k_HLS, v_HLS = (
                product(f"layer{n}.{part}", rows)
                .reshape(len(rows), net.heads(layer), -1)
                .transpose(1, 0, 2)
                for part, rows in (("query", mine_LD), ("key", x_LD), ("value", x_LD))
            )
            scores_HLL = np.exp(q_HLS @ k_HLS.transpose(0, 2, 1) / q_HLS.shape[-1] ** 0.5)
            seen_HLS = scores_HLL / scores_HLL.sum(-1, keepdims=True) @ v_HLS
            seen_LD = seen_HLS.transpose(1, 0, 2).reshape(len(mine_LD), -1)
            x_LD = norm(layer.attention_norm, mine_LD + product(f"layer{n}.attention", seen_LD))
            inner_LF = np.maximum(product(f"layer{n}.inner", x_LD), 0)
            x_LD = norm(layer.outer_norm, x_LD + product(f"layer{n}.outer", inner_LF))
        logits.append(product("head", x_LD.mean(0)[None])[0])
    return np.array(logits)


def by_torch(
    arrays: Mapping[str, np.ndarray], given: Mapping[str, object], texts: Ragged
) -> np.ndarray:
    """logits_NK of transformers' own BertModel with these weights, text by text."""
    import torch
    from transformers import BertConfig, BertModel

    torch.set_num_threads(1)
    layers = sum(name.endswith(".query.kernel") for name in arrays)
    config = BertConfig(
        vocab_size=TOKENS,
        hidden_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        hidden_act={"gelu_tanh": "gelu_pytorch_tanh"}.get(given["activation"], given["activation"]),
        max_position_embeddings=POSITIONS,
        layer_norm_eps=given["epsilon"],
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    state = {k: torch.zeros_like(v) for k, v in model.state_dict().items()}

    def put(target: str, value: np.ndarray) -> None:
        assert state[target].shape == value.shape
        state[target] = torch.from_numpy(np.ascontiguousarray(value))

    vectors = arrays["embedding"]
    if "projection" in arrays:
        vectors = vectors @ arrays["projection"]
    put("embeddings.word_embeddings.weight", vectors)
    put("embeddings.position_embeddings.weight", arrays["positions"])
    names = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "attention": "attention.output.dense",
        "inner": "intermediate.dense",
        "outer": "output.dense",
        "attention_norm": "attention.output.LayerNorm",
        "outer_norm": "output.LayerNorm",
    }
    put("embeddings.LayerNorm.weight", arrays["norm.scale"])
    put("embeddings.LayerNorm.bias", arrays["norm.bias"])
    for i in range(layers):
        for ours, theirs in names.items():
            at, to = f"layer{i}.{ours}", f"encoder.layer.{i}.{theirs}"
            weight = arrays[f"{at}.scale"] if "norm" in ours else arrays[f"{at}.kernel"].T
            put(f"{to}.weight", weight)
            put(f"{to}.bias", arrays[f"{at}.bias"])
    model.load_state_dict(state)
    logits = []
    for i in range(len(texts)):
        with torch.inference_mode():
            ids = torch.from_numpy(texts.row(i).astype(np.int64))[None]
            hidden_LD = model(input_ids=ids).last_hidden_state[0].numpy()
        pooled_D = hidden_LD.mean(0) if given["pooling"] == "mean" else hidden_LD[0]
        if given["pooler"]:
            pooled_D = pooled_D @ arrays["pooler.kernel"] + arrays["pooler.bias"]
            pooled_D = np.tanh(pooled_D) if given["pooler"] == "tanh" else np.maximum(pooled_D, 0)
        logits.append(pooled_D @ arrays["head.kernel"] + arrays["head.bias"])
    return np.array(logits)
