import pytest

from emoray.quant.catalogue import all_schemes, quick_schemes
from emoray.quant.grain import Grain
from emoray.quant.ranges import Ranges
from emoray.quant.scheme import FLOAT, Activations, ModelScheme, QuantScheme


def parts(schemes: dict[str, ModelScheme]) -> list[QuantScheme]:
    return [part for s in schemes.values() for part in (s.dense, s.embedding) if part]


def test_the_catalogues_have_their_promised_size_and_begin_with_float() -> None:
    assert 14 <= len(quick_schemes()) <= 20
    assert len(all_schemes()) >= 60
    assert next(iter(quick_schemes().values())) == FLOAT
    assert quick_schemes().items() <= all_schemes().items()


def test_every_scheme_prints_uniquely() -> None:
    schemes = list(all_schemes().values())
    assert len(set(schemes)) == len({str(scheme) for scheme in schemes}) == len(schemes)
    tensors = set(parts(all_schemes()))
    assert len({str(part) for part in tensors}) == len(tensors)


@pytest.mark.parametrize("schemes", [quick_schemes(), all_schemes()], ids=["quick", "all"])
def test_every_kind_of_choice_is_tried(schemes: dict[str, ModelScheme]) -> None:
    made = parts(schemes)
    assert {part.bits for part in made} >= {8, 6, 4, 3, 2}
    assert {part.symmetric for part in made} == {True, False}
    assert {type(part.grain) for part in made} == set(Grain.__args__)
    assert {type(part.ranges) for part in made} == set(Ranges.__args__)
    assert {type(s.activations) for s in schemes.values()} == set(Activations.__args__)
