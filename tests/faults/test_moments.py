"""The moments at which faults strike, quick: that what they name is there."""

import importlib

import pytest

from tests.faults.ending import MOMENTS


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_moment_of_a_sweeps_end_is_a_function_that_its_end_calls(moment: str) -> None:
    module, function, call = MOMENTS[moment]
    assert callable(getattr(importlib.import_module(module), function)) and call > 0
