from emoray.distributed.progress import status_words
from emoray.distributed.single_flight import Status


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
