"""`jobs.augment` from the outside, with the real Apertium where it is installed."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from emoray.augment.apertium import MODES
from emoray.data.corpus import Corpus, read_splits
from emoray.data.goemotions import sample
from emoray.labels import taxonomy
from emoray.storage.store.local import Store
from jobs import augment as augment_job
from tests.jobs.test_jobs import assert_one_clear_line

pytestmark = pytest.mark.usefixtures("no_data")
installed = pytest.mark.skipif(
    not (MODES / "eng-spa.mode").is_file(), reason="needs apt-get install apertium-eng-spa"
)


def augment(*words: object) -> Result:
    return CliRunner().invoke(augment_job.app, [*map(str, words), "--no-download"])


@installed
def test_train_grows_in_goemotions_own_form_and_the_same_command_makes_nothing_again(
    local_ray: None, tmp_path: Path
) -> None:
    words = ("--limit", 40, "--share", 0.3, "--balance", 1, "--out", tmp_path / "out")
    result = augment(*words)
    assert result.exit_code == 0, result.output
    found = pd.read_parquet(tmp_path / "out" / "augment-goemotions" / "augmentations.parquet")
    kept = found[found["verdict"] == "kept"]
    assert len(found) == 40 and len(kept) == 12
    assert "12 of 40 kept (30%)" in result.output
    for verdict, count in found["verdict"].value_counts().items():
        assert f"\n{verdict} {count}\n" in result.output
    corpus = read_whole(
        tmp_path / "out" / "augment-goemotions" / "augmented.tsv", tmp_path / "corpus"
    )
    before = read_splits(sample().folder, name="sample", taxonomy=taxonomy("goemotions"))
    assert corpus.train.texts == (*before.train.texts, *kept["result"])
    labels = corpus.train.labels_NK[len(before.train) :]
    assert (labels == before.train.labels_NK[kept["source_index"]]).all()
    journal = list(Store(tmp_path / "out" / "_store").journal())
    assert augment(*words).exit_code == 0
    assert list(Store(tmp_path / "out" / "_store").journal()) == journal
    assert augment(*words[:4], "--out", tmp_path / "out").exit_code == 0
    more = list(Store(tmp_path / "out" / "_store").journal())[len(journal) :]
    assert {e["key"].split("-")[0] for e in more} == {"augment"}, "another balance, no translation"


def read_whole(train: Path, folder: Path) -> Corpus:
    shutil.copytree(sample().folder, folder)
    shutil.copyfile(train, folder / "train.tsv")
    return read_splits(folder, name="augmented", taxonomy=taxonomy("goemotions"))


MISTAKES = {
    "a translator is apertium:PAIR or marian:MODEL, got 'deepl'": ("--translator", "deepl"),
    "a pair of Apertium must be installed, got eng-xxx": ("--translator", "apertium:eng-xxx"),
    "share must lie in (0, 1], got 2.0": ("--share", 2),
    "limit must be at least 1, got 0": ("--limit", 0),
    "taxonomy is one of": ("--taxonomy", "plutchik"),
    "manifest.json": ("--agree", "nowhere"),
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_is_one_clear_line_before_anything_starts(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_clear_line(augment(*MISTAKES[said]), said)
    assert not list(tmp_path.iterdir())
