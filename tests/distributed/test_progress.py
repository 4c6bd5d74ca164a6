import pytest

from emoray.distributed.progress import StageForecast, status_words
from emoray.distributed.single_flight import StageCounts, Status


def test_a_run_tells_points_cached_failed_best_and_what_runs() -> None:
    status = Status(
        run=30,
        cached=4,
        failed=1,
        running=("train", "score", "train"),
        models=5,
        points=1234,
        best=0.4321,
    )
    said = status_words(status)
    assert "\n" not in said
    for part in (
        "1,234 points",
        "4 cached",
        "1 failed",
        "best dev macro-F1 0.4321",
        "score, train",
    ):
        assert part in said
    assert "waiting" in status_words(Status())


PLANNED = {"train": 3, "decide": 30}


def at(models: int, **of: tuple[int, int, float]) -> Status:
    """Ended, run and seconds of stages by name."""
    stages = {n: StageCounts(ended=e, run=r, wall_seconds=s) for n, (e, r, s) in of.items()}
    return Status(
        models=models,
        run=sum(each.run for each in stages.values()),
        wall_seconds=sum(each.wall_seconds for each in stages.values()),
        stages=stages,
    )


def test_the_time_left_is_what_stages_of_the_plan_took_at_the_pace_of_all() -> None:
    forecast = StageForecast(planned=PLANNED, models=30)
    assert forecast.left(Status(), 5.0) is None, "nothing has run"
    assert forecast.left(at(0, train=(1, 1, 20.0)), 20.0) is None, "nobody knows a decision yet"
    # Two slots: in 10 seconds a training of 10 (mean 15) and ten decisions of 1 second.
    status = at(10, train=(2, 2, 30.0), decide=(10, 10, 10.0))
    assert forecast.left(status, 30.0) == pytest.approx((1 * 15 + 20 * 1) / 2)
    assert forecast.left(at(30, train=(3, 3, 45.0), decide=(30, 30, 30.0)), 50.0) == 0.0


def test_models_that_were_found_need_no_stages() -> None:
    forecast = StageForecast(planned=PLANNED, models=30)
    found = at(20, train=(2, 0, 0.0), decide=(20, 0, 0.0))
    assert forecast.left(found, 1.0) is None, "found in no time: no basis"
    forecast.left(at(20, train=(3, 1, 10.0), decide=(20, 0, 0.0)), 10.0)
    status = at(24, train=(3, 1, 10.0), decide=(24, 4, 4.0))
    assert forecast.left(status, 14.0) == pytest.approx(6.0)
