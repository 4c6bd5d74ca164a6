"""Settings of `jobs.sweep`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from emoray.data.importing.settings import CorpusSource, about_run
from emoray.data.options import KeepTexts, VectorFiles
from emoray.distributed.cluster import GpusPerStage, check_share
from emoray.options import Group, Option
from emoray.storage.location import Place
from emoray.storage.run_folder import settings_text
from emoray.workflows.settings.search import TrainingOptions

if TYPE_CHECKING:
    from emoray.search.narrowing import Narrowing
    from emoray.search.overrides import SpaceOverrides


@dataclass(frozen=True, kw_only=True)
class Sweep(TrainingOptions):
    """What to search, on what data, and where everything lands."""

    USUAL_NAME: ClassVar[str] = "space-taxonomy or space-corpus"

    space: Annotated[
        str,
        Option(
            help="**quick**: minutes on two cores. **seed**: dimensions x layers 0-4 x 5 seeds x "
            "all schemes. **qat**: quantized after training and during, at 8 to 2 bits. **prune**: "
            "words that matter least removed, beside vocabularies that frequency cut. **joint**: "
            "Optuna over dimension, layers, temperature, threshold and quantization together. "
            "**smoke**: seconds, to see that everything works. **bert**, **bert-joint**, "
            "**bert-prune**, **bert-smoke**: the same with fine-tuned encoders. **distil**: small "
            "models that learn from a --teacher. **tasks**: coarser taxonomies derived, native and "
            "as joint heads. **shots**: an encoder on 8, 16 and 32 texts of each label, four ways. "
            "qat, prune, shots and bert need the extra `bert`. "
            "**features**, **features-joint**: rows of numbers in place of texts, of a --corpus "
            "with --feature-column. Or one of your own: `space.yaml`, which `python -m jobs.space "
            "quick` begins, or `my_space.py:wide`, a function or value of a Python file."
        ),
    ] = "quick"
    dims: Annotated[
        tuple[int, ...],
        Option(
            names=("--dim",),
            least=1,
            help="Embedding dimension in place of the space's own; repeatable.",
        ),
    ] = ()
    layers: Annotated[
        tuple[int, ...],
        Option(least=0, help="Hidden layers in place of the space's own; repeatable."),
    ] = ()
    seeds: Annotated[
        int | None, Option(least=1, help="Trainings of each recipe, with seeds 0, 1, ...")
    ] = None
    vectors: Annotated[
        tuple[str, ...],
        Option(
            help="Word vectors that recipes start from: **given** (Stanford's, or --vectors-file), "
            "**own-ppmi** or **own-glove** (trained on the train texts, as wide as each recipe "
            "asks); repeatable.  [default: the space's own]"
        ),
    ] = ()
    schemes: Annotated[
        tuple[str, ...],
        Option(
            names=("--scheme",),
            help="Scheme in place of the space's own, such as int8, int4-group or int4~qat3 "
            "(trained on for 3 epochs); `python -m jobs.compress --list` names them; repeatable.",
        ),
    ] = ()
    losses: Annotated[
        tuple[str, ...],
        Option(
            names=("--loss",),
            help="Loss in place of the recipes' own, as tables call it: bce, weighted_bce0.4, "
            "focal2a0.5, asymmetric2-0m0.05, at any numbers; repeatable.",
        ),
    ] = ()
    rules: Annotated[
        tuple[str, ...],
        Option(
            names=("--rule",),
            help="Threshold rule in place of the space's decisions: fixed0.5, one, per_label, "
            "per_label_s20, at any numbers; repeatable.",
        ),
    ] = ()
    vocabularies: Annotated[
        tuple[int, ...],
        Option(
            names=("--vocabulary",),
            least=1,
            help="Words with a vector of their own, in place of the recipes' number; repeatable.",
        ),
    ] = ()
    shots: Annotated[
        tuple[int, ...],
        Option(
            least=4,
            help="Texts of each label that recipes learn, in place of all of train, drawn by their "
            "seed; temperature and thresholds are fitted on them too, each scored by a model that "
            "was trained without it; repeatable.",
        ),
    ] = ()
    teachers: Annotated[
        tuple[str, ...],
        Option(
            names=("--teacher",),
            help="Teacher of distilled recipes, in place of their own: an artifact's folder, "
            "s3://bucket/prefix, model:NAME@ALIAS, or RUN:POINT, a point of a run, ensembles too; "
            "repeatable.",
        ),
    ] = ()
    unlabelled: Annotated[
        str,
        Option(
            help="File with one text a line that the teacher labels for its students besides; "
            "texts of dev and test are left out."
        ),
    ] = ""
    derive: Annotated[
        tuple[str, ...],
        Option(
            help="Coarser taxonomy that every model decides in too, in rows of its own: ekman or "
            "sentiment of models on GoEmotions' labels, or a JSON file of groups of the corpus' "
            'own, {"good": ["joy", "love"], ...}; repeatable; none for none.  [default: '
            "the space's own: of **tasks** all that are known, else none]"
        ),
    ] = ()
    native: Annotated[
        tuple[str, ...],
        Option(
            help="Taxonomy that a grid's recipes are trained in too, each by itself, to compare "
            "with what is derived; repeatable; none for none.  [default: the space's own: of "
            "**tasks** all that are derived, else none]"
        ),
    ] = ()
    heads: Annotated[
        tuple[str, ...],
        Option(
            names=("--head",),
            help="Labels that a grid's recipes learn beside their own, in trainings besides those "
            "without: a coarser taxonomy, or a column of --auxiliary-column; NAME*0.3 says how "
            "much each counts; repeatable, all in one training.",
        ),
    ] = ()
    vector_files: VectorFiles = ()
    download_vectors: Annotated[
        bool,
        Option(
            names=("--download-vectors",),
            help="Fetch Stanford's glove.6B.zip (862 MB: 50 to 300 dimensions) into the cache.",
        ),
    ] = False
    encoders: Annotated[
        tuple[str, ...],
        Option(
            names=("--encoder",),
            help="Encoder of the bert spaces: a folder, s3://bucket/prefix, or a model id of the "
            "Hugging Face hub with safetensors; repeatable.  [default: all-MiniLM-L6-v2, from the "
            "package registry]",
        ),
    ] = ()
    trials: Annotated[
        int | None,
        Option(least=1, help="Trials of the joint search.  [default: 64, or the file's own]"),
    ] = None
    objectives: Annotated[
        tuple[str, ...],
        Option(
            names=("--objective",),
            help="Of a joint search: a column of points to optimize, such as dev_macro_f1, "
            "size_bytes, dev_ece, dev_nll; repeatable.  [default: dev_macro_f1 and size_bytes]",
        ),
    ] = ()
    constraints: Annotated[
        tuple[str, ...],
        Option(
            names=("--constraint",),
            help="Of a joint search: a bound that its trials should keep to, such as "
            "'size_bytes < 200_000'; repeatable.",
        ),
    ] = ()
    sampler: Annotated[
        str | None,
        Option(
            help="Of a joint search: **tpe**, **nsga2**, **gp** (which needs the extra `bert`) or "
            "**random**.  [default: tpe, or the file's own]"
        ),
    ] = None
    search_minutes: Annotated[
        float | None,
        Option(
            help="After so long no recipe or trial is begun; what has begun is finished, measured "
            "and reported, and the same command goes on.  [default: no limit, or the file's own]"
        ),
    ] = None
    trainings: Annotated[
        int | None,
        Option(
            least=1,
            help="Recipes to train at most, in all starts of the run.  [default: no limit, or the "
            "file's own]",
        ),
    ] = None
    warm_start: Annotated[
        tuple[Place, ...],
        Option(
            names=("--warm-start",),
            help="Of a joint search: an earlier run of the same corpus and labels, a folder or "
            "s3://bucket/prefix, whose points it learns from; repeatable.",
        ),
    ] = ()
    gpus_per_stage: GpusPerStage = None
    stage_minutes: Annotated[
        float,
        Option(
            least=0.0,
            help="A stage (one training, one model to compress, ...) that runs longer is killed "
            "and becomes a row of failures; 0 for no limit.",
        ),
    ] = 720.0
    keep_texts: KeepTexts = None
    corpus: Annotated[CorpusSource | None, Group()] = None

    def __post_init__(self) -> None:
        check_share(self.gpus_per_stage)
        super().__post_init__()

    @property
    def overrides(self) -> "SpaceOverrides":
        """Values in place of the space's own; ValueError for unknown vectors."""
        from emoray.search.overrides import SpaceOverrides

        return SpaceOverrides.from_options(self.dims, self.layers, self.seeds, self.vectors)

    @property
    def narrowing(self) -> "Narrowing":
        """Schemes, losses, rules, vocabularies in place of the space's own; ValueError for none."""
        from emoray.search.budget import Budget
        from emoray.search.narrowing import Narrowing
        from emoray.search.objectives import Constraint

        found = Narrowing.from_options(
            self.schemes, self.losses, self.rules, self.vocabularies, self.shots
        )
        return replace(
            found,
            objectives=self.objectives,
            constraints=tuple(map(Constraint, self.constraints)),
            sampler=self.sampler,
            budget=Budget(minutes=self.search_minutes, trainings=self.trainings),
        )

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        from emoray.search.space_files import short_name

        return f"{short_name(self.space)}-{about_run(self.taxonomy, self.corpus)}"

    @property
    def shown_settings(self) -> Mapping[str, str]:
        """Settings that the tables depend on."""
        return settings_text(
            dims=self.dims,
            layers=self.layers,
            seeds=self.seeds,
            vectors=self.vectors,
            schemes=self.schemes,
            losses=self.losses,
            rules=self.rules,
            vocabularies=self.vocabularies,
            shots=self.shots,
            objectives=self.objectives,
            constraints=self.constraints,
            sampler=self.sampler,
            warm_start=self.warm_start,
            encoders=self.encoders,
            teachers=self.teachers,
            unlabelled=self.unlabelled or None,
            derive=self.derive,
            native=self.native,
            heads=self.heads,
            max_tokens=self.max_tokens,
        )
