"""Search spaces as functions: what is compared, under which schemes, with which decisions.

Scientific parameters vary, nuisance parameters are tuned so that the comparison is fair, fixed ones
stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from emoray.models.contrast import Contrast
from emoray.models.encoder.recipe import AllPieces, BertRecipe, Cls, UsedPieces
from emoray.models.encoder.tuning import HeadOnly, PairsFirst
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.losses import BCE, Asymmetric, Focal
from emoray.models.objectives import Distilled, MoreTexts, Supervised
from emoray.models.sampling import OutOfFold, Shots
from emoray.models.word.initial_vectors import Vectors
from emoray.models.word.recipe import Mean
from emoray.models.word.tuned import FROZEN, LOSS, TRAINED, WITH_CONV
from emoray.quant.catalogue import (
    all_schemes,
    bert_schemes,
    both_ways,
    feature_schemes,
    pruned_bert_schemes,
    pruned_schemes,
    quick_bert_schemes,
    quick_schemes,
)
from emoray.quant.scheme import FLOAT, Qat
from emoray.search.grid import Space as Space
from emoray.search.grid import glove_recipes, up_to
from emoray.search.joint_space import JointSpace
from emoray.search.knobs import Between, Choices
from emoray.search.task_space import tasks
from emoray.stages.families.encoder import whole_encoder
from emoray.stages.families.features import TUNED as FEATURES
from emoray.stages.spec import RULES, Decision, EncoderRef, all_decisions
from emoray.text.vectors.settings import OwnVectors


def smoke(taxonomy: str, dims: Sequence[int]) -> Space:
    """Seconds: two tiny recipes, five schemes. To see that everything works."""
    tiny = replace(FROZEN, epochs=3, vocabulary=800, hidden_units=16)
    trained = replace(TRAINED, epochs=2, vocabulary=1000, hidden_units=16)
    schemes = list(quick_schemes().values())
    return Space(
        recipes=(
            *glove_recipes(tiny, taxonomy, up_to(max(dims), 16), [1], 2),
            *glove_recipes(trained, taxonomy, up_to(max(dims), 16), [1], 1),
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
    widths = up_to(widest, 32, 64)
    conv = replace(TRAINED, pools=WITH_CONV)
    own = replace(TRAINED, vectors=OwnVectors())
    return Space(
        recipes=(
            *glove_recipes(conv, taxonomy, up_to(widest, 48, 64), [0], 2),
            *glove_recipes(TRAINED, taxonomy, widths, [0], 2),
            *glove_recipes(TRAINED, taxonomy, widths[-1:], [1, 2], 2),
            *glove_recipes(own, taxonomy, up_to(widest, 64), [0], 2),
            *glove_recipes(FROZEN, taxonomy, up_to(widest, 50), [1], 1),
        ),
        schemes=tuple(quick_schemes().values()),
        decisions=all_decisions(),
    )


def qat(taxonomy: str, dims: Sequence[int]) -> Space:
    """PTQ and QAT: the same schemes at 8, 4, 3 and 2 bits, five seeds; needs the extra `bert`."""
    return Space(
        recipes=tuple(glove_recipes(TRAINED, taxonomy, up_to(max(dims), 64), [0], 5)),
        schemes=(FLOAT, *both_ways(Qat(epochs=3)).values()),
        decisions=all_decisions(),
    )


def prune(taxonomy: str, dims: Sequence[int]) -> Space:
    """Words that matter least removed after training, beside vocabularies that frequency cut.

    Three seeds; some twenty minutes on two cores; needs the extra `bert`.

    Args:
        taxonomy: whose labels are learned.
        dims: widths of the vectors at hand.

    Returns:
        The space.
    """
    conv = replace(TRAINED, pools=WITH_CONV)
    return Space(
        recipes=tuple(
            recipe
            for words in (4000, 2000, 1000)
            for recipe in glove_recipes(
                replace(conv, vocabulary=words), taxonomy, up_to(max(dims), 64), [0], 3
            )
        ),
        schemes=tuple(pruned_schemes().values()),
        decisions=tuple(Decision(rule=rule) for rule in RULES),
    )


def seed(taxonomy: str, dims: Sequence[int]) -> Space:
    """The survey: dimensions x layers 0-4 x 5 seeds x 30 epochs x all schemes."""
    widths = up_to(max(dims), 50, 100, 300)
    return Space(
        recipes=tuple(glove_recipes(FROZEN, taxonomy, widths, range(5), 5)),
        schemes=tuple(all_schemes().values()),
        decisions=all_decisions(),
    )


def distil(taxonomy: str, dims: Sequence[int]) -> Space:
    """Some 30 minutes on two cores: small models by themselves and from a teacher, three seeds.

    The job names the teacher.

    Args:
        taxonomy: whose labels are learned.
        dims: widths of the vectors at hand.

    Returns:
        The space.
    """
    widest = max(dims)
    conv = replace(TRAINED, pools=WITH_CONV)
    objectives = (Supervised(), Distilled(), Distilled(transfer=MoreTexts()))
    students = [
        replace(conv, objective=objective, vocabulary=words)
        for words in (4000, 8000)
        for objective in objectives
    ]
    return Space(
        recipes=tuple(
            recipe
            for student in students
            for recipe in glove_recipes(student, taxonomy, up_to(widest, 64), [0], 3)
        ),
        schemes=tuple(quick_schemes().values()),
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
        knobs={
            "embedding_dim": Choices(tuple(up_to(max(dims), 16, 25, 32, 50, 64, 100))),
            "layers": Between(0, 2),
            **({"vectors": Choices(tuple(started.values()))} if started else {}),
        },
        schemes=dict(all_schemes()),
        trials=trials,
    )


def _feature_recipes(
    taxonomy: str, dims: Sequence[int], layers: Sequence[int], seeds: int
) -> list[FeatureRecipe]:
    return [
        replace(FEATURES, taxonomy=taxonomy, embedding_dim=d, layers=n, seed=s)
        for d, n, s in product(dims, layers, range(seeds))
    ]


def features(taxonomy: str, dims: Sequence[int]) -> Space:
    """Rows of features, all of them or their first components, under 0 to 2 layers; three seeds.

    Args:
        taxonomy: whose labels are learned.
        dims: how many features there are.

    Returns:
        The space.
    """
    width = max(dims)
    narrow = [d for d in (16, 32, 64, 128) if d < width]
    return Space(
        recipes=(
            *_feature_recipes(taxonomy, [width], [0, 1, 2], 3),
            *_feature_recipes(taxonomy, narrow, [1], 3),
        ),
        schemes=tuple(feature_schemes().values()),
        decisions=all_decisions(),
    )


def features_joint(taxonomy: str, dims: Sequence[int], trials: int) -> JointSpace:
    """Optuna over components, layers, units and loss of models of features, and the cheap knobs."""
    width = max(dims)
    return JointSpace(
        name=f"features-joint-{taxonomy}",
        base=replace(FEATURES, taxonomy=taxonomy, embedding_dim=width),
        knobs={
            "embedding_dim": Choices((*(d for d in (16, 32, 64, 128) if d < width), width)),
            "layers": Between(0, 2),
            "hidden_units": Choices((32, 64, 128)),
            "loss": Choices((BCE(), LOSS, Focal(), Asymmetric())),
        },
        schemes=feature_schemes(),
        trials=trials,
    )


FEATURE_SPACES = ("features", "features-joint")
GRIDS: dict[str, Callable[[str, Sequence[int]], Space]] = {
    "smoke": smoke,
    "quick": quick,
    "seed": seed,
    "qat": qat,
    "features": features,
    "distil": distil,
    "prune": prune,
    "tasks": tasks,
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


def bert_prune(taxonomy: str, encoders: Sequence[EncoderRef]) -> Space:
    """The whole encoder, fine-tuned once, without some of its heads, columns and layers."""
    return Space(
        recipes=tuple(_fine_tuned(taxonomy, e) for e in encoders),
        schemes=tuple(pruned_bert_schemes().values()),
        decisions=all_decisions(),
    )


def shots(taxonomy: str, encoders: Sequence[EncoderRef]) -> Space:
    """8, 16 and 32 texts a label, three draws: a head, all, all beside a contrast, pairs first."""
    ways: tuple[dict[str, Any], ...] = (
        {"tuning": HeadOnly()},
        {"epochs": 10},
        {"epochs": 10, "auxiliary": Contrast()},
        {"tuning": PairsFirst()},
    )
    samples = [Shots(per_label=n, calibration=OutOfFold(folds=2)) for n in (8, 16, 32)]
    return Space(
        recipes=tuple(
            _fine_tuned(taxonomy, e, loss=BCE(), sample=sample, seed=seed, **way)
            for e in encoders
            for sample in samples
            for way in ways
            for seed in range(3)
        ),
        schemes=(FLOAT,),
        decisions=tuple(Decision(rule=rule) for rule in RULES),
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
        knobs={
            "embedding_dim": Choices(tuple(sorted({width, -(-width // 2), -(-width // 3)}))),
            "layers": Between(max(1, depth // 2), depth),
            "encoder": Choices(tuple(dict.fromkeys(each.name for each in encoders))),
            "pooling": Choices((Mean(), Cls())),
            "pieces": Choices(pieces),
            "loss": Choices(losses),
        },
        schemes=bert_schemes(),
        trials=trials,
    )


BERT_GRIDS: dict[str, Callable[[str, Sequence[EncoderRef]], Space]] = {
    "bert-smoke": bert_smoke,
    "bert": bert,
    "bert-prune": bert_prune,
    "shots": shots,
}
