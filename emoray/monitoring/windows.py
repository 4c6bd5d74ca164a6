"""A log cut into windows: by time, by number of texts, or file by file.

A text counts in the window of its own time, whatever the order of files and rows: several
processes write one log, and clocks are set back.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emoray.tables.scored_texts import ScoredTexts

UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
MOST_WINDOWS = 2_000  # each takes about 0.1 MB of 28 labels
FORMS = "`1d`, `6h`, `30m`, `2w`, `2000 texts`, or `file`"
MICROSECONDS = 1e6

Cut: TypeAlias = Iterator[tuple[int, ScoredTexts, np.ndarray]]
"""Number of the window, texts in it, and the time of each, seconds since 1970 or NaN."""


class WindowRule(Protocol):
    """How a log is cut."""

    def cut(self, log: Iterable[ScoredTexts]) -> Cut:
        """Cut scored texts, batch by batch; a window may come in several pieces."""


def times_of(some: ScoredTexts) -> np.ndarray:
    """Seconds since 1970 of each text; NaN where the source does not tell."""
    micro = pc.cast(pc.cast(some.facts.column("time"), pa.int64()), pa.float64(), safe=False)
    return np.asarray(micro.to_numpy(zero_copy_only=False), np.float64) / MICROSECONDS


def only(some: ScoredTexts, chosen_N: np.ndarray) -> ScoredTexts:
    """The texts for which `chosen_N` is True."""
    if chosen_N.all():
        return some
    logits_NK = None if some.logits_NK is None else some.logits_NK[chosen_N]
    return replace(
        some,
        facts=some.facts.filter(pa.array(chosen_N)),
        probabilities_NK=some.probabilities_NK[chosen_N],
        decided_NK=some.decided_NK[chosen_N],
        logits_NK=logits_NK,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDuration:
    """Windows of equal length, from midnight on 1 January 1970, UTC: days are UTC's days."""

    seconds: int

    def __str__(self) -> str:
        unit = next(u for u in ("w", "d", "h", "m") if self.seconds % UNITS[u] == 0)
        return f"{self.seconds // UNITS[unit]}{unit}"

    def cut(self, log: Iterable[ScoredTexts]) -> Cut:
        """Cut by each text's own time."""
        for some in log:
            times = times_of(some)
            if np.isnan(times).any():
                raise ValueError(
                    f"windows of {self} need the time of every text, got texts without in "
                    f"{some.source}: cut by number, --window '2000 texts', or --window file"
                )
            number_N = np.floor(times / self.seconds).astype(np.int64)
            for number in np.unique(number_N):
                inside = number_N == number
                yield int(number), only(some, inside), times[inside]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTexts:
    """Windows of so many texts in the order of the log; the last one may have fewer."""

    texts: int

    def __str__(self) -> str:
        return f"{self.texts} texts"

    def cut(self, log: Iterable[ScoredTexts]) -> Cut:
        """Cut by how many texts came before."""
        seen = 0
        for some in log:
            number_N = (seen + np.arange(len(some))) // self.texts
            seen += len(some)
            times = times_of(some)
            for number in np.unique(number_N):
                inside = number_N == number
                yield int(number), only(some, inside), times[inside]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByFile:
    """Every file a window."""

    def __str__(self) -> str:
        return "file"

    def cut(self, log: Iterable[ScoredTexts]) -> Cut:
        """Cut by the file that texts come from."""
        numbers: dict[str, int] = {}
        for some in log:
            yield numbers.setdefault(str(some.source), len(numbers)), some, times_of(some)


def window_rule(text: str) -> WindowRule:
    """Parse `1d`, `6h`, `2000 texts` or `file`."""
    text = text.strip().lower()
    if text == "file":
        return ByFile()
    found = re.fullmatch(r"(\d+)\s*(m|h|d|w|texts?)", text)
    if not found or not 0 < int(found[1]) <= 10**9:
        raise ValueError(f"a window is {FORMS}, got {text!r}: write one like these")
    number, unit = int(found[1]), found[2]
    if unit.startswith("text"):
        return ByTexts(texts=number)
    return ByDuration(seconds=number * UNITS[unit])


def utc(seconds: float) -> str:
    """A time as ISO 8601 in UTC, to the second; empty where there is none."""
    return "" if np.isnan(seconds) else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(slots=True, kw_only=True)
class OneArtifact:
    """The texts of one artifact in a log: of the one that is named, else of the one that is there.

    Args:
        named: SHA-256 or its beginning; None for the only one that answered. Then texts that were
            scored in the shadow do not count.
    """

    named: str | None = None
    found: dict[str, int] = field(default_factory=dict)
    sha256: str | None = None
    back: float = 0.0  # seconds by which times go back within a file, at most
    _last: tuple[str, float] = ("", -np.inf)

    def texts(self, log: Iterable[ScoredTexts]) -> Iterator[ScoredTexts]:
        """Pass on the texts of the artifact.

        Args:
            log: texts of any artifacts.

        Yields:
            Those of the one.

        Raises:
            ValueError: there are several, and none is named; or none of the one that is.
        """
        for some in log:
            kept = self._kept(some)
            if len(kept):
                self.found[kept.artifact] = self.found.get(kept.artifact, 0) + len(kept)
            if not len(kept) or not self._is_meant(kept.artifact):
                continue
            self._look_back(kept)
            yield kept
        if self.sha256 is None:
            raise ValueError(self._nothing())

    def _kept(self, some: ScoredTexts) -> ScoredTexts:
        if self.named is not None:
            return some
        role = some.facts.column("role")
        answered = pc.or_kleene(pc.is_null(role), pc.equal(role, "primary"))
        return only(some, np.asarray(pc.fill_null(answered, True).to_numpy()))

    def _is_meant(self, artifact: str) -> bool:
        if self.named is not None and not artifact.startswith(self.named.lower()):
            return False
        if self.sha256 not in (None, artifact):
            raise ValueError(
                f"a log is watched one artifact at a time, got {self.sha256[:12]}… and "
                f"{artifact[:12]}…: name one with --artifact"
            )
        self.sha256 = artifact
        return True

    def _look_back(self, kept: ScoredTexts) -> None:
        times = times_of(kept)
        times = times[~np.isnan(times)]
        if not len(times):
            return
        source, last = self._last
        before = last if source == str(kept.source) else -np.inf
        highest = np.maximum.accumulate(np.concatenate([[before], times]))
        self.back = max(self.back, float((highest[:-1] - times).max()))
        self._last = (str(kept.source), float(highest[-1]))

    def _nothing(self) -> str:
        if not self.found:
            return (
                "a log holds texts that an artifact answered, got none: wait until the service has "
                "finished a file (--log-seconds), or name another with --log"
            )
        there = ", ".join(f"{sha[:12]}… ({n:,} texts)" for sha, n in self.found.items())
        return f"--artifact names one of the log's, got {self.named}: it holds {there}"
