"""Search spaces as functions: what is compared, under which schemes, with which decisions.

Scientific parameters vary, nuisance parameters are tuned so that the comparison is fair, fixed ones
stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from emoray.decide.thresholds import Fixed
from emoray.model.recipe import Attention, ConvMax, GloveRecipe, Max, Mean, Pool, WeightedBCE
from emoray.quant.catalogue import all_schemes, quick_schemes
from emoray.quant.scheme import ModelScheme
from emoray.trial.spec import RULES, Decision, Fitted, Rule, Spec, all_decisions

PLAIN: tuple[Pool, ...] = (Mean(),)
RICH: tuple[Pool, ...] = (Mean(), Max(), Attention())
WITH_CONV: tuple[Pool, ...] = (*RICH, ConvMax(64))

LOSS = WeightedBCE(0.4)
FROZEN = GloveRecipe(
    pools=PLAIN,
    vocabulary=8000,
    hidden_units=256,
    epochs=30,
    batch_size=512,
    learning_rate=2e-3,
    dropout=0.3,
    loss=LOSS,
)
TRAINED = GloveRecipe(
    pools=RICH,
    trainable_vectors=True,
    vocabulary=4000,
    epochs=8,
    patience=3,
    batch_size=512,
    learning_rate=7e-3,
    vectors_rate=3e-3,
    dropout=0.3,
    word_dropout=0.15,
    loss=LOSS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Every recipe under every scheme at every decision."""

    recipes: tuple[GloveRecipe, ...]
    schemes: tuple[ModelScheme, ...]
    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        for part in ("recipes", "schemes", "decisions"):
            if not getattr(self, part):
                raise ValueError(f"a search space needs {part}, got none: name at least one")

    @property
    def trials(self) -> int:
        return len(self.recipes)

    @property
    def models(self) -> int:
        return len(self.recipes) * len(self.schemes)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSpace:
    """The five knobs of one operating point, for a searcher to choose together."""

    name: str
    base: GloveRecipe
    embedding_dims: tuple[int, ...]
    layers: range
    schemes: dict[str, ModelScheme]
    trials: int

    @property
    def models(self) -> int:
        return self.trials

    def ask(self, trial: Any) -> None:
        """Optuna's define-by-run: names and ranges of the knobs."""
        trial.suggest_categorical("embedding_dim", list(self.embedding_dims))
        trial.suggest_int("layers", self.layers[0], self.layers[-1])
        trial.suggest_categorical("scheme", list(self.schemes))
        if not trial.suggest_categorical("calibrated", [True, False]):
            trial.suggest_float("temperature", 0.5, 2.0, log=True)
        rules = [str(rule) for rule in RULES if not isinstance(rule, Fixed)]
        if trial.suggest_categorical("threshold_rule", [*rules, "fixed"]) == "fixed":
            trial.suggest_float("threshold", 0.05, 0.95)

    def spec(self, config: dict[str, Any]) -> Spec:
        """The operating point that a trial's config names."""
        temperature = Fitted() if config["calibrated"] else float(config["temperature"])
        rule: Rule
        if config["threshold_rule"] == "fixed":
            rule = Fixed(float(config["threshold"]))
        else:
            rule = {str(r): r for r in RULES}[config["threshold_rule"]]
        recipe = replace(
            self.base, embedding_dim=int(config["embedding_dim"]), layers=int(config["layers"])
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
    """Minutes on two cores: pooling, dimension, depth and seeds under every kind of scheme."""
    widest = max(dims)
    conv = replace(TRAINED, pools=WITH_CONV)
    return Space(
        recipes=(
            *_recipes(conv, taxonomy, _up_to(widest, 48, 64), [0], 2),
            *_recipes(TRAINED, taxonomy, _up_to(widest, 32, 64), [0, 1, 2], 2),
            *_recipes(FROZEN, taxonomy, _up_to(widest, 50), [1], 1),
        ),
        schemes=tuple(quick_schemes().values()),
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


def joint(taxonomy: str, dims: Sequence[int], trials: int) -> JointSpace:
    """Optuna over embedding dimension, layers, temperature, threshold and quantization together."""
    return JointSpace(
        name=f"joint-{taxonomy}",
        base=replace(TRAINED, taxonomy=taxonomy),
        embedding_dims=tuple(_up_to(max(dims), 16, 25, 32, 50, 64, 100)),
        layers=range(3),
        schemes=all_schemes(),
        trials=trials,
    )


GRIDS: dict[str, Callable[[str, Sequence[int]], Space]] = {
    "smoke": smoke,
    "quick": quick,
    "seed": seed,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a user wants in place of a grid's own values; empty keeps them."""

    dims: tuple[int, ...] = ()
    layers: tuple[int, ...] = ()
    seeds: int | None = None

    def of(self, space: Space) -> Space:
        """The space with every recipe at the wished values, each once."""
        recipes = [
            replace(r, embedding_dim=d, layers=n, seed=s)
            for r in space.recipes
            for d in self.dims or (r.embedding_dim,)
            for n in self.layers or (r.layers,)
            for s in (range(self.seeds) if self.seeds else (r.seed,))
        ]
        return replace(space, recipes=tuple(dict.fromkeys(recipes)))


def named(
    name: str, taxonomy: str, dims: Sequence[int], *, trials: int = 64, wish: Wish | None = None
) -> Space | JointSpace:
    """The space of that name, for vectors of these widths, changed as wished."""
    wish = wish or Wish()
    if name == "joint":
        if wish != Wish():
            raise ValueError(
                "dims, layers and seeds change a grid, got them with space joint: "
                "leave them out, the searcher chooses"
            )
        return joint(taxonomy, dims, trials)
    if name not in GRIDS:
        raise ValueError(
            f"space is one of {', '.join([*GRIDS, 'joint'])}, got {name!r}: pick one of these"
        )
    return wish.of(GRIDS[name](taxonomy, dims))
