"""Write word vectors: GloVe's text format, and the same numbers as `.npy` with its words.

Shapes: V words, D dimensions.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoray.text.vectors.files import word_file_names

ENDING = ".txt"


def names_for(text: str) -> tuple[str, str, str]:
    """File names of the text format, the `.npy` and its words, from that of the first."""
    stem = text.removesuffix(ENDING)
    if stem == text or not stem:
        raise ValueError(
            f"vectors are written to NAME{ENDING} in GloVe's text format, got {text!r}: end the "
            f"name in {ENDING}"
        )
    matrix = f"{stem}.npy"
    return text, matrix, word_file_names(matrix)[0]


def words_text(words: Sequence[str]) -> str:
    """One word a line."""
    return "".join(f"{word}\n" for word in words)


def write_vectors(
    folder: Path, text: str, words: Sequence[str], vectors_VD: np.ndarray
) -> tuple[Path, Path, Path]:
    """Write all three files; both forms hold the same float32 numbers, to the last bit."""
    line_file, matrix, word_file = (folder / name for name in names_for(text))
    folder.mkdir(parents=True, exist_ok=True)
    vectors_VD = np.ascontiguousarray(vectors_VD, np.float32)
    np.save(matrix, vectors_VD)
    word_file.write_text(words_text(words), "utf-8")
    with line_file.open("w", encoding="utf-8", newline="\n") as file:
        for word, vector_D in zip(words, vectors_VD, strict=True):
            # The fewest digits that float32 comes back from.
            file.write(f"{word} {' '.join(vector_D.astype(str).tolist())}\n")
    return line_file, matrix, word_file
