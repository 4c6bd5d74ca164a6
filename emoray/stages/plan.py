"""From a recipe and a scheme to the chain of stages that measures them."""

from emoray.models.encoder.extra import require_bert
from emoray.models.recipe import Recipe
from emoray.quant.catalogue import parent_of
from emoray.quant.policy import Scheme
from emoray.quant.scheme import ModelScheme
from emoray.stages.comparisons import CompareWithParent
from emoray.stages.compression import Compress, Score
from emoray.stages.decisions import Decide
from emoray.stages.families.protocol import TrainStage
from emoray.stages.families.registry import FAMILIES
from emoray.stages.qat import QuantizationAwareTraining
from emoray.stages.spec import Data, Decision, distinct


def training(recipe: Recipe, data: Data) -> TrainStage:
    """Build the training stage of a recipe; schemes and decisions share it.

    Raises:
        ValueError: The data at hand do not have what the recipe names.
    """
    return FAMILIES[recipe.family].train_stage(recipe, data)


def deciding(train: TrainStage, scheme: Scheme, decisions: tuple[Decision, ...]) -> Decide:
    """All decisions on one compressed model, of those that decide alike one; trained on first where
    its scheme says so.

    Raises ValueError where that needs a library that is not installed.
    """
    refined = None
    if isinstance(scheme, ModelScheme) and scheme.qat is not None:
        require_bert()
        refined = QuantizationAwareTraining(trained=train, text=train.text, scheme=scheme)
    compressed = Compress(trained=train, text=train.text, scheme=scheme, refined=refined)
    scored = Score(compressed=compressed, text=train.text)
    return Decide(
        scored=scored, compressed=compressed, text=train.text, decisions=distinct(decisions)
    )


def float_parent(decide: Decide) -> Decide:
    """The same training in float under the same decisions, gone on for as long where the model's
    was refined, so that more epochs are not taken for what codes bring. Of a float model itself."""
    return deciding(
        decide.compressed.trained, parent_of(decide.compressed.scheme), decide.decisions
    )


def comparing(decide: Decide) -> CompareWithParent | None:
    """The model beside its float parent; None for one that is its own."""
    parent = float_parent(decide)
    return None if parent == decide else CompareWithParent.of(decide, parent)
