"""What jobs on a finished artifact have in common."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from emoray.data.options import RunOptions
from emoray.options import Option
from emoray.storage.location import Place

Figures: TypeAlias = Annotated[bool, Option(help="Whether to draw OUT/figures/*.png.")]


@dataclass(frozen=True, kw_only=True)
class ArtifactOptions(RunOptions):
    """Which artifact, on what corpus, and where the tables land."""

    artifact: Annotated[
        Place,
        Option(
            help="Folder of the artifact, of either family, or **model:NAME@production** of "
            "jobs.release. It is only read."
        ),
    ]
    taxonomy: Annotated[
        str | None,
        Option(
            help="That it decides in, such as ekman of a model on 28 labels.  [default: its own]"
        ),
    ] = None
