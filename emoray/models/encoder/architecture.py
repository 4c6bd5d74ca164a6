"""Names of the parts of each kind of encoder: the one table of architectures.

The rest of the code uses neutral names: `embedding`, `layer0.query.kernel`, ….
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emoray.models.encoder.deberta import check_deberta
from emoray.models.encoder.modern import check_modern

BERT_LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}
MPNET_LAYER = {
    **{"query": "attention.attn.q", "key": "attention.attn.k", "value": "attention.attn.v"},
    "attention": "attention.attn.o",
    "attention_norm": "attention.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}
ALBERT_LAYER = {
    **{name: f"attention.{name}" for name in ("query", "key", "value")},
    "attention": "attention.dense",
    "attention_norm": "attention.LayerNorm",
    "inner": "ffn",
    "outer": "ffn_output",
    "outer_norm": "full_layer_layer_norm",
}
DEBERTA_LAYER = {
    **BERT_LAYER,
    **{name: f"attention.self.{name}_proj" for name in ("query", "key", "value")},
}
DISTILBERT_LAYER = {
    "query": "attention.q_lin",
    "key": "attention.k_lin",
    "value": "attention.v_lin",
    "attention": "attention.out_lin",
    "attention_norm": "sa_layer_norm",
    "inner": "ffn.lin1",
    "outer": "ffn.lin2",
    "outer_norm": "output_layer_norm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Names of one kind of encoder, as transformers has them.

    Attributes:
        prefix: of the encoder inside a classifier.
        layers: path of the list of layers.
        layer: module paths below one of them, by neutral name.
        depth: key of config.json, as are the next four.
        width: see `depth`.
        heads: see `depth`.
        epsilon: see `depth`; None where it is fixed.
        activation: see `depth`.
        after_padding: whether positions are counted from pad_token_id + 1.
        padding: that id where it is fixed, whatever config.json says.
        expansion: module from the embedding's width to that of the layers, where the two differ.
        relative: table of what attention adds by distance.
        distances: table of the vectors of distances.
        shared: whether one layer is applied again and again.
        pre_norm: whether layers normalise before their parts, as `modern` reads them.
        tokens: the table of tokens.
        pooler: module of a sequence classifier.
        pooler_activation: between pooler and head.
        head: module of a sequence classifier.
    """

    prefix: str
    layers: str = "encoder.layer"
    layer: Mapping[str, str]
    depth: str = "num_hidden_layers"
    width: str = "hidden_size"
    heads: str = "num_attention_heads"
    epsilon: str | None = "layer_norm_eps"
    activation: str = "hidden_act"
    after_padding: bool = False
    padding: int | None = None
    expansion: str | None = None
    relative: str | None = None
    distances: str | None = None
    shared: bool = False
    pre_norm: bool = False
    tokens: str = "embeddings.word_embeddings"
    pooler: str
    pooler_activation: str = "tanh"
    head: str = "classifier"

    @property
    def positions(self) -> str:
        """The table of positions."""
        return "embeddings.position_embeddings"

    @property
    def types(self) -> str:
        """The table of token types, missing in some encoders."""
        return "embeddings.token_type_embeddings"

    @property
    def norm(self) -> str:
        """The norm of the embeddings."""
        return "embeddings.LayerNorm"


BERT = Architecture(prefix="bert", layer=BERT_LAYER, pooler="bert.pooler.dense")
ROBERTA = Architecture(
    prefix="roberta",
    layer=BERT_LAYER,
    after_padding=True,
    pooler="classifier.dense",
    head="classifier.out_proj",
)
DISTILBERT = Architecture(
    prefix="distilbert",
    layers="transformer.layer",
    layer=DISTILBERT_LAYER,
    depth="n_layers",
    width="dim",
    heads="n_heads",
    epsilon=None,  # fixed at 1e-12
    activation="activation",
    pooler="pre_classifier",
    pooler_activation="relu",
)
ELECTRA = Architecture(
    prefix="electra",
    layer=BERT_LAYER,
    expansion="embeddings_project",
    pooler="classifier.dense",
    pooler_activation="gelu",
    head="classifier.out_proj",
)
ALBERT = Architecture(
    prefix="albert",
    layers="encoder.albert_layer_groups.0.albert_layers",
    layer=ALBERT_LAYER,
    expansion="encoder.embedding_hidden_mapping_in",
    shared=True,
    pooler="albert.pooler",
)
MPNET = Architecture(
    prefix="mpnet",
    layer=MPNET_LAYER,
    after_padding=True,
    padding=1,
    relative="encoder.relative_attention_bias",
    pooler="classifier.dense",
    head="classifier.out_proj",
)
DEBERTA = Architecture(
    prefix="deberta",
    layer=DEBERTA_LAYER,
    distances="encoder.rel_embeddings",
    pooler="pooler.dense",
    pooler_activation="gelu",
)
MODERN = Architecture(
    prefix="model",
    layers="layers",
    layer={},
    epsilon="norm_eps",
    activation="hidden_activation",
    pre_norm=True,
    tokens="embeddings.tok_embeddings",
    pooler="head.dense",
    pooler_activation="gelu",
)
# Of two labels that a head for one label a text finds equally probable, the second stands behind.
BEHIND = -1e-30
POSITIONS = "max_position_embeddings"  # key of config.json, whichever the architecture
# By config.json's model_type.
ARCHITECTURES: Mapping[str, Architecture] = {
    "bert": BERT,
    "roberta": ROBERTA,
    "xlm-roberta": ROBERTA,
    "camembert": ROBERTA,
    "distilbert": DISTILBERT,
    "electra": ELECTRA,
    "albert": ALBERT,
    "mpnet": MPNET,
    "modernbert": MODERN,
    "deberta-v2": DEBERTA,  # and -v3, which says the same
}
# What config.json calls the activation, and what it is.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "relu": "relu",
}


def embedding_width(config: Mapping[str, object], kind: Architecture) -> int:
    """The length of a token's vector before the layers."""
    own = config.get("embedding_size") if kind.expansion else None
    return int(str(own or config[kind.width]))


def architecture_of(config: Mapping[str, object]) -> Architecture:
    """The architecture of a config.json; refuse one that is not BERT-like or lacks its sizes."""
    kind = config.get("model_type")
    if kind not in ARCHITECTURES:
        raise ValueError(
            f"an encoder is one of {', '.join(ARCHITECTURES)}, got model_type {kind!r}: "
            "choose a model of one of these kinds"
        )
    found = ARCHITECTURES[str(kind)]
    if config.get(found.activation, "gelu" if found.pre_norm else None) not in ACTIVATIONS:
        raise ValueError(
            f"an encoder's activation is one of {', '.join(ACTIVATIONS)}, got "
            f"{config.get(found.activation)!r}: choose another encoder"
        )
    plain = config.get("position_embedding_type", "absolute")
    if plain != "absolute" or config.get("is_decoder"):
        raise ValueError(
            "an encoder adds absolute positions and sees the whole text, got "
            f"position_embedding_type {plain!r}, is_decoder {bool(config.get('is_decoder'))}: "
            "choose another encoder"
        )
    groups = config.get("num_hidden_groups", 1), config.get("inner_group_num", 1)
    if found.shared and groups != (1, 1):
        raise ValueError(
            "an encoder's shared layers are one, got num_hidden_groups and inner_group_num "
            f"{groups}: choose another encoder"
        )
    for key in (found.depth, found.width, found.heads, POSITIONS):
        size = config.get(key)
        if not isinstance(size, int) or size < 1:
            raise ValueError(
                f"config.json says {key}, at least 1, got {size!r}: fetch the model again"
            )
    width, heads = config[found.width], config[found.heads]
    if width % heads:  # type: ignore[operator]
        raise ValueError(
            f"an encoder's heads divide the width, got {heads} heads for {width}: "
            "fetch the model again"
        )
    if found.pre_norm:
        check_modern(config)
    if found.distances:
        check_deberta(config)
    return found
