"""Search spaces as functions: what is compared, under which schemes, with which decisions.

Scientific parameters vary, nuisance parameters are tuned so that the comparison is fair, fixed ones
stay.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from emoray.decide.thresholds import Fixed
from emoray.models.encoder.recipe import AllPieces, BertRecipe, Cls, UsedPieces
from emoray.models.losses import BCE, Asymmetric, Focal
from emoray.models.recipe import Recipe
from emoray.models.word.initial_vectors import Vectors
from emoray.models.word.recipe import GloveRecipe, Mean
from emoray.models.word.tuned import FROZEN, LOSS, TRAINED, WITH_CONV
from emoray.quant.catalogue import (
    all_schemes,
    bert_schemes,
    both_ways,
    quick_bert_schemes,
    quick_schemes,
)
from emoray.quant.policy import Scheme
from emoray.quant.scheme import FLOAT, Qat
from emoray.stages.families.encoder import whole_encoder
from emoray.stages.spec import RULES, Decision, EncoderRef, Fitted, Rule, Spec, all_decisions
from emoray.text.vectors.settings import OwnVectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Every recipe under every scheme at every decision."""

    recipes: tuple[Recipe, ...]
    schemes: tuple[Scheme, ...]
    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        for part in ("recipes", "schemes", "decisions"):
            if not getattr(self, part):
                raise ValueError(f"a search space needs {part}, got none: name at least one")

    @property
    def trials(self) -> int:
        """Recipes: each is a trial."""
        return len(self.recipes)

    @property
    def models(self) -> int:
        """Compressed models: recipes x schemes."""
        return len(self.recipes) * len(self.schemes)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSpace:
    """The five knobs of one operating point, for a searcher to choose together.

    Attributes:
        name: of the space, and of the study.
        base: the recipe whose knobs are chosen.
        embedding_dims: choices.
        layers: range of choices.
        schemes: choices by name.
        trials: how many.
        knobs: more of the recipe's fields, with their values by name.
    """

    name: str
    base: Recipe
    embedding_dims: tuple[int, ...]
    layers: range
    schemes: dict[str, Scheme]
    trials: int
    knobs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def models(self) -> int:
        """One compressed model per trial at most."""
        return self.trials

    def ask(self, trial: Any) -> None:
        """Optuna's define-by-run: names and ranges of the knobs."""
        trial.suggest_categorical("embedding_dim", list(self.embedding_dims))
        trial.suggest_int("layers", self.layers[0], self.layers[-1])
        for knob, values in self.knobs.items():
            trial.suggest_categorical(knob, list(values))
        trial.suggest_categorical("scheme", list(self.schemes))
        if not trial.suggest_categorical("calibrated", [True, False]):
            trial.suggest_float("temperature", 0.5, 2.0, log=True)
        rules = [str(rule) for rule in RULES if not isinstance(rule, Fixed)]
        if trial.suggest_categorical("threshold_rule", [*rules, "fixed"]) == "fixed":
            trial.suggest_float("threshold", 0.05, 0.95)

    def spec(self, config: dict[str, Any]) -> Spec:
        """Build the operating point of a trial's config.

        Fitted thresholds decide alike at any temperature, so they come with the fitted one.

        Args:
            config: values by name, as `ask` suggests them.

        Returns:
            Recipe, scheme and decision.
        """
        rule: Rule
        if config["threshold_rule"] == "fixed":
            rule = Fixed(float(config["threshold"]))
        else:
            rule = {str(r): r for r in RULES}[config["threshold_rule"]]
        temperature: Fitted | float = Fitted()
        if isinstance(rule, Fixed) and not config["calibrated"]:
            temperature = float(config["temperature"])
        recipe = replace(
            self.base,
            embedding_dim=int(config["embedding_dim"]),
            layers=int(config["layers"]),
            **{knob: values[config[knob]] for knob, values in self.knobs.items()},
        )
        return Spec(
            recipe=recipe,
            scheme=self.schemes[config["scheme"]],
            decision=Decision(temperature=temperature, rule=rule),
        )


def _recipes(
    base: GloveRecipe, taxonomy: str, dims: Sequence[int], layers: Sequence[int], seeds: int
) -> list[GloveRecipe]:
    return [
        replace(base, taxonomy=taxonomy, embedding_dim=d, layers=n, seed=s)
        for d, n, s in product(dims, layers, range(seeds))
    ]


def _up_to(widest: int, *wanted: int) -> list[int]:
    return [d for d in wanted if d <= widest] or [widest]


def smoke(taxonomy: str, dims: Sequence[int]) -> Space:
    """Seconds: two tiny recipes, five schemes. To see that everything works."""
    tiny = replace(FROZEN, epochs=3, vocabulary=800, hidden_units=16)
    trained = replace(TRAINED, epochs=2, vocabulary=1000, hidden_units=16)
    schemes = list(quick_schemes().values())
    return Space(
        recipes=(
            *_recipes(tiny, taxonomy, _up_to(max(dims), 16), [1], 2),
            *_recipes(trained, taxonomy, _up_to(max(dims), 16), [1], 1),
        ),
        schemes=tuple(schemes[i] for i in (0, 3, 5, 8, -4)),
        decisions=all_decisions(),
    )


def quick(taxonomy: str, dims: Sequence[int]) -> Space:
    """Minutes on two cores: pooling, dimension, depth, own vectors, seeds; every kind of scheme.

    Depth varies at one dimension, and dimension at no depth, to keep to a few minutes.

    Args:
        taxonomy: whose labels are learned.
        dims: widths of the vectors at hand.

    Returns:
        The space.
    """
    widest = max(dims)
    widths = _up_to(widest, 32, 64)
    conv = replace(TRAINED, pools=WITH_CONV)
    own = replace(TRAINED, vectors=OwnVectors())
    return Space(
        recipes=(
            *_recipes(conv, taxonomy, _up_to(widest, 48, 64), [0], 2),
            *_recipes(TRAINED, taxonomy, widths, [0], 2),
            *_recipes(TRAINED, taxonomy, widths[-1:], [1, 2], 2),
            *_recipes(own, taxonomy, _up_to(widest, 64), [0], 2),
            *_recipes(FROZEN, taxonomy, _up_to(widest, 50), [1], 1),
        ),
        schemes=tuple(quick_schemes().values()),
        decisions=all_decisions(),
    )


def qat(taxonomy: str, dims: Sequence[int]) -> Space:
    """PTQ and QAT: the same schemes at 8, 4, 3 and 2 bits, five seeds; needs the extra `bert`."""
    return Space(
        recipes=tuple(_recipes(TRAINED, taxonomy, _up_to(max(dims), 64), [0], 5)),
        schemes=(FLOAT, *both_ways(Qat(epochs=3)).values()),
        decisions=all_decisions(),
    )


def seed(taxonomy: str, dims: Sequence[int]) -> Space:
    """The survey: dimensions x layers 0-4 x 5 seeds x 30 epochs x all schemes."""
    widths = _up_to(max(dims), 50, 100, 300)
    return Space(
        recipes=tuple(_recipes(FROZEN, taxonomy, widths, range(5), 5)),
        schemes=tuple(all_schemes().values()),
        decisions=all_decisions(),
    )


def joint(
    taxonomy: str, dims: Sequence[int], trials: int, vectors: Sequence[Vectors] = ()
) -> JointSpace:
    """Optuna over dimension, layers, temperature, threshold, quantization and any named vectors."""
    started = {str(each): each for each in vectors}
    return JointSpace(
        name="-".join(["joint", taxonomy, *started]),
        base=replace(TRAINED, taxonomy=taxonomy),
        embedding_dims=tuple(_up_to(max(dims), 16, 25, 32, 50, 64, 100)),
        layers=range(3),
        schemes=dict(all_schemes()),
        trials=trials,
        knobs={"vectors": started} if started else {},
    )


GRIDS: dict[str, Callable[[str, Sequence[int]], Space]] = {
    "smoke": smoke,
    "quick": quick,
    "seed": seed,
    "qat": qat,
}


def _fine_tuned(taxonomy: str, encoder: EncoderRef, **changes: Any) -> BertRecipe:
    """The whole encoder but for these changes."""
    return replace(whole_encoder(taxonomy, encoder), **changes)


def bert_smoke(taxonomy: str, encoders: Sequence[EncoderRef]) -> Space:
    """One short fine-tuning of each encoder's first layers. To see that everything works."""
    return Space(
        recipes=tuple(
            _fine_tuned(taxonomy, e, layers=min(2, e.layers), epochs=1, max_tokens=24)
            for e in encoders
        ),
        schemes=tuple(quick_bert_schemes().values()),
        decisions=all_decisions(),
    )


def bert(taxonomy: str, encoders: Sequence[EncoderRef]) -> Space:
    """The encoder whole, at half its layers, and with a factorised embedding, under all schemes."""
    recipes = [
        recipe
        for e in encoders
        for recipe in (
            _fine_tuned(taxonomy, e),
            _fine_tuned(taxonomy, e, layers=-(-e.layers // 2)),
            _fine_tuned(taxonomy, e, embedding_dim=max(1, e.width // 3)),
        )
    ]
    return Space(
        recipes=tuple(dict.fromkeys(recipes)),
        schemes=tuple(bert_schemes().values()),
        decisions=all_decisions(),
    )


def bert_joint(taxonomy: str, encoders: Sequence[EncoderRef], trials: int) -> JointSpace:
    """Optuna over a fine-tuning's knobs, of which every new recipe is a fine-tuning.

    They are layers, rank, pieces, pooling and loss, and with them the cheap ones: quantization,
    temperature, threshold.

    Args:
        taxonomy: whose labels are learned.
        encoders: to choose from.
        trials: how many.

    Returns:
        The space.
    """
    first, *_ = encoders
    shared = replace(  # what every one of them has
        first,
        width=min(e.width for e in encoders),
        layers=min(e.layers for e in encoders),
        positions=min(e.positions for e in encoders),
    )
    width, depth = shared.width, shared.layers
    pieces = (AllPieces(), UsedPieces(), UsedPieces(min_count=2, allowance=500))
    losses = (BCE(), LOSS, Focal(), Asymmetric())
    return JointSpace(
        name=f"bert-joint-{taxonomy}",
        base=_fine_tuned(taxonomy, shared),
        embedding_dims=tuple(sorted({width, -(-width // 2), -(-width // 3)})),
        layers=range(max(1, depth // 2), depth + 1),
        schemes=bert_schemes(),
        trials=trials,
        knobs={
            "encoder": {each.name: each.name for each in encoders},
            "pooling": {str(pool): pool for pool in (Mean(), Cls())},
            "pieces": {str(kept): kept for kept in pieces},
            "loss": {str(loss): loss for loss in losses},
        },
    )


BERT_GRIDS: dict[str, Callable[[str, Sequence[EncoderRef]], Space]] = {
    "bert-smoke": bert_smoke,
    "bert": bert,
}
