"""Settings of `jobs.ab`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from emoray.experiments.plan import EFFECT, SPLIT_SHARE, ExperimentPlan
from emoray.metrics.convention import MARGIN, PLANNED_TEXTS
from emoray.options import Option
from emoray.storage.location import name_of, place_of
from emoray.storage.run_folder import settings_text
from emoray.storage.run_output import RunOutput
from emoray.workflows.settings.artifact import Figures


@dataclass(frozen=True, kw_only=True)
class LiveComparison(RunOutput):
    """Which answers of two artifacts, what is true of their texts, and where the tables land."""

    USUAL_NAME: ClassVar[str] = "ab-LOG"

    log: Annotated[
        str | None,
        Option(
            help="Request log of `jobs.serve`: a folder, file or pattern, or s3://…. With "
            "--shadow both artifacts answered each text; else each text went to one of them."
        ),
    ] = None
    before: Annotated[
        str | None,
        Option(
            help="Saved output of `jobs.predict` that is compared with. With --log an artifact "
            "of the log, where that has several: its folder, model:NAME@ALIAS, or its SHA-256 or "
            "first digits of it."
        ),
    ] = None
    after: Annotated[
        str | None,
        Option(help="Saved output, or with --log the artifact, that is compared."),
    ] = None
    id_column: Annotated[
        str | None,
        Option(
            help="Column of both saved outputs that names a text, where the texts themselves "
            "differ.  [default: joined by the text's hash]"
        ),
    ] = None
    labels: Annotated[
        str | None,
        Option(
            help="True labels, of as many texts as there are by now: a file, folder or pattern of "
            "Parquet, CSV, TSV or JSON lines, or s3://…, with the columns `labels` (lists of "
            "names, or names separated by commas; null: nobody looked yet) and `text` or "
            "`text_sha256`."
        ),
    ] = None
    effect: Annotated[
        float, Option(help="Change of macro-F1 for which texts are planned; 0.02: two points.")
    ] = EFFECT
    margin: Annotated[
        float, Option(help="The largest change of macro-F1 that counts as none, up or down.")
    ] = MARGIN
    planned: Annotated[
        int,
        Option(
            names=("--planned-texts",),
            help="Labelled texts at which intervals are narrowest. Choose it before the first look "
            "and keep it: what is promised of looking often rests on that.",
        ),
    ] = PLANNED_TEXTS
    share: Annotated[
        float | None,
        Option(
            names=("--split-share",),
            help="Share of the requests that --split of `jobs.serve` was to answer.  [default: "
            "what the log says]",
        ),
    ] = None
    figures: Figures = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.plan  # which refuses what cannot be planned
        if self.log is None and (self.before is None or self.after is None):
            raise ValueError(
                "answers of two artifacts are compared, got "
                f"{'none' if self.before is self.after is None else 'one'}: name a request log "
                "with --log, or two outputs of jobs.predict with --before and --after"
            )
        if self.log is not None and self.id_column is not None:
            raise ValueError(
                f"a log joins texts by their requests, got --id-column {self.id_column}: leave it "
                "out, it is for saved outputs"
            )
        if self.log is not None and (self.before is None) != (self.after is None):
            raise ValueError(
                "of a log both artifacts are named or none, got one: give --before and --after"
            )

    @property
    def plan(self) -> ExperimentPlan:
        """What is decided before anyone looks."""
        share = SPLIT_SHARE if self.share is None else self.share
        return ExperimentPlan(
            effect=self.effect, margin=self.margin, texts=self.planned, share=share
        )

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        named = self.log or self.after or "log"
        return f"ab-{name_of(place_of(named))}"

    @property
    def shown_settings(self) -> Mapping[str, str]:
        """Settings that the tables depend on."""
        return settings_text(
            margin=self.margin, effect=self.effect, planned=self.planned, share=self.share
        )
