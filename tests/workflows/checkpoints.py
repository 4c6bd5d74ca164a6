"""Tiny finished models: of transformers, of emoray, and of a kind that has no graph here."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoray.labels import SENTIMENT
from emoray.models.encoder.weights import read_classifier
from emoray.stages.interleaved_timing import TimingPlan
from emoray.text.subwords_io import read_pieces
from tests.models.encoder.encoders_made import PIECES, make_encoder

LABELS = SENTIMENT.labels
OTHER_ORDER = tuple(reversed(LABELS))
SHORT = TimingPlan(singles=2, batches=1, turns=1)


def own_model(folder: Path, transformers: Path, *, max_tokens: int = 32) -> Path:
    """The files of a fine-tuning of ours, with the weights of a transformers classifier."""
    tensors, settings, labels = read_classifier(transformers)
    pieces = read_pieces(transformers, max_tokens=max_tokens)
    folder.mkdir(parents=True)
    tensors["embedding"] = pieces.start_rows(tensors["embedding"])
    np.savez(folder / "weights.npz", allow_pickle=False, **tensors)
    (folder / "encoder.json").write_text(settings.to_json())
    pieces.write(folder)
    (folder / "rows.json").unlink()
    (folder / "labels.txt").write_text("\n".join(labels))
    return folder


def foreign_model(folder: Path, like: Path) -> Path:
    """An ERNIE classifier with the tokenizer of another folder."""
    import torch
    from transformers import ErnieConfig, ErnieForSequenceClassification
    from transformers.utils import logging

    config = ErnieConfig(
        vocab_size=PIECES,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        problem_type="multi_label_classification",
        id2label=dict(enumerate(LABELS)),
        label2id={label: k for k, label in enumerate(LABELS)},
    )
    logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ErnieForSequenceClassification(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((like / name).read_bytes())
    return folder


def edit_config(folder: Path, **changed: object) -> None:
    """Change config.json of a transformers folder; None removes an entry."""
    said = json.loads((folder / "config.json").read_text()) | changed
    kept = {name: value for name, value in said.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))


def tiny(folder: Path, kind: str = "bert", labels: tuple[str, ...] = OTHER_ORDER) -> Path:
    """A classifier of `sentiment` with its labels in an order of its own."""
    return make_encoder(folder, kind, width=16, labels=labels)  # type: ignore[arg-type]


def single_label(folder: Path, kind: str = "bert") -> Path:
    """A classifier of `sentiment` that gives one label a text, by other words for the labels."""
    tiny(folder, kind, ("Negative", "none", "Ambiguous", "POS"))
    edit_config(folder, problem_type="single_label_classification")
    return folder


def as_transformers(folder: Path, texts: Sequence[str]) -> list[dict[str, float]]:
    """The probability of each label by transformers' own pipeline, by its name."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    classify = pipeline(
        "text-classification",
        model=AutoModelForSequenceClassification.from_pretrained(folder),
        tokenizer=AutoTokenizer.from_pretrained(folder),
    )
    said = classify(list(texts), top_k=None, truncation=True)
    return [{one["label"]: one["score"] for one in of_text} for of_text in said]
