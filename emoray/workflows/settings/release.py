"""Settings of `jobs.release`, one class a command."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeAlias

from emoray.data.options import CorpusOptions
from emoray.metrics.convention import MARGIN, checked_margin
from emoray.options import Group, Option
from emoray.releases.names import checked_model
from emoray.releases.resolving import MODELS, USUAL_ROOT
from emoray.releases.writing import user_and_machine
from emoray.storage.location import Place
from emoray.workflows.settings.evaluate import GATES, Gates

Model: TypeAlias = Annotated[str, Option(argument="NAME", help="Name of the model.")]
GATE_ON, MARGIN_GATE = "gate_on", "margin"
KEPT = (*GATES, GATE_ON, MARGIN_GATE)  # what a promotion asked for, the next one asks for again


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which model, and where models lie."""

    name: Model
    models: Annotated[
        Place,
        Option(
            variable=MODELS,
            help="Folder of all models, or s3://bucket/prefix. Every job that takes an artifact "
            "looks `model:NAME@ALIAS` up there.",
        ),
    ] = Path(USUAL_ROOT)

    def __post_init__(self) -> None:
        checked_model(self.name)

    @property
    def model(self) -> Place:
        """The model's folder."""
        return self.models / self.name


@dataclass(frozen=True, kw_only=True)
class ReleaseOptions(ModelOptions):
    """The same of a command that makes a release."""

    why: Annotated[str, Option(help="The reason, kept in the history.")] = ""
    who: Annotated[
        str | None, Option(help="Who does it, kept in the history.  [default: user@machine]")
    ] = None

    @property
    def by(self) -> str:
        """Who does it."""
        return self.who or user_and_machine()


@dataclass(frozen=True, kw_only=True)
class AddRelease(ReleaseOptions):
    """What becomes the candidate."""

    name: Model
    artifact: Annotated[
        str,
        Option(
            argument="ARTIFACT",
            help="Folder of the artifact, here or s3://…; with --run the id of a point.",
        ),
    ]
    run: Annotated[
        Place | None,
        Option(help="Folder of the run that the point is of; its artifact is put together here."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PromoteRelease(ReleaseOptions, CorpusOptions):
    """What goes into production, on which texts that is decided, and what it must reach.

    lifted: gates of earlier promotions that count no longer.
    """

    name: Model
    which: Annotated[
        str,
        Option(
            argument="[ARTIFACT]",
            help="**candidate**, the number of a release, or the first digits of an artifact's "
            "SHA-256.",
        ),
    ] = "candidate"
    texts: Annotated[
        str | None,
        Option(
            help="Decide on labelled texts of your own that no training has seen: a file as "
            "--corpus reads it, of which every text counts.  [default: dev of the corpus]"
        ),
    ] = None
    gates: Annotated[Gates, Group()] = field(default_factory=Gates)
    margin: Annotated[
        float | None,
        Option(
            help="How far macro-F1 may differ from production's and still count as equivalent, a "
            f"share.  [default: as in the promotion before, else {MARGIN}]"
        ),
    ] = None
    lifted: Annotated[
        tuple[str, ...],
        Option(
            names=("--lift",),
            help="Drop a gate that earlier promotions had and this one would keep: "
            f"{', '.join(KEPT)}; repeatable.",
        ),
    ] = ()
    force: Annotated[
        bool,
        Option(
            names=("--force",),
            help="Promote whatever gates and verdict say; needs --why, and is kept in the history.",
        ),
    ] = False
    store: Annotated[
        Place | None,
        Option(
            help="Folder that keeps logits, so none is computed twice.  [default: MODELS/_store]"
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.force and not self.why.strip():
            raise ValueError(
                "--force goes past gates and verdict, got it without a reason: add --why TEXT, "
                "which the history keeps"
            )
        if self.margin is not None:
            checked_margin(self.margin)
        if unknown := [name for name in self.lifted if name.replace("-", "_") not in KEPT]:
            raise ValueError(
                f"--lift drops one of {', '.join(KEPT)}, got {unknown[0]!r}: name one of these"
            )
        if self.texts is not None and self.corpus is not None:
            raise ValueError(
                "a promotion is decided on --texts or on dev of --corpus, got both: leave one out"
            )


@dataclass(frozen=True, kw_only=True)
class RollBack(ReleaseOptions):
    """Back to what was in production before."""


@dataclass(frozen=True, kw_only=True)
class ListReleases(ModelOptions):
    """The history of a model."""

    repair: Annotated[
        bool,
        Option(
            names=("--repair",),
            help="Write damaged or lost records again from releases.parquet, which has a copy.",
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class ShowRelease(ModelOptions):
    """One release, in full."""

    name: Model
    which: Annotated[
        str | None,
        Option(
            argument="[RELEASE]",
            help="A release's number, **production**, **candidate**, or first digits of an "
            "artifact's SHA-256.  [default: the newest release]",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class DiffReleases(ModelOptions):
    """Two releases, side by side."""

    name: Model
    before: Annotated[
        str, Option(argument="[BEFORE]", help="What is compared with: as `show` names it.")
    ] = "production"
    after: Annotated[
        str, Option(argument="[AFTER]", help="What is compared: as `show` names it.")
    ] = "candidate"
