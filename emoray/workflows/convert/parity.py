"""Whether a converted model says what PyTorch says, on real texts of every length.

Shapes: N texts, L tokens, K labels, C decisions (rows of cuts).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.artifact.runtime import TOKENIZER, VOCABULARY, Reader
from emoray.artifact.scoring import evenly
from emoray.quant.scheme_names import FLOAT_NAME
from emoray.stages.checkpoint_source import LoadedCheckpoint
from emoray.stages.compression import BASE, LOGITS
from emoray.stages.interleaved_timing import Model
from emoray.stages.misread import Misread
from emoray.stages.speed import TORCH
from emoray.workflows.checkpoint_evaluation import CheckpointEvaluation
from emoray.workflows.compress.variants import MadeVariants
from emoray.workflows.convert.reference import ids_as_saved, misread_by
from emoray.workflows.settings.convert import TOLERANCE

TEXTS, BATCH = 192, 16
ODD = ("", " ", "!", "\N{GRINNING FACE}", "[NAME] and [RELIGION]", "Ça va, naïve?", "a" * 150)
Encode = Callable[[Sequence[str]], list[list[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """What was compared and how far it differs. misread: the first text with other ids."""

    texts: int
    shortest_tokens: int
    longest_tokens: int
    misread: Misread | None
    max_logit_error: float
    changed_decisions: int
    decisions: int


def many_lengths(texts: Sequence[str], encode: Encode, max_tokens: int) -> list[str]:
    """Real texts over the lengths they have, odd ones, and joined ones up to beyond the longest."""
    distinct = list(dict.fromkeys(texts))
    lengths = [len(ids) for ids in encode(distinct)]
    mean = max(1.0, float(np.mean(lengths)))
    joined = []
    target = 64
    while target < 2 * max_tokens:
        joined.append(" ".join(distinct[: int(min(target, max_tokens) / mean) + 2]))
        target *= 2
    return [*(distinct[i] for i in evenly(np.array(lengths), TEXTS)), *joined, *ODD]


def _padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    ids_NL = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for i, row in enumerate(rows):
        ids_NL[i, : len(row)] = row
    return ids_NL


def _batches(rows: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Every text alone, then all in batches of mixed length."""
    order = np.random.default_rng(0).permutation(len(rows))
    mixed = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    return [_padded([row]) for row in rows] + [_padded([rows[i] for i in some]) for some in mixed]


def measure_parity(
    given: LoadedCheckpoint,
    texts: Sequence[str],
    ids: Callable[[str], list[int]],
    *,
    torch: Model,
    onnx: Model,
    cuts_CK: np.ndarray,
) -> Parity:
    """Both models on texts of many lengths, alone and among longer ones; token ids of every text.

    Args:
        given: the checkpoint.
        texts: that both read.
        torch: logits_NK of PyTorch, of token ids.
        onnx: logits_NK of the artifact, of token ids.
        ids: of the artifact's tokenizer.
        cuts_CK: decisions by which flips are counted.

    Returns:
        What differs, and by how much.
    """
    chosen = many_lengths(texts, lambda some: ids_as_saved(given, some), given.max_tokens)
    rows = [ids(text) for text in chosen]
    every = list(dict.fromkeys([*texts, *chosen]))
    error, changed, decisions = 0.0, 0, 0
    for ids_NL in _batches(rows):
        before_NK, after_NK = torch(ids_NL), onnx(ids_NL)
        error = max(error, float(np.abs(before_NK - after_NK).max()))
        for cuts_K in cuts_CK:
            changed += int(((before_NK >= cuts_K) != (after_NK >= cuts_K)).sum())
            decisions += before_NK.size
    lengths = [len(row) for row in rows]
    return Parity(
        texts=len(rows),
        shortest_tokens=min(lengths),
        longest_tokens=max(lengths),
        misread=misread_by(given, every, ids),
        max_logit_error=error,
        changed_decisions=changed,
        decisions=decisions,
    )


def _logits(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(folder / LOGITS, allow_pickle=False) as data:
        return data["dev"], data["test"]


def require_parity(evaluation: CheckpointEvaluation, made: MadeVariants) -> None:
    """Refuse a compression whose tokenizer or float graph differs from the model's.

    Raises:
        ValueError: token ids, or logits of the float graph, of texts of dev or test differ.
    """
    corpus = evaluation.corpus
    texts = [*corpus.dev.texts, *corpus.test.texts]
    some = next(iter(made.variants.values()))
    base = evaluation.store.make(some.compressed).folder / BASE
    reader = Reader(*((base / name).read_bytes() for name in (VOCABULARY, TOKENIZER)))
    if found := misread_by(evaluation.subject, list(dict.fromkeys([*texts, *ODD])), reader.ids):
        raise ValueError(str(found))
    if FLOAT_NAME not in made.variants:
        return
    theirs = _logits(evaluation.store.make(evaluation.torch(TORCH)).folder)
    ours = _logits(evaluation.store.make(made.variants[FLOAT_NAME].scored).folder)
    apart_N = np.abs(np.concatenate(theirs) - np.concatenate(ours)).max(1)
    if not apart_N.max() <= TOLERANCE:
        text = texts[int(np.argmax(apart_N))]
        raise ValueError(
            f"a float graph says what PyTorch says, got a logit {apart_N.max():.2g} apart "
            f"(tolerance {TOLERANCE:g}) for {text[:60]!r}: leave texts out that name padding, "
            "and save model and tokenizer again from one place with save_pretrained"
        )
