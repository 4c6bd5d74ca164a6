"""A search that ends at its budget."""

import pytest

from emoray.search import budget
from emoray.search.budget import UNLIMITED, Budget, Spending


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(budget, "time", clock)
    return clock


def test_nothing_begins_once_the_minutes_are_over(clock: Clock) -> None:
    spending = Spending(Budget(minutes=2))
    begun = []
    for item in spending.within("abcdef", lambda: 0):
        begun.append(item)
        clock.seconds += 50
    assert begun == ["a", "b", "c"] and spending.ended_by == "2 minutes"


def test_so_many_trainings_and_no_more_are_begun(clock: Clock) -> None:
    spending, trained = Spending(Budget(trainings=2)), set[str]()
    for recipe in spending.within("aabbcc", lambda: len(trained)):
        trained.add(recipe)
    assert trained == {"a", "b"} and spending.ended_by == "2 trainings"


def test_a_budget_that_is_enough_ends_nothing(clock: Clock) -> None:
    for enough in (UNLIMITED, Budget(trainings=3, minutes=1)):
        spending, begun = Spending(enough), list[str]()
        for item in spending.within("abc", lambda: len(begun)):  # noqa: B023
            begun.append(item)
        assert begun == ["a", "b", "c"] and not spending.ended_by


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"minutes": 0.0}, "minutes are above 0, got 0: leave them out for no limit"),
        ({"minutes": float("inf")}, "minutes are above 0, got inf"),
        ({"trainings": 0}, "trainings are 1 or more, got 0: leave them out for no limit"),
    ],
)
def test_a_budget_that_begins_nothing_is_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Budget(**wrong)  # type: ignore[arg-type]
