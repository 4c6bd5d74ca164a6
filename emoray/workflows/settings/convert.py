"""Settings of `jobs.convert`."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from emoray.options import Option
from emoray.storage.location import name_of
from emoray.workflows.settings.checkpoint import CheckpointOptions

TOLERANCE = 1e-3  # of a logit: float32 sums in another order stay far below it


@dataclass(frozen=True, kw_only=True)
class Conversion(CheckpointOptions):
    """Which model, whose texts, and where the artifact and the tables land."""

    USUAL_NAME: ClassVar[str] = "convert-MODEL"

    tolerance: Annotated[float, Option(help="Largest difference of a logit from PyTorch's.")] = (
        TOLERANCE
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.tolerance > 0:
            raise ValueError(
                f"tolerance is above 0, got {self.tolerance}: two ways to sum floats never agree "
                f"to the last bit; {TOLERANCE} is usual"
            )

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        return f"convert-{name_of(self.model)}"
