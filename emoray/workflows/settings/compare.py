"""Settings of `jobs.compare`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from emoray.data.options import SCORED, RunOptions
from emoray.metrics.convention import MARGIN, RESAMPLES, checked_margin
from emoray.options import Option
from emoray.releases.resolving import artifact_name
from emoray.storage.location import Place, place_of
from emoray.storage.run_folder import settings_text
from emoray.storage.run_output import NAME
from emoray.workflows.settings.artifact import Figures

LEAST = 100  # resamples: below, a 95 % interval hangs on two of them
ENDINGS = (".npz", ".csv", ".parquet")  # of files of saved predictions


@dataclass(frozen=True, kw_only=True)
class CompareModels(RunOptions):
    """What is compared with the first, on which split of what corpus, and where tables land.

    operands: paths of artifacts or saved predictions, or ids of points of `run`.
    """

    USUAL_NAME: ClassVar[str] = "compare-A"

    operands: Annotated[
        tuple[str, ...],
        Option(
            argument="A B [C …]",
            help="Two or more: folders of artifacts or **model:NAME@ALIAS**, files of saved "
            "predictions (.npz, .csv, .parquet), or with --run ids of points. The others are held "
            "against the first.",
        ),
    ]
    run: Annotated[
        Place | None,
        Option(
            help="Folder of the run that points are of. Predictions that it keeps are taken as "
            "they are; other points are scored again from its store."
        ),
    ] = None
    taxonomy: Annotated[
        str | None,
        Option(
            help="Of artifacts: what they decide in, such as ekman of a model on 28 labels beside "
            "one on those of ekman.  [default: each its own]"
        ),
    ] = None
    margin: Annotated[
        float,
        Option(
            help="The largest change of macro-F1, up or down, that counts as none: 0.005 is half "
            "a point."
        ),
    ] = MARGIN
    resamples: Annotated[int, Option(help="Bootstrap resamples of the texts.")] = RESAMPLES
    seed: Annotated[int, Option(help="Seed of the resamples.")] = 0
    split: Annotated[
        str,
        Option(
            names=("--corpus-split",),
            help="**test** or **dev**: the texts that artifacts are scored on, and of which saved "
            "predictions are.",
        ),
    ] = "test"
    name: Annotated[str | None, replace(NAME, names=("--name",))] = None  # --run is another here
    figures: Figures = True

    def __post_init__(self) -> None:
        checked_margin(self.margin)
        super().__post_init__()
        if len(self.operands) < 2 or len(set(self.operands)) < len(self.operands):
            raise ValueError(
                "a comparison has two operands or more, each once, got "
                f"{', '.join(self.operands) or 'none'}: name artifacts, points or predictions"
            )
        if self.split not in SCORED:
            raise ValueError(
                f"models are compared on {' or '.join(SCORED)}, got {self.split!r}: they were "
                "fitted on train, where a comparison says nothing"
            )
        if self.resamples < LEAST:
            raise ValueError(
                f"resamples are {LEAST} or more, got {self.resamples}: {RESAMPLES} is "
                "what every other table has"
            )
        if self.seed < 0:
            raise ValueError(f"a seed is 0 or above, got {self.seed}: 0 is customary")

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each operand: its last part where these differ."""
        short = tuple(_short(text) for text in self.operands)
        return short if len(set(short)) == len(short) else self.operands

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        return f"compare-{_short(self.operands[0])}" if self.operands else "compare"

    @property
    def shown_settings(self) -> Mapping[str, str]:
        """Settings that the tables depend on."""
        return settings_text(margin=self.margin, resamples=self.resamples, seed=self.seed)


def is_saved(text: str) -> bool:
    """Whether an operand names a file of predictions."""
    return text.lower().endswith(ENDINGS)


def _short(text: str) -> str:
    name = artifact_name(place_of(text))
    return name.rpartition(".")[0] if is_saved(name) else name
