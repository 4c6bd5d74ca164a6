"""Settings of `jobs.ensemble`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from emoray.data.importing.settings import about_run
from emoray.data.options import KeepTexts
from emoray.distributed.cluster import check_share
from emoray.options import Option
from emoray.storage.run_folder import settings_text
from emoray.workflows.settings.search import Epochs, TrainingOptions

if TYPE_CHECKING:
    from emoray.distributed.actor_pool import StageLimits

EVERY = "all"


@dataclass(frozen=True, kw_only=True)
class Ensemble(TrainingOptions):
    """Which members, how stored and combined, on what data, and where everything lands.

    limits: of one training, None for the usual ones.
    """

    USUAL_NAME: ClassVar[str] = "ensemble-PLANMEMBERS-TAXONOMY"

    plan: Annotated[
        str,
        Option(
            help="**seeds**: one recipe, other seeds. **bootstrap**: each on its own bootstrap "
            "sample of train. **diverse**: other dimensions, losses, pools, layers and samples."
        ),
    ] = "diverse"
    members: Annotated[int, Option(least=2, help="How many models are trained.")] = 5
    scheme: Annotated[
        str,
        Option(
            help="How every member is stored: float, int8, int4, … (`jobs.compress --list` names "
            "all)."
        ),
    ] = "int8"
    combine: Annotated[
        tuple[str, ...],
        Option(
            help="**mean** of logits and of probabilities, **weights** fitted on dev, **greedy** "
            "selection with replacement, or **all**; repeatable.  [default: all]"
        ),
    ] = (EVERY,)
    encoders: Annotated[
        tuple[str, ...],
        Option(
            names=("--encoder",),
            help="Fine-tune this encoder: a folder, or a model id of the Hugging Face hub with "
            "safetensors; repeatable. In the plan diverse by turns with word vectors. Needs the "
            "extra `bert`.  [default: word vectors alone]",
        ),
    ] = ()
    epochs: Epochs = None
    cpus_per_member: Annotated[
        float, Option(help="CPUs that one training holds; decides how many run at once.")
    ] = 1.0
    gpus_per_member: Annotated[
        float | None,
        Option(
            help="GPUs, or a share of one, that the training of an encoder holds.  [default: 1 "
            "where the cluster has GPUs]"
        ),
    ] = None
    keep_texts: KeepTexts = None
    limits: "StageLimits | None" = None

    def __post_init__(self) -> None:
        from emoray.search.ensemble_plans import checked_plan
        from emoray.search.members import COMBINATIONS

        checked_plan(self.plan)
        super().__post_init__()
        known = (*COMBINATIONS, EVERY)
        strange = [name for name in self.combine if name not in known]
        if strange or not self.combine:
            raise ValueError(
                f"a combination is one of {', '.join(known)}, got "
                f"{', '.join(strange) or 'none'}: name one of these"
            )
        if not self.cpus_per_member > 0:
            raise ValueError(
                f"a member holds more than 0 CPUs, got {self.cpus_per_member:g}: say what one "
                "training uses"
            )
        check_share(self.gpus_per_member, "gpus_per_member")

    @property
    def combinations(self) -> tuple[str, ...]:
        """The combinations, `all` resolved."""
        from emoray.search.members import COMBINATIONS

        return COMBINATIONS if EVERY in self.combine else self.combine

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        about = about_run(self.taxonomy, self.corpus)
        return f"ensemble-{self.plan}{self.members}-{about}"

    @property
    def shown_settings(self) -> Mapping[str, str]:
        """Settings that the tables depend on."""
        return settings_text(
            scheme=self.scheme,
            combine=self.combine,
            encoders=self.encoders,
            epochs=self.epochs,
            max_tokens=self.max_tokens,
        )
