"""How much a search may take: what has begun is finished, nothing else is begun."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from emoray.console.wording import count

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of one start of a search; None for none.

    Attributes:
        minutes: after which no recipe of a grid, no trial of a joint search is begun.
        trainings: recipes that are trained at most; a joint search then begins no further trial.
    """

    minutes: float | None = None
    trainings: int | None = None

    def __post_init__(self) -> None:
        if self.minutes is not None and not 0 < self.minutes < float("inf"):
            raise ValueError(
                f"a budget's minutes are above 0, got {self.minutes:g}: leave them out for no limit"
            )
        if self.trainings is not None and self.trainings < 1:
            raise ValueError(
                f"a budget's trainings are 1 or more, got {self.trainings}: leave them out for no "
                "limit"
            )


UNLIMITED = Budget()


class Spending:
    """A budget while a search spends it.

    Attributes:
        ended_by: which limit ended the search, in words; empty while none has.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget, self.began = budget, time.monotonic()
        self.ended_by = ""

    def is_over(self, trainings: int) -> bool:
        """Whether nothing more may begin after so many trainings."""
        minutes, most = self.budget.minutes, self.budget.trainings
        if most is not None and trainings >= most:
            self.ended_by = count(most, "training")
        elif minutes is not None and time.monotonic() - self.began >= 60 * minutes:
            self.ended_by = f"{minutes:g} minutes"
        return bool(self.ended_by)

    def within(self, items: Iterable[T], trainings: Callable[[], int]) -> Iterator[T]:
        """The items one by one, until the budget is spent."""
        for item in items:
            if self.is_over(trainings()):
                return
            yield item
