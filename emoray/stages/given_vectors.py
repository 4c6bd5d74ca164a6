"""Word vectors that a user names, here or in a bucket, as stages name them: by content."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from emoray.stages.spec import VectorsRef
from emoray.storage.location import Place, child, local_copy
from emoray.storage.s3 import S3Folder
from emoray.text.vectors.files import vector_file, word_file_names
from emoray.text.vectors.sources import VectorSource, find_all


def _words_of(matrix: S3Folder) -> Path | None:
    """The words of a `.npy` in a bucket, which is brought alone."""
    for name in word_file_names(matrix.name):
        with suppress(ValueError):  # nothing lies there
            return local_copy(child(matrix.parent, name))
    return None


def vectors_at_hand(data: Place | None, files: Sequence[Place] = ()) -> list[VectorSource]:
    """The files named, else all of Stanford's that lie in `data`, the package or the cache."""
    if files:
        return [vectors_at(place).source for place in files]
    return [*find_all(None if data is None else local_copy(data))]


def vectors_at(place: Place) -> VectorsRef:
    """A file in GloVe's text format, or a `.npy` with its words; ValueError for anything else."""
    words = None
    if isinstance(place, S3Folder) and place.name.endswith(".npy"):
        words = _words_of(place)
    source = vector_file(local_copy(place), words)
    return VectorsRef(source=source, sha256=source.sha256)
