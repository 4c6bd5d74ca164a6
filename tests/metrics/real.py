"""Decisions of two linear models on real texts: GoEmotions where it is, else the sample of it.

Both are ridge regressions on hashed words, which train in seconds; the second one sees a half of
the words. Each label is given as often as dev has it.
"""

import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import Ridge

LABELS = 28


@dataclass(frozen=True, kw_only=True, eq=False)
class RealDecisions:
    """labels and the decisions of both models, of the same texts, bool, N x K."""

    labels_NK: np.ndarray
    one_NK: np.ndarray
    other_NK: np.ndarray


def _split(folder: Path, split: str) -> tuple[list[str], np.ndarray]:
    lines = (folder / f"{split}.tsv").read_text("utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    labels_NK = np.zeros((len(cells), LABELS), bool)
    for row, (_, ids, _) in enumerate(cells):
        labels_NK[row, [int(k) for k in ids.split(",")]] = True
    return [text for text, _, _ in cells], labels_NK


@cache
def real_decisions(*, whole: bool) -> RealDecisions:
    """Of dev and test together.

    Args:
        whole: GoEmotions of EMORAY_DATA where that is set, else its sample.
    """
    folder = Path(str(files("emoray.data") / "sample"))
    if whole and "EMORAY_DATA" in os.environ:
        folder = Path(os.environ["EMORAY_DATA"]) / "goemotions"
    train, labels_TK = _split(folder, "train")
    parts = [_split(folder, split) for split in ("dev", "test")]
    texts = [text for part, _ in parts for text in part]
    labels_NK = np.concatenate([labels for _, labels in parts])
    there_K = np.flatnonzero(labels_NK.sum(axis=0) >= 10)
    share_K = labels_NK.mean(axis=0)
    decided = []
    for words in (2**13, 2**12):
        vectorizer = HashingVectorizer(n_features=words, ngram_range=(1, 2), norm="l2")
        model = Ridge(alpha=1.0, solver="sparse_cg", fit_intercept=False, max_iter=30)
        model.fit(vectorizer.transform(train), labels_TK.astype(float))
        logits_NK = model.predict(vectorizer.transform(texts))
        cuts_K = [np.quantile(logits_NK[:, k], 1 - share_K[k]) for k in range(LABELS)]
        decided.append(logits_NK > np.array(cuts_K))
    return RealDecisions(
        labels_NK=labels_NK[:, there_K],
        one_NK=decided[0][:, there_K],
        other_NK=decided[1][:, there_K],
    )
