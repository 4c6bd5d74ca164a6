"""Say where a model's labels look as if they were named in another order. Shapes: N texts, K."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console

from emoray.metrics.label_order import other_order


def warn_of_other_order(
    console: Console, logits_NK: np.ndarray, labels_NK: np.ndarray, names: Sequence[str]
) -> None:
    """Print a warning where outputs tell other labels of dev far better than their own.

    Args:
        console: where to.
        logits_NK: of dev, in the head's own order.
        labels_NK: true ones, by the same names.
        names: of the outputs.
    """
    if (found := other_order(logits_NK, labels_NK)) is None:
        return
    renamed = list(names)
    for label, output in zip(names, found.columns_K, strict=True):
        renamed[output] = label
    console.print(
        f"[bold]labels look misnamed[/bold]: mean average precision on dev is {found.own:.2f} by "
        f"the model's own names, {found.other:.2f} if its outputs were {', '.join(renamed)}; if "
        f"so, --labels '{','.join(renamed)}'",
        highlight=False,
        soft_wrap=True,
    )
