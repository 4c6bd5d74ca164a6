"""Whether a converted model says what PyTorch says, on real texts of every length.

Shapes: N texts, L tokens, K labels, C decisions (rows of cuts).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from emoray.trial.checkpoints.given import Given
from emoray.trial.checkpoints.reference import encoder_ids, tokenizer
from emoray.trial.checkpoints.speed import Model

TEXTS, BATCH = 192, 16
ODD = ("", " ", "!", "\N{GRINNING FACE}", "[NAME] and [RELIGION]", "Ça va, naïve?", "a" * 150)
Encode = Callable[[Sequence[str]], list[list[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """What was compared and how far it differs. retokenised: texts whose ids are not PyTorch's."""

    texts: int
    shortest_tokens: int
    longest_tokens: int
    retokenised: int
    max_logit_error: float
    changed_decisions: int
    decisions: int


def _spread(texts: Sequence[str], lengths: Sequence[int], count: int) -> list[str]:
    """Evenly over the sorted lengths."""
    order = np.argsort(lengths, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(count, len(order))).astype(int)]
    return [texts[i] for i in chosen]


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
    return [*_spread(distinct, lengths, TEXTS), *joined, *ODD]


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


def compare(
    given: Given,
    texts: Sequence[str],
    ids: Callable[[str], list[int]],
    *,
    torch: Model,
    onnx: Model,
    cuts_CK: np.ndarray,
) -> Parity:
    """Both models on every text, alone and among longer ones. ids: of the artifact's tokenizer."""
    encode = tokenizer(given)
    chosen = many_lengths(texts, encode, given.max_tokens)
    rows = [ids(text) for text in chosen]
    expected = encode(chosen)
    different = sum(a != b for a, b in zip(encoder_ids(given, rows), expected, strict=True))
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
        retokenised=different,
        max_logit_error=error,
        changed_decisions=changed,
        decisions=decisions,
    )
