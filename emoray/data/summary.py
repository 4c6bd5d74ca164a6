"""Counts of a corpus: sizes, labels, which occur together, which texts are repeated.

Shapes: S splits, K labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.data.corpus import SPLITS, read_records, taxonomies_of
from emoray.data.features import FeatureNames, row_bytes

PAIRS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two labels on the same texts: how many, and their share of texts with either (Jaccard)."""

    first: str
    second: str
    texts: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorpusCounts:
    """Counts of a corpus before training; sequences in the order of train, dev, test.

    Attributes:
        labels: of the corpus.
        taxonomies: that it can be read in.
        sizes: texts of each split.
        count_SK: texts of each label.
        unlabelled: texts without a label.
        single: whether every text has exactly one label.
        pairs: labels that occur together the most.
        repeated: number of texts that occur again, by where.
        words: of a text: median, 95th percentile and maximum.
        features: that stand in place of texts, if any.
    """

    labels: tuple[str, ...]
    taxonomies: tuple[str, ...]
    sizes: tuple[int, ...]
    count_SK: np.ndarray
    unlabelled: tuple[int, ...]
    single: bool
    pairs: tuple[Pair, ...]
    repeated: dict[str, int]
    words: tuple[int, int, int]
    features: FeatureNames | None


def _pairs(labels_NK: np.ndarray, names: tuple[str, ...]) -> tuple[Pair, ...]:
    counts = labels_NK.astype(np.float32)  # BLAS; exact up to 16 million texts
    both_KK = counts.T @ counts
    alone_K = np.diag(both_KK)
    either_KK = alone_K[:, None] + alone_K[None] - both_KK
    found = [
        Pair(
            first=names[i],
            second=names[j],
            texts=int(both_KK[i, j]),
            share=float(both_KK[i, j] / either_KK[i, j]),
        )
        for i, j in zip(*np.triu_indices(len(names), k=1), strict=True)
        if both_KK[i, j]
    ]
    return tuple(sorted(found, key=lambda p: (-p.share, p.first, p.second))[:PAIRS])


def _repeated(texts: Mapping[str, Sequence[str | bytes]]) -> dict[str, int]:
    sets = {split: set(found) for split, found in texts.items()}
    return {
        "of train stand there more than once": len(texts["train"]) - len(sets["train"]),
        "of dev also in train": sum(text in sets["train"] for text in texts["dev"]),
        "of test also in train": sum(text in sets["train"] for text in texts["test"]),
        "of test also in dev": sum(text in sets["dev"] for text in texts["test"]),
    }


def count_corpus(folder: Path) -> CorpusCounts:
    """Count what a corpus in emoray's own form holds; ValueError for a folder that holds none."""
    kinds = taxonomies_of(folder)
    names = kinds[0].of
    records = {split: read_records(folder, split)[1] for split in SPLITS}
    by_split = []
    for split in SPLITS:
        labels_NK = np.zeros((len(records[split]), len(names)), dtype=np.uint8)
        for row, (_, _, ids) in enumerate(records[split]):
            labels_NK[row, ids] = 1
        by_split.append(labels_NK)
    whole_NK = np.concatenate(by_split)
    texts = {split: [text for _, text, _ in found] for split, found in records.items()}
    lengths = [len(text.split()) for found in texts.values() for text in found]
    features = FeatureNames.read(folder)
    same: Mapping[str, Sequence[str | bytes]] = texts
    if features is not None:
        same = {split: row_bytes(folder, split) for split in SPLITS}
    median, high, most = (int(v) for v in np.percentile(lengths, [50, 95, 100]))
    return CorpusCounts(
        labels=names,
        taxonomies=tuple(map(str, kinds)),
        sizes=tuple(len(records[split]) for split in SPLITS),
        count_SK=np.stack([labels_NK.sum(axis=0, dtype=np.int64) for labels_NK in by_split]),
        unlabelled=tuple(int((~labels_NK.any(axis=1)).sum()) for labels_NK in by_split),
        single=bool((whole_NK.sum(axis=1) == 1).all()),
        pairs=_pairs(whole_NK, names),
        repeated=_repeated(same),
        words=(median, high, most),
        features=features,
    )
