"""Settings of `jobs.evaluate`, and the gates that an artifact must pass."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from emoray.data.options import SCORED
from emoray.options import Group, Option
from emoray.releases.resolving import artifact_name
from emoray.workflows.settings.artifact import ArtifactOptions

if TYPE_CHECKING:
    from emoray.data.corpus import Corpus
    from emoray.data.goemotions import CorpusFolder

MEGABYTE = 1_000_000
VALUE, LOW = "value", "low"  # what gates are held against
GATES = ("min_macro_f1", "max_ece", "max_latency_p95_ms", "max_size_mb")
LEAST = 100  # texts of a split that a gate may be held against, unless the caller says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What an artifact must reach; None is no gate."""

    min_macro_f1: Annotated[
        float | None, Option(help="Gate: macro-F1 is at least this, 0 to 1.")
    ] = None
    max_ece: Annotated[
        float | None, Option(help="Gate: expected calibration error is at most this, 0 to 1.")
    ] = None
    max_latency_p95_ms: Annotated[
        float | None,
        Option(help="Gate: 95 % of texts take at most so many milliseconds, batch 1."),
    ] = None
    max_size_mb: Annotated[
        float | None,
        Option(help="Gate: the artifact's files are at most so many MB (1,000,000 bytes)."),
    ] = None
    on: Annotated[
        str,
        Option(
            names=("--gate-on",),
            help="Hold gates against the **value** found, or **low**: the worse end of its 95 % "
            "interval, lower of macro-F1 and upper of ECE; latency and size have none.",
        ),
    ] = VALUE
    least_texts: Annotated[
        int,
        Option(names=("--min-texts",), help="Texts of the split below which a gate is an error."),
    ] = LEAST

    def __post_init__(self) -> None:
        if self.on not in (VALUE, LOW):
            raise ValueError(
                f"gates are held against {VALUE} or {LOW}, the worse end of the "
                f"interval, got {self.on!r}: name one"
            )
        if self.least_texts < 1:
            raise ValueError(
                f"texts that a gate needs are counted from 1, got {self.least_texts}: {LEAST} is "
                "customary"
            )
        for name in ("min_macro_f1", "max_ece"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(
                    f"{name} lies in [0, 1], got {value}: give a share, 0.5 rather than 50"
                )
        for name in ("max_latency_p95_ms", "max_size_mb"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} is finite and above 0, got {value}: leave it out for any")

    @property
    def limits(self) -> dict[str, float | None]:
        """Every gate by its name."""
        return {name: getattr(self, name) for name in GATES}

    @property
    def any(self) -> bool:
        """Whether there is any gate."""
        return any(limit is not None for limit in self.limits.values())

    def failed(self, measured: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield each gate that is not passed, with a line; `measured` are columns of the row."""
        lower, upper = measured["macro_f1_low"], measured["ece_high"]
        size = measured["size_bytes"] / MEGABYTE
        found = {
            "min_macro_f1": (measured["macro_f1"], lower, "macro-F1", "lower", "", 4),
            "max_ece": (measured["ece"], upper, "ECE", "upper", "", 4),
            "max_latency_p95_ms": (measured["latency_p95_ms"], None, "p95 latency", "", " ms", 3),
            "max_size_mb": (size, None, "size", "", " MB", 3),
        }
        for gate, limit in self.limits.items():
            value, end, name, side, unit, digits = found[gate]
            shown = f"{name} {value:.{digits}f}{unit}"
            if self.on == LOW and end is not None:
                shown += f", {side} end of its 95 % interval {end:.{digits}f}{unit}"
                value = end
            least = gate.startswith("min")
            if limit is not None and not (value >= limit if least else value <= limit):
                yield (
                    gate,
                    f"gate failed: --{gate.replace('_', '-')} {limit:g}{unit}, found {shown}",
                )

    def require(self, split: str, source: "CorpusFolder", corpus: "Corpus") -> None:
        """Refuse (ValueError) a corpus on which passing would mean nothing."""
        if self.any:
            require_telling(split, source, corpus, self.least_texts)


def require_telling(
    split: str,
    source: "CorpusFolder",
    corpus: "Corpus",
    least_texts: int,
    *,
    else_do: str = "name another with --corpus-split",
) -> None:
    """Refuse a split that would tell nothing of an artifact.

    Args:
        split: its name.
        source: the corpus' folder.
        corpus: its texts.
        least_texts: that it must have.
        else_do: what may be done in place of bringing the split.

    Raises:
        ValueError: for the sample where another corpus was meant, for texts that were taken from
            train, and for too few.
    """
    if source.stands_in:
        raise ValueError(
            "a gate is held against the corpus that was meant, got the embedded sample, as "
            "GoEmotions was not found: name yours with --corpus, or GoEmotions' folder with "
            "--data; --corpus sample means the sample"
        )
    from emoray.data.importing.splits import TAKEN

    if any(f"{split} {TAKEN}" in note for note in source.notes):
        raise ValueError(
            f"a gate is held against texts that nothing was fitted on, got a corpus without "
            f"{split}, which was taken from train: bring a file of {split}, or {else_do}"
        )
    require_enough(len(corpus.split(split)), f"{split} of {source.name}", least_texts)


def require_enough(texts: int, where: str, least_texts: int) -> None:
    """Refuse (ValueError) fewer texts than a gate can be held against."""
    if texts < least_texts:
        raise ValueError(
            f"a gate needs {least_texts} texts or more to tell anything, got {texts} in {where}: "
            "bring more, or lower --min-texts"
        )


@dataclass(frozen=True, kw_only=True)
class Evaluate(ArtifactOptions):
    """Which artifact, on which split of what corpus, and what it must reach."""

    USUAL_NAME: ClassVar[str] = "evaluate-ARTIFACT"

    split: Annotated[
        str, Option(names=("--corpus-split",), help="The texts to score: **test** or **dev**.")
    ] = "test"
    gates: Annotated[Gates, Group()] = field(default_factory=Gates)
    threads: Annotated[int, Option(least=1, help="Threads of the timed session.")] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.split not in SCORED:
            raise ValueError(
                f"an artifact is scored on {' or '.join(SCORED)}, got {self.split!r}: it was "
                "fitted on train, where its score says nothing"
            )
        if self.threads < 1:
            raise ValueError(f"threads are counted from 1, got {self.threads}: 1 is customary")

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        return f"evaluate-{artifact_name(self.artifact)}"
