"""What jobs that train models have in common."""

from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from emoray.data.options import DataAndVectors, RunOptions, Taxonomy
from emoray.distributed.cluster import Cluster
from emoray.options import Group, Option

Epochs: TypeAlias = Annotated[
    int | None, Option(least=1, help="Epochs in place of the recipes' own.")
]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(RunOptions):
    """Which labels of what corpus, how much of a text is read, and on which Ray."""

    taxonomy: Taxonomy = None
    max_tokens: Annotated[
        int | None,
        Option(
            least=3,
            help="Words of a text, or an encoder's pieces, that models read; what comes later is "
            "cut off.  [default: what reads 99 % of train's texts whole: 64 to 256 words, or 64 up "
            "to the encoder's positions]",
        ),
    ] = None
    data: DataAndVectors = None
    cluster: Annotated[Cluster, Group()] = field(default_factory=Cluster)
