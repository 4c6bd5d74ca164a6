import json
from pathlib import PurePath

import pytest

from emoray.quant.canonical import from_json, to_json
from emoray.quant.catalogue import all_schemes
from emoray.quant.grain import PerChannel, PerGroup
from emoray.quant.ranges import Percentile
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme, Static


@pytest.mark.parametrize("scheme", all_schemes().values(), ids=str)
def test_a_scheme_comes_back_from_text(scheme: ModelScheme) -> None:
    text = json.dumps(to_json(scheme), sort_keys=True)
    assert from_json(json.loads(text)) == scheme


def test_parts_come_back_by_themselves() -> None:
    for part in (
        PerGroup(16, -1),
        PerChannel(0),
        Percentile(99),
        Dynamic(),
        Static(),
        QuantScheme(),
    ):
        assert from_json(json.loads(json.dumps(to_json(part)))) == part


def test_every_field_is_written_out() -> None:
    assert to_json(ModelScheme(dense=QuantScheme(bits=4), keep_float=("head",))) == {
        "type": "ModelScheme",
        "dense": {
            "type": "QuantScheme",
            "bits": 4,
            "symmetric": True,
            "grain": {"type": "PerTensor"},
            "ranges": {"type": "MinMax"},
        },
        "embedding": None,
        "activations": {"type": "WeightOnly"},
        "keep_float": ["head"],
    }


def test_equal_schemes_have_equal_text() -> None:
    assert json.dumps(to_json(Percentile(99))) == json.dumps(to_json(Percentile(99.0)))


def test_what_is_no_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a scheme's type is one of .* got 'Median'"):
        from_json({"type": "Median"})
    with pytest.raises(ValueError, match=r"PerChannel has the fields \['axis'\], got \['size'\]"):
        from_json({"type": "PerChannel", "size": 3})
    with pytest.raises(ValueError, match=r"a scheme is made of .* got PurePosixPath"):
        to_json(PurePath("scheme"))
    with pytest.raises(ValueError, match=r"bits must be a whole number in 2\.\.8, got 12"):
        from_json({"type": "QuantScheme", "bits": 12})
