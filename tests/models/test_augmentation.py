import pytest

from emoray.models.augmentation import BackTranslation, NoAugmentation
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.word.recipe import GloveRecipe

REFUSED = {
    r"share must lie in \(0, 1\], got 0": {"share": 0.0},
    r"share must lie in \(0, 1\], got 1\.5": {"share": 1.5},
    "balance must be finite and at least 0, got -1": {"balance": -1.0},
    "a translator needs a name": {"translator": ""},
}


@pytest.mark.parametrize("recipe", [GloveRecipe, BertRecipe])
def test_a_recipe_names_its_augmentation_when_it_has_one(
    recipe: type[GloveRecipe] | type[BertRecipe],
) -> None:
    plain = recipe()
    assert plain.augmentation == NoAugmentation() and "bt" not in str(plain).split()[-1]
    more = recipe(augmentation=BackTranslation(balance=1.0))
    assert str(more) == f"{plain} bt0.5b1(apertium:eng-spa)"


@pytest.mark.parametrize("said", REFUSED)
def test_an_augmentation_that_cannot_be_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BackTranslation(**REFUSED[said])  # type: ignore[arg-type]
