"""Artifacts to release: one that is bad, one that is good, and one that decides as the good one."""

import csv
from itertools import compress
from pathlib import Path

import pytest

from emoray.artifact.runtime import MANIFEST, sha256
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import EKMAN, SENTIMENT
from tests.artifact.finished import make_artifact


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bad`, `good`, `equal` (decides as good does, its probabilities differ) and `ekman`."""
    folder = tmp_path_factory.mktemp("shelf")
    make_artifact(folder / "bad", sharpness=-1.0)
    make_artifact(folder / "good")
    make_artifact(folder / "equal", sharpness=1.25)
    make_artifact(folder / "ekman", EKMAN)
    return folder


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled texts of a user's own: 150 of the sample's, in a file of two columns."""
    split = read_splits(sample().folder, name="sample", taxonomy=SENTIMENT).dev
    path = tmp_path_factory.mktemp("texts") / "labelled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "labels"])
        for text, row in zip(split.texts[:150], split.labels_NK[:150], strict=True):
            given = compress(SENTIMENT.labels, row)
            rows.writerow([text, "|".join(given)])
    return path


def sha_of(artifact: Path) -> str:
    return sha256((artifact / MANIFEST).read_bytes())
