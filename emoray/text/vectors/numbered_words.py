"""Words of many texts as numbers on disk: a file of any size is tokenized once, read twice.

Shapes: W different words, each with its number in order of first sight.
"""

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np

END = -1  # of a text, among the numbers of its words
_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbered:
    """All texts' words by number, `END` behind each text; count_W: occurrences of each."""

    words: tuple[str, ...]
    count_W: np.ndarray
    texts: int
    _file: IO[bytes]

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """Whole texts, about `size` words at a time and never less than one text."""
        self._file.seek(0)
        rest = np.zeros(0, np.int32)
        while raw := self._file.read(rest.itemsize * size):
            block = np.concatenate([rest, np.frombuffer(raw, np.int32)])
            ends = np.flatnonzero(block == END)
            cut = int(ends[-1]) + 1 if len(ends) else 0
            rest = block[cut:]
            if cut:
                yield block[:cut]


@contextmanager
def number_words(texts: Iterable[Sequence[str]]) -> Iterator[Numbered]:
    """Write the words of every text to a temporary file, deleted when the block ends."""
    number: dict[str, int] = {}
    count_W = np.zeros(0, np.int64)
    with tempfile.TemporaryFile() as file:
        buffer, ends = array("i"), 0

        def flush() -> np.ndarray:
            written = np.array(buffer, np.int32)
            file.write(written.tobytes())
            del buffer[:]
            found_W = np.bincount(written[written != END], minlength=len(number))
            found_W[: len(count_W)] += count_W
            return found_W

        for words in texts:
            buffer.extend([number.setdefault(word, len(number)) for word in words])
            buffer.append(END)
            ends += 1
            if len(buffer) >= _BUFFER:
                count_W = flush()
        count_W = flush()
        yield Numbered(words=tuple(number), count_W=count_W, texts=ends, _file=file)
