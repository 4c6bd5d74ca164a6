"""From logits to operating points. Shapes: N texts, K labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.stages.compression import BATCHES, LOGITS, Compress, Score
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.encoding import read_texts
from emoray.stages.families.protocol import TextStage
from emoray.stages.spec import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Every decision on one model's logits.

    Leaves rows of the tables, the cuts fitted on dev, and resampled scores for comparisons.
    """

    name: ClassVar[str] = "decide"
    version: ClassVar[int] = 4

    scored: Score
    compressed: Compress
    text: TextStage
    decisions: tuple[Decision, ...]

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `points`, `labels`, `surface`, `reliability`, `cuts.npz` and `resampled.npz`."""
        from emoray.stages.point_rows import write_rows

        logits = read_logits(inputs["scored"], inputs["text"])
        write_rows(self.compressed, inputs["compressed"], logits, self.decisions, out)


def read_logits(scored: Path, text: Path) -> ModelLogits:
    """A model's logits and truth, from the folders of its finished `Score` and of its texts."""
    (_, dev_labels_NK), (_, test_labels_NK) = (read_texts(text, split) for split in ("dev", "test"))
    with (
        np.load(scored / LOGITS, allow_pickle=False) as data,
        np.load(scored / BATCHES, allow_pickle=False) as both,
    ):
        return ModelLogits(
            dev_NK=data["dev"],
            dev_labels_NK=dev_labels_NK,
            test_NK=data["test"],
            test_labels_NK=test_labels_NK,
            leaked_N=np.load(text / "leaked.npy", allow_pickle=False),
            two_ways=(both["alone_MK"], both["batched_MK"]),
        )
