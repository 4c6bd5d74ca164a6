import pytest

from emoray.quant.catalogue import float_baseline
from emoray.quant.policy import Scheme
from emoray.quant.pruning import Heal, Prune
from emoray.quant.scheme import FLOAT, ModelScheme, Qat, control_of
from emoray.quant.scheme_names import alias, pick
from emoray.search.form.schemes import name_of_scheme, scheme_called
from emoray.stages.spec_json import read_spec, written_spec

NAMES = (
    "prune(heads=0.33,ffn=0.5)+int8",
    "prune(ffn=0.5)+float",
    "prune(layers=2)+int4-group~heal1",
    "prune(heads=0.25)+adaptive4~heal2-x0.1",
    "prune(rows=0.5)+int4",
)


def called(name: str) -> Scheme:
    found = scheme_called(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_pruned_scheme_is_read_by_its_short_name_its_whole_one_and_its_json(name: str) -> None:
    scheme = called(name)
    assert alias(scheme) == name_of_scheme(scheme) == name
    assert scheme_called(str(scheme)) == scheme
    assert read_spec(written_spec(scheme)) == scheme
    assert pick([name]) == {name: scheme}


def test_shares_say_what_is_removed_and_healing_stands_behind_the_codes() -> None:
    scheme = called("prune(ffn=0.5,heads=0.33)+int4~heal1~qat3")
    assert isinstance(scheme, ModelScheme)
    assert scheme.prune == Prune(heads=0.33, ffn=0.5, heal=Heal()) and scheme.qat == Qat(epochs=3)
    assert str(scheme).startswith("prune(heads=0.33,ffn=0.5)+int4-")
    assert str(scheme).endswith("~heal1~qat3")


def test_a_pruned_model_is_compared_with_the_whole_float_one() -> None:
    scheme = called("prune(ffn=0.5)+int8")
    assert float_baseline(scheme) == FLOAT
    trained = ModelScheme(dense=scheme.dense, prune=scheme.prune, qat=Qat())  # type: ignore[arg-type]
    assert float_baseline(trained) == control_of(trained) == ModelScheme(qat=Qat())


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({}, "pruning removes something, got 0 of everything: name a share, such as ffn=0.5"),
        ({"heads": 1.0}, r"heads must lie in \[0, 1\), the share that is removed, got 1"),
        ({"ffn": -0.1}, r"ffn must lie in \[0, 1\), the share that is removed, got -0.1"),
        ({"rows": "half"}, "rows is a share, got 'half': write rows=0.5"),
        ({"layers": -1}, "layers is a whole number of layers that are removed, got -1"),
    ],
    ids=str,
)
def test_what_cannot_be_removed_is_refused(shares: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Prune(**shares)  # type: ignore[arg-type]


def test_healing_lasts_an_epoch_at_least() -> None:
    with pytest.raises(ValueError, match="for no training leave out heal"):
        Heal(epochs=0)


@pytest.mark.parametrize("share", ["depth=0.5", "heads", "heads=many", "layers=0.5"])
def test_shares_of_unknown_parts_are_refused_by_name(share: str) -> None:
    said = "a pruning names shares of heads, ffn, layers, rows, got"
    with pytest.raises(ValueError, match=f"{said} '{share}': write prune"):
        pick([f"prune({share})+int8"])


def test_an_unknown_scheme_behind_a_pruning_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"or one of these behind prune.*got 'prune\(ffn=0.5\)\+x'"
    ):
        pick(["prune(ffn=0.5)+x"])


def test_equal_shares_are_one_value() -> None:
    assert Prune(ffn=0.5, heads=0) == Prune(ffn=0.5)
    assert str(Prune(ffn=0.5, heads=0)) == "prune(ffn=0.5)"
