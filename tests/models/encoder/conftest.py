from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.models.encoder.encoders_made import Kind, make_encoder

LABELS = ("joy", "anger", "fear")
Made = Callable[[Kind, bool], Path]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The folder of a tiny random model of a kind, bare or a classifier; made once."""

    @cache
    def folder(kind: Kind, classifier: bool) -> Path:
        path = tmp_path_factory.mktemp("encoders") / f"{kind}{'-classifier' * classifier}"
        return make_encoder(path, kind, labels=LABELS if classifier else None)

    return folder
