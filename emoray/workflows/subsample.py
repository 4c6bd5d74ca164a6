"""A corpus with fewer train texts, where all of them would take too long."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from emoray.data.corpus import FILES, read_splits
from emoray.stages.inputs import CorpusSummary
from emoray.stages.spec import CorpusRef


def fewer(
    found: CorpusSummary, taxonomy: str, texts: int, folder: Path, *, seed: int = 0
) -> CorpusSummary:
    """Write a corpus of fewer train texts to `<folder>/_corpus-<texts>`; dev and test are whole.

    ValueError where a label is left without any text.

    Args:
        found: the whole corpus.
        taxonomy: in which it is read.
        texts: train texts that are drawn.
        folder: where it is written.
        seed: of the draw.

    Returns:
        The summary of the smaller corpus.
    """
    source = found.data.corpus
    target = folder / f"_corpus-{texts}"
    target.mkdir(parents=True, exist_ok=True)
    for whole in FILES:
        if (source.folder / whole).is_file():
            (target / whole).write_bytes((source.folder / whole).read_bytes())
    lines = (source.folder / "train.tsv").read_text("utf-8-sig").removesuffix("\n").split("\n")
    kept = np.sort(np.random.default_rng(seed).permutation(len(lines))[:texts])
    (target / "train.tsv").write_text("".join(f"{lines[i]}\n" for i in kept), "utf-8")
    if (rows := target / "train.npy").is_file():
        np.save(rows, np.load(rows, allow_pickle=False)[kept])
    name = f"{source.name}-{texts}"
    corpus = read_splits(target, name=name, taxonomy=source.taxonomy(taxonomy))
    ref = CorpusRef.of(corpus, target.absolute())
    return replace(
        found,
        data=replace(found.data, corpus=ref),
        train=len(corpus.train),
        leaked=int(corpus.leaked_N.sum()),
    )
