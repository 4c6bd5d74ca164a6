"""What is usual where two models are compared: how many resamples, what change counts as none."""

RESAMPLES = 500  # of rows and jobs alike, so that a pair has one interval wherever it is compared
MARGIN = 0.005  # of F1, half a point: less is seldom worth a choice
PLANNED_TEXTS = 10_000  # where a confidence sequence is narrowest, unless a plan says otherwise


def checked_margin(margin: float) -> float:
    """A margin is a positive share of F1."""
    if not 0 < margin < 1:
        raise ValueError(
            f"a margin of equivalence lies in (0, 1), got {margin}: 0.005 is half a point of F1"
        )
    return float(margin)
