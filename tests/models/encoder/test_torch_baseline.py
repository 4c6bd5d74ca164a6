"""PyTorch's own quantization of every kind of encoder."""

from typing import get_args

import numpy as np
import pytest

from emoray.models.encoder.torch_baseline import baseline
from emoray.models.encoder.weights import read_classifier
from tests.models.encoder.conftest import Made
from tests.models.encoder.encoders_made import PIECES, Kind

KINDS: tuple[Kind, ...] = get_args(Kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_that_pytorch_quantized_runs_and_says_nearly_the_same(
    kind: Kind, made: Made
) -> None:
    tensors, settings, _ = read_classifier(made(kind, True))
    ids_NL = np.random.default_rng(0).integers(1, PIECES, (40, 20))
    whole_NK, rounded_NK = (
        baseline(tensors, settings, by_torch=by_torch)(ids_NL) for by_torch in (False, True)
    )
    off = np.abs(rounded_NK - whole_NK).mean() / whole_NK.std()
    assert 0 < off < 0.25, off
