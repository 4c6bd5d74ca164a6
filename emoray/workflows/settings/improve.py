"""Settings of `jobs.improve_f1`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from emoray.data.importing.settings import about_run
from emoray.distributed.cluster import GpusPerStage, check_share
from emoray.models.augmentation import BackTranslation
from emoray.options import Option
from emoray.storage.run_folder import settings_text
from emoray.workflows.settings.search import Epochs, TrainingOptions

AUGMENTATION = "augmentation"
TAUGHT = ("distillation", "distillation_transfer")  # what needs a teacher
TECHNIQUES = (
    *("focal_loss", "weight_averaging", AUGMENTATION, "ensemble"),
    *("derived_decisions", "joint_heads", "contrast", *TAUGHT),
)
USUAL_FAMILIES = ("glove",)
EVERY = "all"


@dataclass(frozen=True, kw_only=True)
class Improve(TrainingOptions):
    """Which techniques, on which family, with how many seeds; texts: of train, None for all."""

    USUAL_NAME: ClassVar[str] = "improve_f1-TAXONOMY"

    techniques: Annotated[
        tuple[str, ...],
        Option(
            names=("--technique",),
            help="**focal_loss**, **weight_averaging** (a moving average over steps), "
            "**augmentation** (back-translation), **ensemble**, **derived_decisions** (by a model "
            "of finer labels), **joint_heads** (coarser labels learned beside), **contrast** (like "
            "labels drawn together), **distillation** (half from a --teacher), "
            "**distillation_transfer** (with texts made from train besides), or **all** that the "
            "labels allow; repeatable.",
        ),
    ] = (EVERY,)
    families: Annotated[
        tuple[str, ...],
        Option(
            names=("--family",),
            help="**glove**: word vectors. **bert**: a fine-tuned encoder (needs the extra `bert`; "
            "minutes to hours each training). **features**: rows of numbers, of a --corpus of "
            "them. Repeatable.",
        ),
    ] = USUAL_FAMILIES
    seeds: Annotated[
        int, Option(least=2, help="Trainings of the baseline and of each technique.")
    ] = 3
    members: Annotated[int, Option(least=2, help="Models of each ensemble.")] = 5
    translator: Annotated[
        str,
        Option(help="Of the augmentation: apertium:eng-spa, marian:Helsinki-NLP/..., …"),
    ] = "apertium:eng-spa"
    share: Annotated[
        float, Option(least=0, help="Augmented texts as a share of the train texts.")
    ] = 0.5
    balance: Annotated[
        float, Option(least=0, help="0 augments every text alike, 1 rare labels more.")
    ] = 1.0
    ema: Annotated[
        float,
        Option(
            least=0,
            most=1,
            help="Of the weight averaging: what is kept at each step, between 0 and 1; 0.99 covers "
            "some 100 steps.",
        ),
    ] = 0.99
    head_weight: Annotated[
        float,
        Option(least=0, help="Of the joint heads: what their labels count, the model's own 1."),
    ] = 0.3
    contrast_weight: Annotated[
        float,
        Option(least=0, help="Of the contrast: what it counts beside the loss of all labels."),
    ] = 0.1
    teacher: Annotated[
        str,
        Option(
            help="Of the distillation: an artifact's folder, s3://bucket/prefix, model:NAME@ALIAS, "
            "or RUN:POINT. Without one, **all** leaves distillation out."
        ),
    ] = ""
    texts: Annotated[
        int | None,
        Option(least=50, help="Train texts to use; dev and test stay whole.  [default: all]"),
    ] = None
    epochs: Epochs = None
    encoder: Annotated[
        str | None,
        Option(help="Of the bert family: a folder or a model id.  [default: all-MiniLM-L6-v2]"),
    ] = None
    gpus_per_stage: GpusPerStage = None

    def __post_init__(self) -> None:
        from emoray.stages.families.registry import FAMILIES

        check_share(self.gpus_per_stage)
        super().__post_init__()
        for what, asked, known in (
            ("technique", self.chosen, TECHNIQUES),
            ("family", self.families, tuple(FAMILIES)),
        ):
            strange = [name for name in asked if name not in known]
            if strange or not asked:
                raise ValueError(
                    f"a {what} is one of {', '.join(known)}, got {', '.join(strange) or 'none'}: "
                    "name one of these"
                )
        if not self.teacher and (lost := [name for name in self.chosen if name in TAUGHT]):
            raise ValueError(
                f"a technique of distillation has a teacher, got none for {', '.join(lost)}: name "
                "an artifact with --teacher"
            )
        if not 0 < self.ema < 1:
            raise ValueError(f"ema lies between 0 and 1, got {self.ema:g}: 0.99 is usual")
        if not self.head_weight > 0:
            raise ValueError(
                f"head_weight is above 0, got {self.head_weight:g}: leave joint_heads out, or let "
                "them count"
            )
        if not self.contrast_weight > 0:
            raise ValueError(
                f"contrast_weight is above 0, got {self.contrast_weight:g}: leave contrast out, or "
                "let it count"
            )
        for name, least in (("seeds", 2), ("members", 2)):
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name} must be at least {least}, got {getattr(self, name)}: one alone has "
                    "no spread"
                )

    @property
    def chosen(self) -> tuple[str, ...]:
        """The techniques, `all` resolved: without a teacher those that need none."""
        if EVERY not in self.techniques:
            return self.techniques
        return TECHNIQUES if self.teacher else tuple(t for t in TECHNIQUES if t not in TAUGHT)

    def augments(self, family: str) -> bool:
        """Whether augmentation is tried on a family: `all` leaves it out without texts."""
        from emoray.stages.families.registry import FAMILIES

        return EVERY not in self.techniques or not FAMILIES[family].of_features

    @property
    def augmentation(self) -> BackTranslation:
        """The augmentation as a field of a recipe."""
        return BackTranslation(share=self.share, balance=self.balance, translator=self.translator)

    @property
    def encoder_name(self) -> str:
        """The encoder, the default one if none is named."""
        from emoray.models.encoder.recipe import DEFAULT_ENCODER

        return self.encoder or DEFAULT_ENCODER

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        families = [] if self.families == USUAL_FAMILIES else list(self.families)
        return "-".join(["improve_f1", *families, about_run(self.taxonomy, self.corpus)])

    @property
    def shown_settings(self) -> Mapping[str, str]:
        """Settings that the tables depend on."""
        names = ("seeds", "members", "translator", "share", "balance", "ema", "texts")
        named = {name: getattr(self, name) for name in (*names, "epochs", "max_tokens", "encoder")}
        if self.head_weight != 0.3:
            named["head_weight"] = self.head_weight
        if self.contrast_weight != 0.1:
            named["contrast_weight"] = self.contrast_weight
        if self.teacher:
            named["teacher"] = self.teacher
        return settings_text(techniques=self.chosen, **named)
