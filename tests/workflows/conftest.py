from pathlib import Path

import pytest

from tests.workflows.checkpoints import tiny


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformers classifier of `sentiment`, its labels in another order than the corpus'."""
    return tiny(tmp_path_factory.mktemp("models") / "bert")
