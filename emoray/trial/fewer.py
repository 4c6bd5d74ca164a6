"""A corpus with fewer train texts, for what would take too long on all of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from emoray.labels import taxonomy as taxonomy_of
from emoray.text.corpus import read_corpus
from emoray.trial.data import Look
from emoray.trial.spec import CorpusRef


def fewer(found: Look, taxonomy: str, texts: int, folder: Path, *, seed: int = 0) -> Look:
    """The same look at a corpus of `texts` train texts, drawn by `seed`; dev and test are whole.

    It is written to `<folder>/_corpus-<texts>`. Raises ValueError where a label is left without
    any text.
    """
    source = found.data.corpus
    target = folder / f"_corpus-{texts}"
    target.mkdir(parents=True, exist_ok=True)
    for split in ("dev", "test"):
        (target / f"{split}.tsv").write_bytes((source.folder / f"{split}.tsv").read_bytes())
    lines = (source.folder / "train.tsv").read_text("utf-8-sig").removesuffix("\n").split("\n")
    kept = np.sort(np.random.default_rng(seed).permutation(len(lines))[:texts])
    (target / "train.tsv").write_text("".join(f"{lines[i]}\n" for i in kept), "utf-8")
    name = f"{source.name}-{texts}"
    corpus = read_corpus(target, name=name, taxonomy=taxonomy_of(taxonomy))
    ref = CorpusRef(name=name, sha256=corpus.sha256, folder=target.absolute())
    return replace(
        found,
        data=replace(found.data, corpus=ref),
        train=len(corpus.train),
        leaked=int(corpus.leaked_N.sum()),
    )
