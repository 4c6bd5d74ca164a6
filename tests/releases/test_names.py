import pytest

from emoray.releases.names import ReleasedName, checked_model, is_released


def test_a_released_artifact_is_named_by_model_and_alias_or_digits() -> None:
    assert ReleasedName.of("model:emotions@production") == ReleasedName(
        model="emotions", which="production"
    )
    assert ReleasedName.of("model:emotions-v2.1@5f2c1a").which == "5f2c1a"
    assert str(ReleasedName.of("model:emotions@candidate")) == "model:emotions@candidate"
    assert is_released("model:anything") and not is_released("models/emotions")


@pytest.mark.parametrize(
    "text", ["model:emotions", "model:@production", "model:../x@production", "model:a/b@production"]
)
def test_a_name_that_is_none_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"a released artifact is model:NAME@production, .*got"):
        ReleasedName.of(text)


@pytest.mark.parametrize("which", ["", "staging", "5f2c1", "5F2C1A", "5f2c1a/.."])
def test_what_is_neither_alias_nor_digits_is_refused(which: str) -> None:
    with pytest.raises(ValueError, match=r"after the @: write one of these"):
        ReleasedName.of(f"model:emotions@{which}")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "_store", "-x", "a b", "x" * 101, "a\n"])
def test_a_models_name_is_a_folders(name: str) -> None:
    with pytest.raises(ValueError, match=r"a model's name is 1 to 100 letters.*choose another"):
        checked_model(name)
