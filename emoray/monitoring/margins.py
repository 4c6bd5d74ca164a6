"""What a watched log may do without an alarm: light, as a command line reads it."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

from emoray.options import Option

if TYPE_CHECKING:  # heavy
    import numpy as np

ALPHA = 0.05  # part of all logs without drift that may ever raise an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Changes that are too small to matter, whatever shows them."""

    relative: Annotated[
        float,
        Option(
            names=("--margin-relative",),
            help="A label's share of positives, and its mean probability, may change by this part "
            "of itself, …",
        ),
    ] = 0.2
    share: Annotated[
        float,
        Option(
            names=("--margin-share",),
            help="… but by no more than this: 0.02 is two texts in a hundred. Rare labels may "
            "change by a tenth of it.",
        ),
    ] = 0.02
    f1: Annotated[
        float,
        Option(
            names=("--margin-f1",),
            help="A label's expected precision, recall and F1, and its earned F1 beside the "
            "expected one, may change by this; macro-F1 by two fifths of it.",
        ),
    ] = 0.05
    distance: Annotated[
        float,
        Option(
            names=("--margin-distance",),
            help="Distributions of a label's logits may be this far apart (Kolmogorov and "
            "Smirnov's distance, 0 to 1), those of length and latency twice as far; three fifths "
            "of it may move of all labels' mean probability from some labels to others.",
        ),
    ] = 0.05
    words: Annotated[
        float,
        Option(
            names=("--margin-words",),
            help="The shares of unknown words and of truncated texts may change by this.",
        ),
    ] = 0.01

    def __post_init__(self) -> None:
        for one in fields(self):
            if not 0 <= (value := getattr(self, one.name)) < 1:
                raise ValueError(
                    f"a margin lies in [0, 1), got --margin-{one.name} {value:g}: 0.02 is two "
                    "points"
                )

    def of_share(self, share_K: "np.ndarray") -> "np.ndarray":
        """The margin of shares that were so large in the reference."""
        import numpy as np

        return np.clip(self.relative * share_K, self.share / 10, self.share)

    @property
    def mix(self) -> float:
        """Of the part of all labels' mean probability that has moved."""
        return 0.6 * self.distance

    @property
    def macro_f1(self) -> float:
        """Of macro-F1."""
        return 0.4 * self.f1
