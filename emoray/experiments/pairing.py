"""Answers of two artifacts become one stream of texts: paired in a shadow, side by side in a split.

A text that comes again tells nothing new of either artifact, and is no text independent of the
first: it counts once, when it first came. Shapes: N texts, B = bytes that K decisions fill.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from emoray.experiments.answers import NEVER, PRIMARY, SHADOW, SPLIT, Answers

SHORT = 12  # digits of a SHA-256 in a sentence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextStream:
    """Different texts in the order in which they came.

    Attributes:
        before: SHA-256 of the artifact that is compared with.
        after: of the one that is compared.
        label_names: of both.
        time_N: microseconds since 1970, or `NEVER`.
        text_N: of each text, see `Answers`.
        unit_N: of what traffic is split by: the key, else the request, else the text.
        before_NB: decisions of the first, eight in a byte; in a split of whoever was asked.
        after_NB: of the second.
        second_N: in a split whether the second was asked; None in a shadow.
        milliseconds: of the first and of the second, of every answer, pair by pair in a shadow.
        again: answers, or pairs of them, to texts that had come before.
        alone: answers that the other artifact did not give, or outside of the time of the split.
    """

    before: str
    after: str
    label_names: tuple[str, ...]
    time_N: np.ndarray
    text_N: np.ndarray
    unit_N: np.ndarray
    before_NB: np.ndarray
    after_NB: np.ndarray
    second_N: np.ndarray | None
    milliseconds: tuple[np.ndarray, np.ndarray]
    again: int
    alone: int

    def __len__(self) -> int:
        return len(self.text_N)

    @property
    def design(self) -> str:
        """`shadow` or `split`."""
        return SHADOW if self.second_N is None else SPLIT

    def decided(self, packed_NB: np.ndarray) -> np.ndarray:
        """Decisions as bool, N x K."""
        return np.unpackbits(packed_NB, axis=1, count=len(self.label_names)).astype(bool)


def when(time: int) -> str:
    """A time as people write it."""
    if time == NEVER:
        return "an unknown time"
    return f"{datetime.fromtimestamp(time / 1e6, UTC):%Y-%m-%d %H:%M}"


def _span(answers: Answers) -> str:
    return f"{when(int(answers.time_N.min()))} to {when(int(answers.time_N.max()))}"


def _told(groups: Sequence[Answers]) -> str:
    """The artifacts of a log, one after the other."""
    return "; ".join(
        f"{g.artifact[:SHORT]} ({g.role}, {len(g):,} answers, {_span(g)})" for g in groups
    )


def _same_labels(first: Answers, second: Answers) -> Answers:
    """The second with its labels in the first's order; refuse other labels."""
    if set(first.label_names) != set(second.label_names):
        mine, other = set(first.label_names), set(second.label_names)
        apart = sorted(mine - other)[:3] + sorted(other - mine)[:3]
        raise ValueError(
            f"both artifacts have the same labels, got {len(mine)} and {len(other)}, apart in "
            f"{', '.join(map(repr, apart))}: compare artifacts of one taxonomy"
        )
    if first.label_names == second.label_names:
        return second
    order = [second.label_names.index(name) for name in first.label_names]
    bits_NK = np.unpackbits(second.packed_NB, axis=1, count=len(order))[:, order]
    return replace(
        second, packed_NB=np.packbits(bits_NK, axis=1), label_names=tuple(first.label_names)
    )


def _first(id_N: np.ndarray) -> np.ndarray:
    """Positions at which ids first occur, in their order."""
    return np.sort(np.unique(id_N, return_index=True)[1])


def _ids(first: Answers, second: Answers, *, named: bool) -> tuple[np.ndarray, np.ndarray]:
    """What joins answers: request, number and text of a log; of saved ones the text, or a name."""
    if named:
        return first.request_N, second.request_N
    if first.request_N.any() and second.request_N.any():
        return first.request_N ^ first.text_N, second.request_N ^ second.text_N
    return first.text_N, second.text_N


def paired(first: Answers, second: Answers, *, named: bool = False) -> TextStream:
    """The stream of texts that both answered.

    Args:
        first: of the artifact that is compared with.
        second: of the other.
        named: whether texts are joined by their names, whatever they say.

    Returns:
        The stream, perhaps without a text. Other labels are a ValueError.
    """
    second = _same_labels(first, second)
    mine, other = _ids(first, second, named=named)
    both, one_P, two_P = np.intersect1d(mine, other, return_indices=True)
    answered = int(np.isin(mine, both).sum())
    order = np.lexsort((one_P, first.time_N[one_P]))  # of unknown times as the file has them
    one, two = first.rows(one_P[order]), second.rows(two_P[order])
    kept = _first(one.text_N)
    times = one.milliseconds_N, two.milliseconds_N
    one, two = one.rows(kept), two.rows(kept)
    return TextStream(
        before=first.artifact,
        after=second.artifact,
        label_names=first.label_names,
        time_N=one.time_N,
        text_N=one.text_N,
        unit_N=one.unit_N,
        before_NB=one.packed_NB,
        after_NB=two.packed_NB,
        second_N=None,
        milliseconds=times,
        again=answered - len(kept),
        alone=len(first) - answered + int((~np.isin(other, both)).sum()),
    )


def side_by_side(first: Answers, second: Answers) -> TextStream:
    """The stream of texts that one or the other answered, in the time in which both did.

    Args:
        first: of the artifact that is compared with.
        second: of the other.

    Returns:
        The stream. Other labels are a ValueError.
    """
    second = _same_labels(first, second)
    start = max(first.time_N.min(), second.time_N.min())
    end = min(first.time_N.max(), second.time_N.max())
    sides = [s.rows((s.time_N >= start) & (s.time_N <= end)) for s in (first, second)]
    second_N = np.repeat([False, True], [len(s) for s in sides])
    whole = {
        name: np.concatenate([getattr(s, name) for s in sides])
        for name in ("time_N", "text_N", "unit_N", "packed_NB")
    }
    order = np.argsort(whole["time_N"], kind="stable")
    kept = order[_first(whole["text_N"][order])]
    return TextStream(
        before=first.artifact,
        after=second.artifact,
        label_names=first.label_names,
        time_N=whole["time_N"][kept],
        text_N=whole["text_N"][kept],
        unit_N=whole["unit_N"][kept],
        before_NB=whole["packed_NB"][kept],
        after_NB=whole["packed_NB"][kept],
        second_N=second_N[kept],
        milliseconds=(sides[0].milliseconds_N, sides[1].milliseconds_N),
        again=len(order) - len(kept),
        alone=len(first) + len(second) - len(order),
    )


def _named(groups: Sequence[Answers], digits: str) -> str:
    """The artifact whose SHA-256 begins so."""
    found = {g.artifact for g in groups if g.artifact.startswith(digits.lower())}
    if len(found) != 1:
        raise ValueError(
            "an artifact of the log is named by its SHA-256 or enough of its first digits, got "
            f"{digits!r} for {_told(groups)}: name one of these"
        )
    return found.pop()


def _overlap(one: Answers, two: Answers) -> bool:
    return bool(max(one.time_N.min(), two.time_N.min()) <= min(one.time_N.max(), two.time_N.max()))


def _pairs(groups: Sequence[Answers]) -> list[tuple[Answers, Answers]]:
    """What a log lets one compare: shadows, and traffic split in one time."""
    primary = [g for g in groups if g.role == PRIMARY]
    pairs = [
        (one, two)
        for one in primary
        for two in groups
        if (two.role == SHADOW and np.isin(*_ids(one, two, named=False)).any())
        or (two.role == SPLIT and two.artifact != one.artifact and _overlap(one, two))
    ]
    if pairs or len(primary) < 2:
        return pairs
    return [
        (one, two)
        for i, one in enumerate(primary)
        for two in primary[i + 1 :]
        if _overlap(one, two)
    ]


def _only_one(pairs: Sequence[tuple[Answers, Answers]], groups: Sequence[Answers]) -> None:
    """Refuse a log with no pair, or with several."""
    if len(pairs) == 1:
        return
    if pairs:
        ways = [f"--before {a.artifact[:SHORT]} --after {b.artifact[:SHORT]}" for a, b in pairs]
        raise ValueError(
            f"two artifacts are compared, got several pairs in the log, {_told(groups)}: name one "
            f"with {' or '.join(dict.fromkeys(ways))}"
        )
    if len({g.artifact for g in groups}) > 1:
        raise ValueError(
            "two artifacts are compared that answered the same texts, or split traffic in one "
            f"time, got {_told(groups)}: what was asked may have changed from one to the other; "
            "serve them side by side, with `jobs.serve --shadow` or `--split`"
        )
    raise ValueError(
        f"two artifacts are compared, got answers of one, {_told(groups)}: serve another beside it "
        "with `jobs.serve --shadow` or `--split`"
    )


def stream_of_log(groups: Sequence[Answers], before: str | None, after: str | None) -> TextStream:
    """The one comparison that a log holds, or the one that is asked for.

    Args:
        groups: of the log.
        before: SHA-256 of an artifact, or its first digits.
        after: of the other.

    Returns:
        The stream.

    Raises:
        ValueError: there is none, or one of several is to be named.
    """
    pairs, first = _pairs(groups), None
    if before is not None and after is not None:
        first, second = _named(groups, before), _named(groups, after)
        if first == second:
            raise ValueError(
                f"two artifacts are compared, got {before!r} and {after!r}, which are one: name "
                f"two of {_told(groups)}"
            )
        groups = [g for g in groups if g.artifact in (first, second)]
        asked = [p for p in pairs or _pairs(groups) if {g.artifact for g in p} == {first, second}]
        # Of those that changed places, or were tried in both ways, what tells most.
        pairs = sorted(asked, key=lambda p: (p[1].role != SHADOW, -len(p[1])))[:1]
    _only_one(pairs, groups)
    one, two = pairs[0]
    if two.role == SHADOW:
        stream = paired(one, two)
        return stream if first in (None, one.artifact) else _turned(stream)
    if first == two.artifact:
        one, two = two, one
    return side_by_side(one, two)


def _turned(stream: TextStream) -> TextStream:
    """The same with the artifacts in each other's place."""
    return replace(
        stream,
        before=stream.after,
        after=stream.before,
        before_NB=stream.after_NB,
        after_NB=stream.before_NB,
        milliseconds=stream.milliseconds[::-1],
    )


def stream_of_saved(
    before: Sequence[Answers], after: Sequence[Answers], *, named: bool = False
) -> TextStream:
    """The stream of two outputs of batch inference, joined by their texts or by names of these.

    Args:
        before: of the output that is compared with; one artifact's.
        after: of the other.
        named: whether both name their texts, in a column of the user's.

    Returns:
        The stream.

    Raises:
        ValueError: several artifacts in one output, or no text in both.
    """
    for option, groups in (("--before", before), ("--after", after)):
        if len(groups) > 1:
            raise ValueError(
                f"saved predictions are of one artifact, got {_told(groups)} in {option}: name "
                "the output of one, or a log with --log"
            )
    stream = paired(before[0], after[0], named=named)
    if not len(stream):
        raise ValueError(
            "both outputs hold the same texts, got none in both of "
            f"{len(before[0]):,} and {len(after[0]):,}: run jobs.predict on the same files"
        )
    return stream
