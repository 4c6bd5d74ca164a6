"""Settings of training word vectors on given texts: plain values to hash, store and print."""

from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar

from emoray.options import Option

WIDEST_WINDOW = 20  # least common multiple of 1..20: counts stay whole numbers of 64 bits


def _require(settings: Any, **least: float) -> None:
    """Refuse a field below its least value; NaN is below any."""
    for name, low in least.items():
        if not getattr(settings, name) >= low:
            raise ValueError(f"{name} must be at least {low}, got {getattr(settings, name)}")


def _changed(settings: Any) -> str:
    """The fields that differ from the defaults, each as its short name and its value."""
    parts = [
        f"-{each.metadata['short']}{getattr(settings, each.name):g}"
        for each in fields(settings)
        if "short" in each.metadata and getattr(settings, each.name) != each.default
    ]
    return "".join(parts)


def _knob(default: Any, short: str) -> Any:
    return field(default=default, metadata={"short": short})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ppmi:
    """Positive pointwise mutual information, cut to its first singular directions.

    Levy & Goldberg 2014, "Neural word embedding as implicit matrix factorization"; Levy, Goldberg &
    Dagan 2015, "Improving distributional similarity".

    Attributes:
        smoothing: exponent of a context's share, which keeps rare contexts from looking
            informative.
        shift: k of -log k, as with k negative samples.
        weighting: exponent of the singular values.
    """

    tag: ClassVar[str] = "Ppmi"

    smoothing: float = _knob(0.75, "cds")
    shift: float = _knob(1.0, "k")
    weighting: float = _knob(0.5, "p")

    def __post_init__(self) -> None:
        _require(self, smoothing=0.0, shift=1.0, weighting=0.0)

    def __str__(self) -> str:
        return f"ppmi{_changed(self)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GloveObjective:
    """Weighted least squares on the logarithm of the counts, by AdaGrad over what is not zero.

    Counts from `ceiling` on weigh 1, smaller ones (count / ceiling) ** exponent. Pennington, Socher
    & Manning 2014, "GloVe: Global vectors for word representation".
    """

    tag: ClassVar[str] = "GloveObjective"

    epochs: int = _knob(25, "e")
    learning_rate: float = _knob(0.1, "lr")
    ceiling: float = _knob(10.0, "x")
    exponent: float = _knob(0.75, "a")

    def __post_init__(self) -> None:
        _require(self, epochs=1, exponent=0.0)
        for name in ("learning_rate", "ceiling"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be finite and above 0, got {getattr(self, name)}")

    def __str__(self) -> str:
        return f"glove{_changed(self)}"


Method = Ppmi | GloveObjective


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVectors:
    """Vectors trained on given texts: which words, their window, and the method.

    Words of at least `min_count` occurrences, the `max_words` most frequent, look `window` words to
    either side; one at distance d counts 1 / d, as in GloVe.
    """

    tag: ClassVar[str] = "OwnVectors"

    method: Method = field(default_factory=Ppmi)
    window: Annotated[
        int,
        Option(least=1, most=WIDEST_WINDOW, help="Words to either side that count as near."),
    ] = _knob(5, "w")
    min_count: Annotated[
        int, Option(least=1, help="Occurrences from which on a word has a vector.")
    ] = _knob(5, "c")
    max_words: Annotated[int, Option(least=1, help="Words at most, the most frequent ones.")] = (
        _knob(50_000, "v")
    )
    seed: Annotated[int, Option(least=0, help="Equal seeds give equal bytes.")] = _knob(0, "s")

    def __post_init__(self) -> None:
        _require(self, window=1, min_count=1, max_words=1, seed=0)
        if self.window > WIDEST_WINDOW:
            raise ValueError(f"window must be at most {WIDEST_WINDOW}, got {self.window}")

    def __str__(self) -> str:
        return f"own-{self.method}{_changed(self)}"
