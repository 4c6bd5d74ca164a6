"""What a joint search may choose one knob among: some values, or all between two."""

from dataclasses import dataclass
from typing import Any


def label(value: Any) -> Any:
    """A value as a searcher and its tables name it: plain ones as they are."""
    if isinstance(value, tuple):
        return "+".join(str(label(part)) for part in value)
    return value if isinstance(value, bool | int | float | str) else str(value)


@dataclass(frozen=True, slots=True)
class Choices:
    """Some values, between which there is no order."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a knob needs values to choose among, got none: name at least one")
        names = [label(value) for value in self.values]
        if twice := sorted({str(name) for name in names if names.count(name) > 1}):
            raise ValueError(f"a knob names a value once, got {twice[0]} twice: keep one")

    @property
    def extremes(self) -> tuple[Any, ...]:
        """Values that show whether all can be used: each."""
        return self.values

    def ask(self, trial: Any, name: str) -> None:
        """Have an Optuna trial choose."""
        trial.suggest_categorical(name, [label(value) for value in self.values])

    def value(self, asked: Any) -> Any:
        """The value that was chosen."""
        return next(value for value in self.values if label(value) == asked)

    def asked(self, value: Any) -> Any:
        """What a trial that chose this value says; None where it could not."""
        return label(value) if value in self.values else None


@dataclass(frozen=True, slots=True)
class Between:
    """Every number from `low` to `high`, whole ones where both are.

    Attributes:
        low: the least.
        high: the greatest.
        log: whether ratios count, not differences: for learning rates.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high < float("inf"):
            raise ValueError(
                f"a range goes from its least to its greatest value, got {self.low} to {self.high}"
                ": write the lesser one first"
            )
        if self.log and not self.low > 0:
            raise ValueError(f"a range of ratios begins above 0, got {self.low}: leave log out")

    @property
    def extremes(self) -> tuple[Any, ...]:
        """Values that show whether all can be used: the ends."""
        return (self.low, self.high)

    @property
    def whole(self) -> bool:
        """Whether its numbers are whole."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def ask(self, trial: Any, name: str) -> None:
        """Have an Optuna trial choose."""
        (trial.suggest_int if self.whole else trial.suggest_float)(
            name, self.low, self.high, log=self.log
        )

    def value(self, asked: Any) -> Any:
        """The value that was chosen."""
        return int(asked) if self.whole else float(asked)

    def asked(self, value: Any) -> Any:
        """What a trial that chose this value says; None where it could not."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if self.low <= value <= self.high else None


Knob = Choices | Between
