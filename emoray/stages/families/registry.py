"""The model families by the name that their recipes and tables give them."""

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from emoray.stages.families.encoder import EncoderFamily
from emoray.stages.families.features import FeatureFamily
from emoray.stages.families.given import GivenFamily
from emoray.stages.families.protocol import Family
from emoray.stages.families.word import WordFamily

FAMILIES: dict[str, Family[Any, Any]] = {
    family.recipe.family: family for family in (WordFamily(), EncoderFamily(), FeatureFamily())
}
# With finished models of kinds that emoray does not train.
EVERY_FAMILY: Mapping[str, Family[Any, Any]] = ChainMap(
    FAMILIES, {GivenFamily.recipe.family: GivenFamily()}
)
