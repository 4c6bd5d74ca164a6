import io

import numpy as np
from rich.console import Console

from emoray.workflows.label_order import warn_of_other_order


def told(logits_NK: np.ndarray, labels_NK: np.ndarray) -> str:
    file = io.StringIO()
    warn_of_other_order(
        Console(file=file, width=300), logits_NK, labels_NK, ("joy", "fear", "love")
    )
    return file.getvalue()


def test_misnamed_outputs_are_told_with_the_option_that_names_them_right() -> None:
    rng = np.random.default_rng(0)
    labels_NK = (rng.random((400, 3)) < 0.3).astype(np.uint8)
    logits_NK = 3.0 * labels_NK + rng.normal(size=labels_NK.shape)
    assert told(logits_NK, labels_NK) == ""
    moved = told(logits_NK[:, [1, 2, 0]], labels_NK)  # the first output tells fear
    assert "labels look misnamed" in moved and "--labels 'fear,love,joy'" in moved
