"""Tiny random encoders in the form that transformers saves, with tokenizers of the sample corpus.

Every weight, bias and norm is random and large enough to matter: a part left out is a part missed.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import GOEMOTIONS

Kind = Literal[
    "bert", "roberta", "distilbert", "electra", "albert", "mpnet", "modernbert", "deberta-v2"
]

PIECES = 600
WORDPIECE_SPECIALS = ("[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MODERN_SPECIALS = ("<|endoftext|>", "[UNK]", "[CLS]", "[SEP]", "[PAD]")  # and [MASK]
BPE_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")  # roberta's <mask> stands last


@cache
def sample_texts() -> tuple[str, ...]:
    """Every text of the embedded sample, train first."""
    corpus = read_splits(sample().folder, name="sample", taxonomy=GOEMOTIONS)
    return corpus.train.texts + corpus.dev.texts + corpus.test.texts


def _wordpiece() -> Any:
    # Counted here: the library's own trainer gives another vocabulary each time it runs.
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    normalizer = normalizers.BertNormalizer(lowercase=True)
    pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    saved: Counter[str] = Counter()  # characters that a piece saves over spelling it out
    characters = set()
    for text in sample_texts():
        for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text)):
            characters |= set(word)
            saved[word] += len(word) - 1
            for start, end in combinations(range(len(word) + 1), 2):
                if 2 <= end - start <= 4 and end - start < len(word):
                    saved["##" * (start > 0) + word[start:end]] += end - start - 1
    spelling = [mark + character for mark in ("", "##") for character in sorted(characters)]
    best = sorted(saved.keys() - spelling, key=lambda piece: (-saved[piece], piece))
    pieces = (*WORDPIECE_SPECIALS, *spelling, *best)[:PIECES]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.add_special_tokens([n for n in WORDPIECE_SPECIALS if not n.startswith("[unused")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _byte_level_bpe() -> Any:
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES - 1,
        special_tokens=list(BPE_SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sample_texts(), trainer)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    first, last = ((name, BPE_SPECIALS.index(name)) for name in ("<s>", "</s>"))
    tokenizer.post_processor = processors.RobertaProcessing(
        last, first, trim_offsets=True, add_prefix_space=False
    )
    return tokenizer


def _modern_bpe() -> Any:
    """ModernBERT's form: NFC, pieces of no role first, runs of spaces, names of roles last."""
    from tokenizers import (
        AddedToken,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    first = (AddedToken("|||IP_ADDRESS|||", normalized=True), AddedToken("<|padding|>"))
    runs = [AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES - len(runs) - len(MODERN_SPECIALS) - 1,
        special_tokens=list(first),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sample_texts(), trainer)
    tokenizer.add_tokens([first[0], *runs])
    tokenizer.add_special_tokens([*MODERN_SPECIALS, AddedToken("[MASK]", lstrip=True)])
    ids = tokenizer.get_vocab()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, ids[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


@cache
def tokenizer_json(kind: Kind) -> str:
    """What the encoder's tokenizer.json holds: WordPiece, or byte-level BPE."""
    made = {"roberta": _byte_level_bpe, "modernbert": _modern_bpe}
    tokenizer = made.get(kind, _wordpiece)()
    said = json.loads(tokenizer.to_str())
    ids = {added["content"]: added["id"] for added in said["added_tokens"]}
    if kind != "modernbert":  # whose added tokens are no pieces of its model
        said["model"]["vocab"] |= ids
    assert sorted({**said["model"]["vocab"], **ids}.values()) == list(range(PIECES))
    return json.dumps(said, ensure_ascii=False, indent=1)


def _config(kind: Kind, *, layers: int, width: int, heads: int, positions: int) -> Any:
    from tokenizers import Tokenizer
    from transformers import (
        AlbertConfig,
        BertConfig,
        DebertaV2Config,
        DistilBertConfig,
        ElectraConfig,
        ModernBertConfig,
        MPNetConfig,
        RobertaConfig,
    )

    pad = "<pad>" if kind == "roberta" else "[PAD]"
    pad_token_id = Tokenizer.from_str(tokenizer_json(kind)).token_to_id(pad)
    if kind == "distilbert":
        return DistilBertConfig(
            vocab_size=PIECES,
            max_position_embeddings=positions,
            n_layers=layers,
            n_heads=heads,
            dim=width,
            hidden_dim=2 * width,
            pad_token_id=pad_token_id,
        )
    settings = {
        "vocab_size": PIECES,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 2 * width,
        "pad_token_id": pad_token_id,
    }
    if kind == "bert":
        return BertConfig(**settings, max_position_embeddings=positions)
    if kind == "electra":
        narrow = width // 2
        return ElectraConfig(**settings, max_position_embeddings=positions, embedding_size=narrow)
    if kind == "albert":
        narrow = width // 4
        return AlbertConfig(**settings, max_position_embeddings=positions, embedding_size=narrow)
    if kind == "mpnet":
        return MPNetConfig(**settings, max_position_embeddings=positions + 2)
    if kind == "deberta-v2":  # as v3 has it; 8 buckets of distances to either side
        said = {"relative_attention": True, "pos_att_type": "p2c|c2p", "share_att_key": True}
        said |= {"position_buckets": 8, "norm_rel_ebd": "layer_norm"}
        bare = {"position_biased_input": False, "type_vocab_size": 0}
        return DebertaV2Config(**settings, **said, **bare, max_position_embeddings=positions)
    if kind == "modernbert":  # every other layer sees 8 tokens to either side
        near = {"local_attention": 16, "global_attn_every_n_layers": 2}
        roles = dict.fromkeys(f"{role}_token_id" for role in ("bos", "eos", "cls", "sep"))
        return ModernBertConfig(**settings, **near, **roles, max_position_embeddings=positions)
    return RobertaConfig(**settings, max_position_embeddings=positions + 2, type_vocab_size=1)


def make_encoder(
    folder: Path,
    kind: Kind,
    *,
    layers: int = 2,
    width: int = 32,
    heads: int = 2,
    labels: Sequence[str] | None = None,
    seed: int = 0,
    positions: int = 64,
) -> Path:
    """Write config.json, model.safetensors and the tokenizer's files; returns `folder`.

    labels: with them, a sequence classifier with a multi-label head; without, the bare encoder.
    """
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification
    from transformers.utils import logging

    config = _config(kind, layers=layers, width=width, heads=heads, positions=positions)
    if labels is not None:
        config.problem_type = "multi_label_classification"
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: k for k, label in enumerate(labels)}
    factory = AutoModel if labels is None else AutoModelForSequenceClassification
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model = factory.from_config(config).eval()
        for parameter in model.parameters():
            parameter += 0.25 * torch.randn(parameter.shape)
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(folder)
    finally:
        if shown:
            logging.enable_progress_bar()
    (folder / "tokenizer.json").write_text(tokenizer_json(kind), encoding="utf-8")
    roles = ("bos", "pad", "eos", "unk") if kind == "roberta" else ("pad", "unk", "cls", "sep")
    names = BPE_SPECIALS if kind == "roberta" else ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    said = {f"{role}_token": name for role, name in zip(roles, names, strict=True)}
    said |= {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": str(positions)}
    (folder / "tokenizer_config.json").write_text(
        json.dumps(said | {"model_max_length": positions})
    )
    return folder
