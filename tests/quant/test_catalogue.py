from dataclasses import replace

import pytest

from emoray.quant.catalogue import (
    all_schemes,
    bert_schemes,
    float_baseline,
    quick_bert_schemes,
    quick_schemes,
)
from emoray.quant.granularity import Grain
from emoray.quant.policy import Adaptive
from emoray.quant.ranges import Ranges
from emoray.quant.scheme import FLOAT, Activations, ModelScheme, QuantScheme, Static


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


def test_the_catalogues_of_encoders_are_keyed_by_what_they_print() -> None:
    assert len(quick_bert_schemes()) <= 9
    assert quick_bert_schemes().items() <= bert_schemes().items()
    assert next(iter(quick_bert_schemes().values())) == FLOAT
    assert all(str(scheme) == name for name, scheme in bert_schemes().items())
    assert len(set(bert_schemes().values())) == len(bert_schemes())


def test_encoders_are_tried_trained_and_untrained_at_each_width() -> None:
    schemes = set(bert_schemes().values())
    trained = [s for s in schemes if isinstance(s, ModelScheme) and s.qat]
    assert {s.dense.bits for s in trained if s.dense} == {8, 4, 3, 2}
    assert {replace(s, qat=None) for s in trained} <= schemes
    assert {float_baseline(s) for s in trained if s.quantized} <= schemes, "each beside its control"


def test_the_policy_meets_every_range_at_equal_bits() -> None:
    schemes = bert_schemes().values()
    adaptive = {s.bits for s in schemes if isinstance(s, Adaptive)}
    uniform = [s.dense for s in schemes if isinstance(s, ModelScheme) and s.dense]
    assert adaptive == {8, 6, 5, 4, 3, 2}
    assert adaptive <= {s.bits for s in uniform}
    assert {type(s.ranges) for s in uniform if s.bits == 4} == set(Ranges.__args__)
    static = {s.activations for s in schemes if isinstance(s.activations, Static)}
    assert len(static) == 5
