"""What is decided of an experiment before anyone looks."""

from dataclasses import dataclass

from emoray.metrics.convention import MARGIN, PLANNED_TEXTS, checked_margin

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
