"""A finished artifact in a second: averages of random word vectors, and a head solved on train.

Shapes: N texts, L tokens, D width, K labels.
"""

from pathlib import Path

import numpy as np

from emoray.artifact import runtime
from emoray.artifact.packaging import base_files, decision_json
from emoray.artifact.runtime import DECISION
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.export.graph import build_graph
from emoray.export.network import Network
from emoray.labels import SENTIMENT, Taxonomy
from emoray.text.vocabulary import Vocabulary
from emoray.text.words import rules_json, tokenize

WIDTH = 48


def make_artifact(
    folder: Path,
    taxonomy: Taxonomy = SENTIMENT,
    *,
    seed: int = 0,
    sharpness: float = 1.0,
    labels: tuple[str, ...] | None = None,
) -> Path:
    """Decides at one half. sharpness: logits are multiplied by it, so probabilities are off.

    labels: their names and order in the artifact.  [default: the taxonomy's]
    """
    train = read_splits(sample().folder, name="sample", taxonomy=taxonomy).train
    words = [tokenize(text) for text in train.texts]
    vocabulary = Vocabulary.build(words, max_words=600, min_count=2, oov_min_count=2, known=set())
    rng = np.random.default_rng(seed)
    embedding_VD = rng.normal(size=(len(vocabulary.words) + 2, WIDTH)).astype(np.float32)
    embedding_VD[0] = 0
    pooled_ND = np.array([embedding_VD[vocabulary.encode(row)].mean(axis=0) for row in words])
    ones_ND = np.column_stack([pooled_ND, np.ones(len(pooled_ND))])
    pull_DD = ones_ND.T @ ones_ND + 5.0 * np.eye(WIDTH + 1)
    solved_DK = 6.0 * np.linalg.solve(pull_DD, ones_ND.T @ (train.labels_NK - 0.45))
    names = labels or taxonomy.labels
    known = [n for n in names if n in taxonomy.labels]
    columns = [taxonomy.labels.index(n) for n in known] or list(range(len(names)))
    solved_DK = (sharpness * solved_DK[:, columns]).astype(np.float32)
    tensors = {
        "embedding": embedding_VD,
        "head.kernel": solved_DK[:-1],
        "head.bias": solved_DK[-1],
    }
    files = base_files(
        build_graph(Network.from_tensors(tensors, ["mean"])).file,
        vocabulary=vocabulary.to_text(),
        tokenizer={**rules_json(), "max_tokens": 64},
        labels=names,
    )
    files[DECISION] = decision_json(1.0, np.zeros(len(names)), "fixed0.5")
    runtime.write(folder, files)
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
