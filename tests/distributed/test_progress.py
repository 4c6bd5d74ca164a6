from emoray.distributed.progress import eta, line
from emoray.distributed.single_flight import Status


def test_time_left_follows_the_pace_so_far() -> None:
    assert eta(0, 10, 5.0) == "-"
    assert eta(5, 10, 65.0) == "1:05"
    assert eta(1, 10, 400.0) == "60:00"
    assert eta(10, 10, 99.0) == "0:00"


def test_a_line_tells_done_cached_failed_best_and_time_left() -> None:
    status = Status(
        run=30,
        cached=4,
        failed=1,
        running=("train", "score", "train"),
        models=5,
        points=1234,
        best=0.4321,
    )
    said = line(status, 10, 60.0)
    assert "\n" not in said
    for part in (
        "5/10 models",
        "1,234 points",
        "4 cached",
        "1 failed",
        "best dev macro-F1 0.4321",
        "score, train",
        "ETA 1:00",
    ):
        assert part in said
    assert "waiting" in line(Status(), 10, 1.0)
