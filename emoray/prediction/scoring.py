"""The stage that scores: a part of texts by a network, whatever is decided and written later.

Shapes: N texts, K labels.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emoray.artifact import runtime
from emoray.artifact.decision_history import model_sha256
from emoray.artifact.loading import Finished
from emoray.prediction.indexing import GROUP_ROWS, IndexTexts, as_texts
from emoray.prediction.parquet_rows import batches_between, parquet_file
from emoray.prediction.text_files import UNKEYED
from emoray.storage.store.keys import Stage

SCORES = "scores.parquet"
FAST = (None, runtime.FEATURES)  # kinds of tokenizers: of words, and rows of features
PART_ROWS = {"words": 1 << 15, "pieces": 1 << 11}  # half a second of the one, seconds of the other
TOGETHER = 512  # texts that are scored at once: whom a text is beside moves its last digit
CHARACTERS = 2 << 20  # of the texts that are scored at once
NULL = "a text is a string, got null: leave the row out, or give an empty string"
NOWHERE = Path()
_FACTS = (
    pa.field("text_sha256", pa.binary(32)),
    pa.field("characters", pa.int32()),
    pa.field("tokens", pa.int32()),
    pa.field("truncated", pa.bool_()),
    pa.field("unknown_share", pa.float32()),
)
ERROR = pa.field("error", pa.string())


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The files of an artifact that logits depend on: all but its decision.

    Attributes:
        sha256: of them.
        path: a folder of an artifact that has them.
    """

    tag: ClassVar[str] = "Network"

    sha256: str
    path: Path

    @classmethod
    def of(cls, artifact: Finished) -> "Network":
        """That of a finished artifact."""
        return cls(sha256=artifact.model_sha256, path=artifact.folder.absolute())

    def load(self) -> runtime.Classifier:
        """Load it; ValueError where the folder holds another by now."""
        if (found := model_sha256(runtime.read(self.path))) != self.sha256:
            raise ValueError(
                f"an artifact must stay as it is while it is used, {self.path} holds the network "
                f"{found[:12]}… in place of {self.sha256[:12]}… by now: run the same command again"
            )
        return runtime.load(self.path)


def part_rows_of(artifact: Finished) -> int:
    """Rows of a part: so many that a part takes about a second of an everyday processor."""
    files = runtime.read(artifact.folder)
    _, members = runtime.members_of(files)
    kinds = {
        "pieces" if json.loads(files[member["tokenizer"]]).get("kind") not in FAST else "words"
        for member in members
    }
    return min(PART_ROWS[kind] for kind in kinds)


@lru_cache(maxsize=1)
def _loaded(network: Network) -> runtime.Classifier:
    """Loaded once a process, for all the parts that it scores."""
    return network.load()


def scores_schema(labels: int) -> pa.Schema:
    """Columns of a part's scores."""
    return pa.schema([*_FACTS, pa.field("logits", pa.list_(pa.float32(), labels)), ERROR])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _TextScores:
    """Scores of some texts, as columns; logits of a text with an error are 0."""

    logits_NK: np.ndarray
    tokens: list[int]
    truncated: list[bool]
    unknown_share: list[float]
    errors: list[str | None]

    @classmethod
    def joined(cls, some: Sequence["_TextScores"]) -> "_TextScores":
        return cls(
            logits_NK=np.concatenate([each.logits_NK for each in some]),
            tokens=[value for each in some for value in each.tokens],
            truncated=[value for each in some for value in each.truncated],
            unknown_share=[value for each in some for value in each.unknown_share],
            errors=[value for each in some for value in each.errors],
        )

    def rows(self, numbers: list[int]) -> "_TextScores":
        return _TextScores(
            logits_NK=self.logits_NK[numbers],
            tokens=[self.tokens[row] for row in numbers],
            truncated=[self.truncated[row] for row in numbers],
            unknown_share=[self.unknown_share[row] for row in numbers],
            errors=[self.errors[row] for row in numbers],
        )


def _failed(labels: int, why: str) -> _TextScores:
    return _TextScores(
        logits_NK=np.zeros((1, labels), np.float32),
        tokens=[0],
        truncated=[False],
        unknown_share=[0.0],
        errors=[why],
    )


def _scored(classifier: runtime.Classifier, texts: Sequence[str]) -> _TextScores:
    """Score texts; those that are refused are looked for by halves, the others go on."""
    try:
        logits_NK, readings = classifier.scores([classifier.parsed(text) for text in texts])
    except (OSError, MemoryError):  # not the text's fault
        raise
    except Exception as error:
        if len(texts) == 1:
            reason = " ".join(str(error).split()) or type(error).__name__
            return _failed(len(classifier.labels), reason[:300])
        middle = len(texts) // 2
        halves = texts[:middle], texts[middle:]
        return _TextScores.joined([_scored(classifier, half) for half in halves])
    finite_N = np.isfinite(logits_NK).all(axis=1)
    errors = [None if finite else "logits are finite numbers, got others" for finite in finite_N]
    return _TextScores(
        logits_NK=np.where(finite_N[:, None], logits_NK, np.float32(0)),
        tokens=[len(reading.ids) for reading in readings],
        truncated=[reading.truncated for reading in readings],
        unknown_share=[reading.unknown_share for reading in readings],
        errors=errors,
    )


def strings_of(column: pa.Array) -> list[str | None]:
    """The texts of a column of large strings; of bytes that are no UTF-8, what can be read."""
    try:
        found: list[str | None] = column.to_pylist()
    except UnicodeDecodeError:  # Parquet's strings may be any bytes
        raw = column.cast(pa.large_binary()).to_pylist()
        found = [None if each is None else each.decode("utf-8", "replace") for each in raw]
    return found


def _stretches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Cut texts so that each piece has a bounded number of characters, or is one text."""
    some: list[str] = []
    size = 0
    for text in texts:
        size += len(text)
        if size > CHARACTERS and some:
            yield some
            some, size = [], len(text)
        some.append(text)
    if some:
        yield some


def score_batch(classifier: runtime.Classifier, texts: Iterable[str | None]) -> pa.RecordBatch:
    """Score some texts, one row each; a null is an error of its row.

    Args:
        classifier: the artifact.
        texts: in their order; no more of them are held than are scored at once.

    Returns:
        Columns of `scores_schema`.
    """
    labels = len(classifier.labels)
    digests: list[bytes | None] = []
    lengths: list[int | None] = []

    def given() -> Iterator[str]:
        for text in texts:
            digests.append(None if text is None else hashlib.sha256(text.encode()).digest())
            lengths.append(None if text is None else len(text))
            if text is not None:
                yield text

    parts = [_scored(classifier, part) for part in _stretches(given())]
    schema = scores_schema(labels)
    if not digests:
        return pa.RecordBatch.from_pylist([], schema)
    if None in digests:
        found = _TextScores.joined([*parts, _failed(labels, NULL)])
        at = iter(range(len(digests)))
        rows = [-1 if length is None else next(at) for length in lengths]
        whole = found.rows(rows)
    else:
        whole = _TextScores.joined(parts)
    columns = [
        pa.array(digests, pa.binary(32)),
        pa.array(lengths, pa.int32()),
        pa.array(whole.tokens, pa.int32()),
        pa.array(whole.truncated, pa.bool_()),
        pa.array(whole.unknown_share, pa.float32()),
        pa.FixedSizeListArray.from_arrays(pa.array(whole.logits_NK.ravel()), labels),
        pa.array(whole.errors, pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTexts:
    """Logits of a part of texts, or of a slice of it.

    Attributes:
        texts_sha256: of the part's texts, see `TextPart`.
        start: first row in the part.
        stop: the row after the last.
        network: that scores.
        index: of a file that has the part; where it is found is no part of the key.
        first: row of that file with which the part begins.
        given: a folder that holds the result already, put together from those of slices.
    """

    name: ClassVar[str] = "score_texts"
    version: ClassVar[int] = 1

    texts_sha256: str
    start: int
    stop: int
    network: Network
    index: IndexTexts = field(metadata=UNKEYED)
    first: int = field(metadata=UNKEYED)
    given: Path = NOWHERE

    @property
    def rows(self) -> int:
        """How many texts."""
        return self.stop - self.start

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `scores.parquet`, one row a text."""
        if self.given != NOWHERE:
            shutil.copyfile(self.given / SCORES, out / SCORES)
            return
        classifier = _loaded(self.network)
        rows = self.index.rows_in(inputs["index"])
        start, stop = self.first + self.start, self.first + self.stop
        with (
            parquet_file(rows) as file,
            scores_writer(out / SCORES, len(classifier.labels)) as sink,
        ):
            waiting: list[pa.RecordBatch] = []
            texts = (
                text
                for batch in batches_between(file, start, stop, [self.index.column])
                for text in strings_of(as_texts(batch.column(0)))
            )
            while len(scored := score_batch(classifier, islice(texts, TOGETHER))):
                waiting.append(scored)
                if sum(map(len, waiting)) >= GROUP_ROWS:
                    sink.write_table(pa.Table.from_batches(waiting))
                    waiting.clear()
            if waiting:
                sink.write_table(pa.Table.from_batches(waiting))


def scores_writer(path: Path, labels: int) -> pq.ParquetWriter:
    """A file of scores: nothing that is packed or looked for in it would be worth the time."""
    return pq.ParquetWriter(
        path,
        scores_schema(labels),
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
    )


def halves(stage: Stage) -> Sequence[Stage]:
    """Both halves of a part that kills its workers; none of one text, or of another stage.

    Texts stay together with those beside which they are scored, as far as that goes.

    Returns:
        Two stages, or none.
    """
    if not isinstance(stage, ScoreTexts) or stage.rows < 2:
        return ()
    middle = (stage.start + stage.stop) // 2
    middle -= middle % TOGETHER if middle - middle % TOGETHER > stage.start else 0
    return replace(stage, stop=middle), replace(stage, start=middle)


def write_joined(path: Path, labels: int, pieces: Sequence[tuple[Path | None, int, str]]) -> None:
    """Write the scores of a part that was scored in slices.

    Args:
        path: of the file.
        labels: K.
        pieces: of each slice its scores, rows and nothing, or None, 1 and why it has none.
    """
    with scores_writer(path, labels) as sink:
        for scores, _, why in pieces:
            if scores is not None:
                sink.write_table(pq.read_table(scores))
                continue
            row: dict[str, Any] = dict.fromkeys(sink.schema.names)
            row |= {"logits": [0.0] * labels, "error": why, "tokens": 0}
            sink.write_table(pa.Table.from_pylist([row], sink.schema))
