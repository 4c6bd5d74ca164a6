import pytest

from tests.metrics.made import Decisions, made


@pytest.fixture
def smooth() -> Decisions:
    return made(300, 6, seed=1)


@pytest.fixture
def tied() -> Decisions:
    return made(300, 6, seed=2, ties=3)
