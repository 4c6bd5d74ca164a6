"""Settings of `jobs.calibrate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from emoray.options import Option
from emoray.releases.resolving import artifact_name
from emoray.workflows.settings.artifact import ArtifactOptions, Figures


@dataclass(frozen=True, kw_only=True)
class Calibrate(ArtifactOptions):
    """Which artifact, on what corpus, and where the tables land."""

    USUAL_NAME: ClassVar[str] = "calibrate-ARTIFACT"

    groups: Annotated[
        Path | None,
        Option(
            help="JSON file of a taxonomy of your own, NAME.json, over the artifact's labels: "
            '`{"good": ["joy", "love"], "bad": ["anger"], …}`, every label in one group.'
        ),
    ] = None
    figures: Figures = True

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        return f"calibrate-{artifact_name(self.artifact)}"
