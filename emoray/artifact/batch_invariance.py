"""Whether a text's logits depend on the other texts of its batch.

A dynamic scheme takes the scale of its activations per batch, so a neighbour can move them; floats
move by rounding only. Shapes: M texts, K labels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.artifact.scoring import Texts, evenly, run_model, scoring_session

TOGETHER = 32  # texts of a batch, as a server would gather them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoWays:
    """Logits of the same texts one by one, and `TOGETHER` at a time."""

    alone_MK: np.ndarray
    batched_MK: np.ndarray


def two_ways(model: Path | bytes, texts: Texts, most: int) -> TwoWays:
    """Run at most `most` of the texts, evenly over their lengths, both ways, on one thread.

    Batches are made in the order of texts, not by length, and padded to their longest: what a
    server does.

    Returns:
        Logits of both ways.
    """
    session = scoring_session(model)
    chosen = np.sort(evenly(np.asarray(texts.lengths), most))

    def run(size: int) -> Iterator[np.ndarray]:
        for start in range(0, len(chosen), size):
            yield run_model(session, texts.padded(chosen[start : start + size]))

    return TwoWays(
        alone_MK=np.concatenate(list(run(1))), batched_MK=np.concatenate(list(run(TOGETHER)))
    )
