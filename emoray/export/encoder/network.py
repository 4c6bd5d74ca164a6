"""A fine-tuned encoder as plain arrays: token vectors, positions, transformer layers, head.

Shapes: V vocabulary with padding (id 0), R rank of a factorised embedding, E its width,
D width of the layers, P positions, F inner width, H attention heads, T half the width of one,
I inputs, O outputs, K labels. Kernels are (inputs, outputs).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from emoray.export.network import Linear
from emoray.models.encoder.relative import by_distance, distance_rows

ACTIVATIONS = ("gelu", "gelu_tanh", "relu")
POOLINGS = ("mean", "cls")
POOLERS = ("tanh", "relu", "gelu", None)
LAYER = ("query", "key", "value", "attention", "inner", "gate", "outer")  # as the data meets them


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """Layer normalisation: (x - mean) / sqrt(variance + epsilon) * scale + bias."""

    scale_D: np.ndarray
    bias_D: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncoderLayer:
    """x = attention_norm(x + attention(x)), then outer_norm(x + outer(activation(inner(x)))).

    Where layers normalise first: x = x + attention(attention_norm(x)), then
    x = x + outer(activation(inner(n)) * gate(n)) with n = outer_norm(x).

    Attributes:
        query: of each head.
        key: likewise.
        value: likewise.
        attention: of what the heads saw.
        attention_norm: None in the first of the layers that normalise first.
        inner: to the columns.
        gate: by which they are multiplied; None without.
        outer: from the columns.
        outer_norm: see above.
        rotary_T: how queries and keys are turned by place; None where they are not.
        window: tokens to either side that one sees; None for all.
    """

    query: Linear
    key: Linear
    value: Linear
    attention: Linear
    attention_norm: Norm | None
    inner: Linear
    gate: Linear | None = None
    outer: Linear
    outer_norm: Norm
    rotary_T: np.ndarray | None = None
    window: int | None = None

    def products(self) -> dict[str, Linear]:
        """The dense products of the layer in the order the data meets them."""
        found = {name: getattr(self, name) for name in LAYER}
        return {name: linear for name, linear in found.items() if linear is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSettings:
    """Settings that arrays do not determine.

    Attributes:
        heads: of a whole layer: they share its width; a pruned layer has fewer of the same width.
        epsilon: of every norm.
        activation: of the feed-forward part.
        pooling: mean or cls.
        pooler: its activation, None without a pooler.
        repeats: how often the layers are applied.
        softmax: whether the head gives one label a text; logits are then margins.
        pre_norm: whether layers normalise before their parts, and all is normalised after them.
        unit: whether the pooled vector is divided by its length.
    """

    heads: int
    epsilon: float
    activation: str
    pooling: str
    pooler: str | None = None
    repeats: int = 1
    softmax: bool = False
    pre_norm: bool = False
    unit: bool = False

    def __post_init__(self) -> None:
        given = (self.activation, self.pooling, self.pooler)
        allowed = (ACTIVATIONS, POOLINGS, POOLERS)
        names = ("activation", "pooling", "pooler")
        for name, value, choices in zip(names, given, allowed, strict=True):
            if value not in choices:
                raise ValueError(
                    f"an encoder's {name} is one of {', '.join(map(str, choices))}, "
                    f"got {value!r}: other encoders need a graph of their own"
                )
        if self.heads < 1 or self.repeats < 1 or not self.epsilon > 0:
            raise ValueError(
                "an encoder has at least one head, an epsilon above 0 and layers applied once at "
                f"least, got {self.heads}, {self.epsilon} and {self.repeats}: check encoder.json"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoder:
    """Token and position vectors, normalised; layers; a pool over the real tokens; a head.

    Attributes:
        embedding_VR: row 0 is padding, with any values.
        projection_RE: None where R is E.
        positions_PE: row i belongs to a text's token i; rows are empty where tokens are turned
            by place instead.
        norm: of the embeddings.
        expansion: from E to D; None where they are one.
        relative_HC: what is added to a head's score; column d + P - 1 of 2 P - 1 is for a key d
            tokens after its query. None where distance does not count.
        distances_UD: vectors of distances, which queries and keys meet; None without.
        distances_at_C: which of them a distance has; column d + P - 1 of 2 P - 1 is for a query d
            tokens after its key.
        layers: from the bottom.
        final_norm: after them, where they normalise first.
        pooler: None or a dense layer before the head.
        pooler_norm: after that, or None.
        head: from the pooled vector to logits.
        settings: that the arrays do not determine.
    """

    embedding_VR: np.ndarray
    projection_RE: np.ndarray | None
    positions_PE: np.ndarray
    norm: Norm
    expansion: Linear | None = None
    relative_HC: np.ndarray | None = None
    distances_UD: np.ndarray | None = None
    distances_at_C: np.ndarray | None = None
    layers: tuple[EncoderLayer, ...]
    final_norm: Norm | None = None
    pooler: Linear | None
    pooler_norm: Norm | None = None
    head: Linear
    settings: EncoderSettings
    _weights: dict[str, np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_weights", _named(self))
        for name, array in _arrays(self):
            if array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError(
                    f"weights are finite float32, got {array.dtype} in {name}, finite: "
                    f"{np.isfinite(array).all()}: look at the training that made it"
                )
        _check_shapes(self)

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, np.ndarray], settings: Mapping[str, object]
    ) -> "Encoder":
        """Build an encoder from arrays named `embedding`, `layer0.query.kernel`, `norm.scale`, ….

        Args:
            tensors: arrays by name.
            settings: `heads`, `epsilon`, `activation`, `pooling`, `pooler`.

        Returns:
            The checked encoder.

        Raises:
            ValueError: if an array is missing.
        """

        def linear(name: str) -> Linear:
            return Linear(tensors[f"{name}.kernel"], tensors[f"{name}.bias"])

        def norm(name: str) -> Norm:
            return Norm(tensors[f"{name}.scale"], tensors[f"{name}.bias"])

        def has(name: str) -> bool:
            return f"{name}.scale" in tensors or f"{name}.kernel" in tensors

        first = bool(settings.get("pre_norm"))

        def layer(i: int) -> EncoderLayer:
            at = f"layer{i}"
            unnormed = first and i == 0 and not has(f"{at}.attention_norm")
            window = tensors.get(f"{at}.window")
            return EncoderLayer(
                **{name: linear(f"{at}.{name}") for name in LAYER if name != "gate"},
                gate=linear(f"{at}.gate") if has(f"{at}.gate") else None,
                attention_norm=None if unnormed else norm(f"{at}.attention_norm"),
                outer_norm=norm(f"{at}.outer_norm"),
                rotary_T=tensors.get(f"{at}.rotary"),
                window=None if window is None else int(window),
            )

        count = sum(name.startswith("layer") and name.endswith(".query.kernel") for name in tensors)
        try:
            rows_UD, at_C = distance_rows(tensors, float(str(settings["epsilon"])))
            return cls(
                distances_UD=rows_UD,
                distances_at_C=at_C,
                embedding_VR=tensors["embedding"],
                projection_RE=tensors.get("projection"),
                positions_PE=tensors["positions"],
                norm=norm("norm"),
                expansion=linear("expansion") if has("expansion") else None,
                relative_HC=by_distance(tensors["relative"], len(tensors["positions"]))
                if "relative" in tensors
                else None,
                layers=tuple(layer(i) for i in range(count)),
                final_norm=norm("final_norm") if first else None,
                pooler=linear("pooler") if has("pooler") else None,
                pooler_norm=norm("pooler_norm") if has("pooler_norm") else None,
                head=linear("head"),
                settings=EncoderSettings(**settings),  # type: ignore[arg-type]
            )
        except KeyError as missing:
            raise ValueError(
                f"an encoder holds every array of its parts, got none called {missing}: "
                "export the training again"
            ) from None

    @property
    def width(self) -> int:
        """D, the length of a token's vector inside the layers."""
        return self.layers[0].query.kernel_IO.shape[0] if self.layers else self.norm.scale_D.size

    @property
    def head_width(self) -> int:
        """Outputs of the query of one head, the same in all layers."""
        return self.width // self.settings.heads

    def heads(self, layer: EncoderLayer) -> int:
        """The attention heads of a layer: pruned layers have fewer than others."""
        return layer.query.bias_O.size // self.head_width

    @property
    def positions(self) -> int:
        """P, the most tokens of one text."""
        return self.positions_PE.shape[0]

    @property
    def read_once_a_text(self) -> frozenset[str]:
        """Kernels that one vector of a text meets, not each token's.

        Where the first token stands for its text, nothing else of the last layer is read; one that
        is applied again reads all tokens before.
        """
        once = self.settings.pooling == "cls" and self.settings.repeats == 1
        last = LAYER if once else ()
        names = (f"layer{len(self.layers) - 1}.{name}" for name in last)
        every = {name for name in names if name.rpartition(".")[2] not in ("key", "value")}
        return frozenset(every | {"pooler", "head"})

    def weights(self) -> dict[str, np.ndarray]:
        """The matrices that a scheme may quantize, by name, in the order the data meets them."""
        return dict(self._weights)

    def biases(self) -> dict[str, np.ndarray]:
        """Biases by the name of their kernel; they stay float32."""
        return {name: linear.bias_O for name, linear in _products(self)}

    @property
    def parameters(self) -> int:
        """The number of trained numbers, without the padding row."""
        every = (array.size for name, array in _arrays(self) if not name.endswith(".rotary"))
        return sum(every) - self.embedding_VR.shape[1]


def _products(encoder: Encoder) -> Iterator[tuple[str, Linear]]:
    """Dense layers with a bias, in the order the data meets them."""
    if encoder.expansion is not None:
        yield "expansion", encoder.expansion
    for i, layer in enumerate(encoder.layers):
        yield from ((f"layer{i}.{name}", linear) for name, linear in layer.products().items())
    if encoder.pooler is not None:
        yield "pooler", encoder.pooler
    yield "head", encoder.head


def _named(encoder: Encoder) -> dict[str, np.ndarray]:
    weights = {"embedding": encoder.embedding_VR}
    if encoder.projection_RE is not None:
        weights["projection"] = encoder.projection_RE
    return weights | {name: linear.kernel_IO for name, linear in _products(encoder)}


def _norms(encoder: Encoder) -> dict[str, Norm]:
    norms = {"norm": encoder.norm}
    for i, layer in enumerate(encoder.layers):
        if layer.attention_norm is not None:
            norms |= {f"layer{i}.attention_norm": layer.attention_norm}
        norms |= {f"layer{i}.outer_norm": layer.outer_norm}
    last = {"final_norm": encoder.final_norm, "pooler_norm": encoder.pooler_norm}
    return norms | {name: norm for name, norm in last.items() if norm is not None}


def _arrays(encoder: Encoder) -> Iterator[tuple[str, np.ndarray]]:
    """Every array of an encoder and its name."""
    yield from encoder.weights().items()
    yield "positions", encoder.positions_PE
    if encoder.relative_HC is not None:
        yield "relative", encoder.relative_HC
    if encoder.distances_UD is not None:
        yield "distances", encoder.distances_UD
    for i, layer in enumerate(encoder.layers):
        if layer.rotary_T is not None:
            yield f"layer{i}.rotary", layer.rotary_T
    for name, bias_O in encoder.biases().items():
        yield f"{name}.bias", bias_O
    for name, norm in _norms(encoder).items():
        yield f"{name}.scale", norm.scale_D
        yield f"{name}.bias", norm.bias_D


def _layer_shapes(encoder: Encoder, layer: EncoderLayer) -> dict[str, tuple[int, int]]:
    """The shape of each product of a layer: whole heads, one at least, and columns of its own."""
    width, inner = encoder.width, layer.inner.kernel_IO.shape[-1]
    # Where distance counts all heads are there: their table is shared by the layers.
    heads = max(1, layer.query.kernel_IO.shape[-1] // encoder.head_width)
    seen = heads * encoder.head_width if encoder.relative_HC is None else width
    shapes = dict.fromkeys(("query", "key", "value"), (width, seen))
    shapes |= dict.fromkeys(("inner", "gate"), (width, inner))
    return {**shapes, "attention": (seen, width), "outer": (inner, width)}


def _knows_places(encoder: Encoder) -> bool:
    """Whether attention tells one place from another by itself."""
    turned = any(layer.rotary_T is not None for layer in encoder.layers)
    return turned or encoder.distances_UD is not None


def _check_shapes(encoder: Encoder) -> None:
    """Refuse an array that does not fit the output of the step before it."""
    width, settings = encoder.width, encoder.settings
    if not encoder.layers or width % settings.heads:
        raise ValueError(
            "an encoder has a layer at least and a width that its heads divide, got "
            f"{len(encoder.layers)} layers and {settings.heads} heads over {width}: check its parts"
        )
    if (encoder.pooler is None) != (settings.pooler is None):
        raise ValueError(
            f"a pooler has weights and an activation, got weights: {encoder.pooler is not None}, "
            f"activation: {settings.pooler}: give both or neither"
        )
    wanted: dict[str, tuple[int, ...]] = {}
    before = width if encoder.expansion is None else encoder.expansion.kernel_IO.shape[0]
    rank = encoder.embedding_VR.shape[-1] if encoder.projection_RE is not None else before
    wanted["embedding"] = (len(encoder.embedding_VR), rank)
    wanted["projection"] = (rank, before)
    placed = encoder.positions_PE.size or not _knows_places(encoder)
    wanted["positions"] = (encoder.positions, before if placed else 0)
    wanted["distances"] = (
        len(encoder.distances_UD) if encoder.distances_UD is not None else 0,
        width,
    )
    wanted["relative"] = (settings.heads, 2 * encoder.positions - 1)
    for name, linear in _products(encoder):
        outputs = linear.kernel_IO.shape[-1] if name in ("pooler", "head") else width
        wanted[name] = (before if name == "expansion" else width, outputs)
        if name == "head" and encoder.pooler is not None:
            wanted[name] = (wanted["pooler"][1], outputs)
    for i, each in enumerate(encoder.layers):
        wanted |= {
            f"layer{i}.{name}": shape for name, shape in _layer_shapes(encoder, each).items()
        }
        if each.rotary_T is not None:
            wanted[f"layer{i}.rotary"] = (encoder.head_width // 2,)
    shapes = {name: array.shape for name, array in _arrays(encoder)}
    for name in encoder.biases():
        wanted[f"{name}.bias"] = wanted[name][1:]
    for name in _norms(encoder):
        size = before if name == "norm" else width
        wanted |= {f"{name}.scale": (size,), f"{name}.bias": (size,)}
    wrong = [
        f"{name} {shapes[name]} instead of {shape}"
        for name, shape in wanted.items()
        if name in shapes and shapes[name] != shape
    ]
    if wrong:
        raise ValueError(
            f"every array takes what the step before it gives, got {'; '.join(wrong)}: "
            "check the training that made them"
        )
