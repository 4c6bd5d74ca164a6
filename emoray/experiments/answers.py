"""Answers of a log or of saved predictions, a few bytes a text: what a comparison needs of each.

A text, a request and a key are known by 64 bits of a hash: of 20 million texts two different ones
are taken for one with a probability of 1 in 90,000. Shapes: N texts, K labels, B = bytes that K
decisions fill.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emoray.tables.scored_texts import ScoredTexts

MOST = 20_000_000  # answers: about 50 bytes each, and as much again while they are joined
NEVER = np.iinfo(np.int64).min  # a time that is not known
HEX = np.full(256, 255, np.uint8)
HEX[[ord(digit) for digit in "0123456789abcdef"]] = range(16)
PRIMARY, SPLIT, SHADOW = "primary", "split", "shadow"  # as `jobs.serve` calls them
ODD = np.uint64(0x9E3779B97F4A7C15)  # a number's digits spread over 64 bits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Answers of one artifact.

    Attributes:
        artifact: its SHA-256.
        role: what it did in the service: primary, split or shadow.
        label_names: of the K labels.
        time_N: microseconds since 1970, `NEVER` where it is not known.
        request_N: of the request and the text's number in it; 0 where there was none.
        text_N: of the text.
        unit_N: of what traffic is split by: the key, else the request, else the text.
        milliseconds_N: NaN where they are not known.
        packed_NB: decisions, eight in a byte.
    """

    artifact: str
    role: str
    label_names: tuple[str, ...]
    time_N: np.ndarray
    request_N: np.ndarray
    text_N: np.ndarray
    unit_N: np.ndarray
    milliseconds_N: np.ndarray
    packed_NB: np.ndarray

    def __len__(self) -> int:
        return len(self.text_N)

    def rows(self, kept: np.ndarray) -> "Answers":
        """Those at these positions, or where a mask is true."""
        return replace(self, **{name: getattr(self, name)[kept] for name in COLUMNS})


COLUMNS = ("time_N", "request_N", "text_N", "unit_N", "milliseconds_N", "packed_NB")


def hashed(text: str) -> int:
    """64 bits of a text's hash."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def of_sha256(column: pa.Array | pa.ChunkedArray, where: str) -> np.ndarray:
    """The first 64 bits of hexadecimal SHA-256s; refuse what is none."""
    cut = pc.utf8_slice_codeunits(column, 0, 16)
    whole = pc.all(pc.equal(pc.utf8_length(column), 64)).as_py()
    if not len(column):
        return np.zeros(0, np.uint64)
    if whole and not column.null_count:
        letters = np.array(cut.to_pylist(), "S16").view(np.uint8).reshape(-1, 16)
        digits = HEX[letters]
        if digits.max() < 16:
            shift = np.arange(60, -4, -4, dtype=np.uint64)
            return np.asarray((digits.astype(np.uint64) << shift).sum(axis=1, dtype=np.uint64))
    raise ValueError(
        f"a text is known by its SHA-256, 64 digits of 0-9 and a-f, got others in {where}: leave "
        "the file out, or write it again"
    )


def _hashes(column: pa.ChunkedArray) -> np.ndarray:
    """Hashes of texts that may come again; 0 of nulls."""
    coded = column.combine_chunks().dictionary_encode()
    known = np.array([hashed(text) for text in coded.dictionary.to_pylist()] + [0], np.uint64)
    return known[pc.fill_null(coded.indices, len(known) - 1).to_numpy(zero_copy_only=False)]


def compact(found: ScoredTexts, *, role: str) -> Answers:
    """What is kept of some scored texts."""
    facts = found.facts
    time = pc.fill_null(facts.column("time").cast(pa.int64()), NEVER)
    number_N = pc.fill_null(facts.column("number"), 0).to_numpy().astype(np.uint64)
    text_N = of_sha256(facts.column("text_sha256").combine_chunks(), str(found.source))
    request_N, key_N = _hashes(facts.column("request")), _hashes(facts.column("key"))
    return Answers(
        artifact=found.artifact,
        role=role,
        label_names=found.label_names,
        time_N=time.to_numpy(),
        request_N=np.where(request_N == 0, np.uint64(0), request_N ^ (number_N * ODD)),
        text_N=text_N,
        unit_N=np.where(key_N != 0, key_N, np.where(request_N != 0, request_N, text_N)),
        milliseconds_N=pc.fill_null(facts.column("milliseconds"), np.nan).to_numpy(),
        packed_NB=np.packbits(found.decided_NK, axis=1),
    )


@dataclass(slots=True, kw_only=True, eq=False)
class _Parts:
    """Answers of one artifact in one role, as they are read."""

    parts: list[Answers] = field(default_factory=list)

    def whole(self) -> Answers:
        first = self.parts[0]
        joined: dict[str, Any] = {
            n: np.concatenate([getattr(p, n) for p in self.parts]) for n in COLUMNS
        }
        self.parts.clear()
        return replace(first, **joined)


def _by_role(found: ScoredTexts) -> Iterator[tuple[str, ScoredTexts]]:
    role = pc.fill_null(found.facts.column("role"), PRIMARY)
    for name in pc.unique(role).to_pylist():
        mine = pc.equal(role, name)
        mine_N = mine.to_numpy().astype(bool)
        yield (
            name,
            replace(
                found,
                facts=found.facts.filter(mine),
                probabilities_NK=found.probabilities_NK[mine_N],
                decided_NK=found.decided_NK[mine_N],
            ),
        )


def collected(
    texts: Iterable[ScoredTexts], where: str, read: Callable[[int], None] = lambda count: None
) -> list[Answers]:
    """Answers by artifact and role, in the order in which these first occur.

    Args:
        texts: of a log or of saved predictions.
        where: they come from, for errors.
        read: told how many were read so far.

    Returns:
        One for each artifact and role, at least one.

    Raises:
        ValueError: more than `MOST` answers, none, or labels of one artifact that change.
    """
    groups: dict[tuple[str, str], _Parts] = {}
    count = 0
    for found in texts:
        for role, part in _by_role(found):
            group = groups.setdefault((found.artifact, role), _Parts())
            if group.parts and group.parts[0].label_names != part.label_names:
                raise ValueError(
                    "an artifact has the same labels in all its answers, got others in "
                    f"{found.source}: leave the file out"
                )
            group.parts.append(compact(part, role=role))
        count += len(found)
        if count > MOST:
            raise ValueError(
                f"answers are compared up to {MOST:,} at once, got more in {where}: name fewer "
                "files with a pattern, such as 'LOG/20260131*.parquet'"
            )
        read(count)
    if not count:
        raise ValueError(
            f"answers of two artifacts are compared, got no text in {where}: a log's files appear "
            "as they are finished, see --log-seconds of jobs.serve"
        )
    return [group.whole() for group in groups.values()]
