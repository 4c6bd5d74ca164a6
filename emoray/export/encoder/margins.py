"""Write logits of a head for one label a text as margins: `models/encoder/margins.py` in nodes.

Shapes: N texts, K labels.
"""

import numpy as np

from emoray.export.writer import Writer
from emoray.models.encoder.architecture import BEHIND

NEVER = -1e30


def write_margins(writer: Writer, logits_NK: str, labels: int) -> str:
    """Write what each label is ahead of the best other one; one alone is at or above 0."""
    at_N1 = writer.node("ArgMax", logits_NK, axis=1)
    is_best_NK = writer.node("Equal", writer.constant(np.arange(labels)[None]), at_N1)
    others_NK = writer.node("Where", is_best_NK, writer.number(NEVER), logits_NK)
    last = writer.ints(1)
    ahead_NK = writer.node("Sub", logits_NK, writer.node("ReduceMax", others_NK, last))
    behind_NK = writer.node("Sub", logits_NK, writer.node("ReduceMax", logits_NK, last))
    behind_NK = writer.node("Min", behind_NK, writer.number(BEHIND))
    return writer.node("Where", is_best_NK, ahead_NK, behind_NK)
