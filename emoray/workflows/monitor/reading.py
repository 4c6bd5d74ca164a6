"""A log and its reference, read in one pass each: from files to the sums of windows."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from operator import add

from emoray.monitoring.sums import Edges, WindowSums
from emoray.monitoring.windows import MOST_WINDOWS, OneArtifact, WindowRule, times_of
from emoray.releases.resolving import artifact_sha256
from emoray.tables.scored_texts import ScoredTexts, scored_texts
from emoray.tables.true_labels import TrueLabels, true_labels
from emoray.workflows.monitor.reference import ReferenceSource, reference_source
from emoray.workflows.settings.monitor import Monitor

EDGE_TEXTS = 100_000  # of a reference, whose quantiles are the edges of distributions
FEWEST_TEXTS = 200  # of a reference
DIGITS = re.compile("[0-9a-fA-F]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchedLog:
    """The sums of a log's windows, in the order of time, and of its reference.

    Attributes:
        sha256: of the log's artifact.
        label_names: K labels.
        reference: its sums.
        reference_words: what it is.
        windows: at least one.
        labelled: texts whose labels were found.
        notes: what a reader should know.
    """

    sha256: str
    label_names: tuple[str, ...]
    reference: WindowSums
    reference_words: str
    windows: Sequence[WindowSums]
    labelled: int
    notes: tuple[str, ...]


def _aligned(
    texts: Iterable[ScoredTexts], names: tuple[str, ...], where: str
) -> Iterator[ScoredTexts]:
    """The same texts with labels in this order; ValueError for other labels."""
    for some in texts:
        if some.label_names == names:
            yield some
            continue
        if sorted(some.label_names) != sorted(names):
            more, less = set(some.label_names) - set(names), set(names) - set(some.label_names)
            raise ValueError(
                f"{where} has the labels of the log, {len(names)}, got {len(some.label_names)} in "
                f"{some.source} (more: {', '.join(sorted(more)) or 'none'}; missing: "
                f"{', '.join(sorted(less)) or 'none'}): both must be of one artifact"
            )
        places_K = [some.label_names.index(name) for name in names]
        yield replace(
            some,
            label_names=names,
            probabilities_NK=some.probabilities_NK[:, places_K],
            decided_NK=some.decided_NK[:, places_K],
        )


def _log(settings: Monitor) -> tuple[OneArtifact, Iterator[ScoredTexts]]:
    named = settings.artifact
    if named is not None and not DIGITS.fullmatch(named):
        named = artifact_sha256(named)
    chosen = OneArtifact(named=named)
    return chosen, chosen.texts(scored_texts(settings.log))


def _reference_sums(texts: Iterable[ScoredTexts], words: str) -> tuple[Edges, WindowSums]:
    """Edges of the first texts, then the sums of all."""
    held: list[ScoredTexts] = []
    stream = iter(texts)
    while sum(map(len, held)) < EDGE_TEXTS and (some := next(stream, None)) is not None:
        held.append(some)
    if (size := sum(map(len, held))) < FEWEST_TEXTS:
        raise ValueError(
            f"a reference has at least {FEWEST_TEXTS} texts, got {size} ({words}): name a larger "
            "one"
        )
    edges = Edges.of(held)
    parts = (WindowSums.of(each, edges, times_of(each)) for each in chain(held, stream))
    return edges, reduce(add, parts)


def _windows(
    log: Iterable[ScoredTexts], rule: WindowRule, edges: Edges, labels: TrueLabels | None
) -> dict[int, WindowSums]:
    """The sums of each window, by its number."""
    windows: dict[int, WindowSums] = {}
    for number, some, times in rule.cut(log):
        known_N, labels_NK = (None, None)
        if labels is not None:
            known_N, labels_NK = labels.of(some.facts.column("text_sha256"))
        part = WindowSums.of(some, edges, times, labels_NK, known_N)
        windows[number] = windows[number] + part if number in windows else part
        if len(windows) > MOST_WINDOWS:
            raise ValueError(
                f"a log is cut into {MOST_WINDOWS:,} windows at most, got more at --window {rule}: "
                "take longer windows, or a part of the log"
            )
    return windows


def _first_numbers(settings: Monitor, first: int) -> set[int]:
    """The numbers of the log's first windows; ValueError where no window comes after them."""
    _, log = _log(settings)
    numbers = sorted({number for number, _, _ in settings.rule.cut(log)})
    if len(numbers) <= first:
        raise ValueError(
            f"a log that is its own reference goes on after it, got {len(numbers)} windows of "
            f"{settings.window} and --reference first:{first}: take shorter windows or fewer, or "
            "another reference"
        )
    return set(numbers[:first])


def _first_texts(settings: Monitor, numbers: set[int]) -> Iterator[ScoredTexts]:
    _, log = _log(settings)
    yield from (some for number, some, _ in settings.rule.cut(log) if number in numbers)


def read_log(settings: Monitor) -> WatchedLog:
    """Read the reference, then the log, a few thousand texts at once.

    Args:
        settings: of the job.

    Returns:
        The sums of windows and reference. An empty log, several artifacts, other labels, a
        reference that does not fit, or a damaged file are a ValueError.
    """
    chosen, log = _log(settings)
    first = next(log)  # a log without one has said so
    names, sha256 = first.label_names, first.artifact
    log.close()  # type: ignore[attr-defined]
    numbers: set[int] = set()
    if settings.first_windows is not None:
        numbers = _first_numbers(settings, settings.first_windows)
        words = f"the first {settings.first_windows} windows of the log itself"
        source = ReferenceSource(texts=_first_texts(settings, numbers), words=words)
    else:
        source = reference_source(settings, sha256)
    edges, reference = _reference_sums(_aligned(source.texts, names, "a reference"), source.words)
    labels = None if settings.labels is None else true_labels(settings.labels, names)
    chosen, log = _log(settings)
    found = _windows(_aligned(log, names, "a log"), settings.rule, edges, labels)
    windows = [found[number] for number in sorted(set(found) - numbers)]
    labelled = sum(w.labelled.earned.texts for w in windows if w.labelled is not None)
    return WatchedLog(
        sha256=sha256,
        label_names=names,
        reference=reference,
        reference_words=source.words,
        windows=windows,
        labelled=labelled,
        notes=tuple(note for note in (source.note, *_notes(chosen, labels, labelled)) if note),
    )


def _notes(chosen: OneArtifact, labels: TrueLabels | None, labelled: int) -> Iterator[str]:
    if chosen.back > 60:
        yield (
            f"times go back by up to {chosen.back:,.0f} seconds within a file; each text counts in "
            "the window of its own time"
        )
    if labels is not None and not labelled:
        yield (
            f"none of {len(labels):,} labelled texts is in the log: labels are joined by the "
            "SHA-256 of a text's UTF-8, unchanged"
        )
    if len(chosen.found) > 1:
        others = ", ".join(f"{sha[:12]}…" for sha in chosen.found if sha != chosen.sha256)
        yield f"texts of other artifacts in the log are left out: {others}"
