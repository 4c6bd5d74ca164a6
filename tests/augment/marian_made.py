"""Tiny Marian models, both directions, made here: they translate into nonsense, but all of it."""

import json
import shutil
from pathlib import Path

import sentencepiece
import torch
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

from emoray.data.corpus import read_records
from emoray.data.goemotions import sample


def sentences(number: int) -> list[str]:
    """The first texts of the embedded sample."""
    return [text for _, text, _ in read_records(sample().folder, "train")[1][:number]]


def make_pair(folder: Path) -> tuple[Path, Path]:
    """`opus-tiny-en-xx` and `opus-tiny-xx-en` below `folder`, with one tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(400)),
        model_prefix=str(folder / "pieces"),
        vocab_size=300,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    known = [pieces.id_to_piece(i) for i in range(len(pieces))]
    names = ["</s>", "<unk>", *(p for p in known if p not in ("</s>", "<unk>", "<s>")), "<pad>"]
    made = []
    for seed, name in enumerate(("opus-tiny-en-xx", "opus-tiny-xx-en")):
        target = folder / name
        target.mkdir()
        (target / "vocab.json").write_text(json.dumps({n: i for i, n in enumerate(names)}))
        for side in ("source.spm", "target.spm"):
            shutil.copyfile(folder / "pieces.model", target / side)
        _model(len(names), seed).save_pretrained(target)
        MarianTokenizer(
            str(target / "source.spm"), str(target / "target.spm"), str(target / "vocab.json")
        ).save_pretrained(target)
        made.append(target)
    return made[0], made[1]


def _model(vocabulary: int, seed: int) -> MarianMTModel:
    config = MarianConfig(
        vocab_size=vocabulary,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        pad_token_id=vocabulary - 1,
        decoder_start_token_id=vocabulary - 1,
        eos_token_id=0,
        forced_eos_token_id=0,
        init_std=0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MarianMTModel(config)
