"""What is decided of an experiment before anyone looks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow.compute as pc

from emoray.metrics.convention import MARGIN, PLANNED_TEXTS, checked_margin
from emoray.tables.scored_texts import ScoredTexts

FEWEST_PLANNED = 200
SPLIT_SHARE = 0.1  # as `jobs.serve` has it where it is not told
EFFECT = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPlan:
    """The plan of an experiment.

    Attributes:
        effect: change of macro-F1 for which texts are planned.
        margin: the largest change of it that counts as none.
        texts: labelled texts at which intervals are narrowest.
        share: of the requests that the second artifact was to answer, where traffic is split.
    """

    effect: float = EFFECT
    margin: float = MARGIN
    texts: int = PLANNED_TEXTS
    share: float = SPLIT_SHARE

    def __post_init__(self) -> None:
        checked_margin(self.margin)
        if not 0 < self.effect < 1:
            raise ValueError(
                f"a planned effect lies in (0, 1), got {self.effect}: 0.02 is two points of F1"
            )
        if self.texts < FEWEST_PLANNED:
            raise ValueError(
                f"planned texts are {FEWEST_PLANNED} or more, got {self.texts}: below, no "
                "interval is given"
            )
        if not 0 < self.share < 1:
            raise ValueError(
                f"a split's share lies in (0, 1), got {self.share}: 0.5 is half of the traffic"
            )


@dataclass(slots=True, kw_only=True)
class LoggedShares:
    """The shares by which a log says that its traffic was split."""

    found: set[float] = field(default_factory=set)

    def noted(self, texts: Iterable[ScoredTexts]) -> Iterator[ScoredTexts]:
        """Pass texts of a log on, and note their shares."""
        for some in texts:
            self.found |= set(pc.unique(some.facts.column("split_share").drop_null()).to_pylist())
            yield some

    def planned(self, asked: float | None) -> float:
        """The share that was planned; `asked` counts before what the log says.

        Returns:
            A share in (0, 1).

        Raises:
            ValueError: nobody asked, and the log has several.
        """
        if asked is None and len(self.found) > 1:
            shares = " and ".join(f"{share:g}" for share in sorted(self.found))
            raise ValueError(
                f"traffic was split by one share, the log has {shares}: name the files of one of "
                "them with a pattern, or say with --split-share what was planned"
            )
        if asked is not None:
            return asked
        return next(iter(self.found), SPLIT_SHARE)
