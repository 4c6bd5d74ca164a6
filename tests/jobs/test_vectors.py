"""`jobs.vectors` from the outside, and a sweep that starts from what it wrote."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from emoray.data.goemotions import sample
from emoray.stages.inputs import summarize_corpus
from emoray.stages.plan import training
from emoray.stages.spec import Data
from emoray.stages.vectors import TrainVectors
from emoray.stages.word_training import TrainWords
from emoray.storage.store.local import Store
from emoray.text.vectors.files import vector_file
from emoray.text.vectors.settings import OwnVectors
from jobs import vectors as vectors_job
from tests.jobs.test_jobs import assert_one_clear_line, sweep
from tests.stages.augmented import corpus_in
from tests.stages.chain import RECIPE

pytestmark = pytest.mark.usefixtures("no_data")


def vectors(*words: object) -> Result:
    return CliRunner().invoke(vectors_job.app, [*map(str, words), "--no-download"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors of the embedded sample, 12 dimensions."""
    deep = tmp_path_factory.mktemp("own") / "deep"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EMORAY_DATA", raising=False)  # before `no_data`
        done = vectors("--dim", 12, "--out", deep, "--near", "the")
    out = deep / "vectors-goemotions" / "own-ppmi.12d.txt"
    assert done.exit_code == 0, done.output
    for part in ("EMBEDDED SAMPLE", "own-ppmi, 12 dimensions", "Nearest words", "nearer than"):
        assert part in done.output
    assert f"python -m jobs.sweep --vectors-file {out}" in done.output
    return out


def test_a_sweep_trains_the_very_same_vectors(own: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    recipe = replace(RECIPE, embedding_dim=12, vectors=OwnVectors())
    train = training(recipe, Data(corpus=corpus_in(sample().folder)))
    assert isinstance(train, TrainWords) and isinstance(train.text.vectors, TrainVectors)
    folder = store.make(train.text.vectors).folder
    assert (folder / "vectors.npy").read_bytes() == own.with_suffix(".npy").read_bytes()


def test_a_text_file_is_trained_on_too(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt.gz"
    lines = "good dogs walk\nbad dogs walked\n" * 20
    path.write_bytes(gzip.compress(lines.encode()))
    for method in ("ppmi", "glove"):
        done = vectors(path, "--dim", 2, "--method", method, "--out", tmp_path)
        out = tmp_path / "vectors-texts" / f"own-{method}.2d.txt"
        assert done.exit_code == 0, done.output
        source = vector_file(out.with_suffix(".npy"))
        found, matrix_FD = source.load(["dogs", "walk", "walked", "bad", "cat"])
        assert found == ["dogs", "bad", "walk", "walked"] and np.isfinite(matrix_FD).all()


def test_a_search_finds_vectors_by_file_and_cuts_them_to_its_width(
    own: Path, tmp_path: Path
) -> None:
    for path in (own, own.with_suffix(".npy")):
        found = summarize_corpus("sentiment", None, download=False, vector_files=(path,)).data
        assert found.vectors_for(8).name(8) == "own-ppmi.12d-pca8"
        train = training(replace(RECIPE, embedding_dim=12), found)
        assert isinstance(train, TrainWords)
        folder = Store(tmp_path).make(train.text).folder
        words = (folder / "vocabulary.txt").read_text("utf-8").split()
        assert words and train.text.vectors_name(12) == "own-ppmi.12d"
    assert not summarize_corpus("sentiment", None, download=False, vector_files=()).data.vectors


MISTAKES: dict[str, tuple[tuple[object, ...], tuple[str, ...]]] = {
    "no_file": (("nowhere.txt",), ("got no file nowhere.txt",)),
    "method": (("--method", "word2vec"), ("one of ppmi, glove, got 'word2vec'",)),
    "dim": (("--dim", 9999), ("at most one for each word, got 9999 for",)),
    "rare": (("--min-count", 10**6), ("words that stand 1000000 times", "smaller min_count")),
    "out": (("--out", "own.npy"), ("--out is the folder of all runs, got own.npy",)),
    "near": (("--near", "xylophone"), ("got 'xylophone'", "smaller --min-count")),
    "both": (("a.txt", "--corpus", "b.csv"), ("a text file or on a corpus, got a.txt and b.csv",)),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_clear_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words, parts = MISTAKES[case]
    assert_one_clear_line(vectors(*words), *parts)
    assert not list(tmp_path.rglob("*.txt")), "nothing was written"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--vectors", "word2vec"), ("vectors are given, own-ppmi, own-glove, got 'word2vec'",)),
        (("--vectors-file", "nowhere.txt"), ("got no file nowhere.txt: check the name",)),
        (
            ("--vectors", "own-ppmi", "--vectors-file", "a.txt"),
            ("--vectors-file is for recipes that start from given vectors, got a.txt",),
        ),
        (("--vectors-file", "a.txt", "--download-vectors"), ("exclude each other, got both",)),
        (("--space", "bert", "--vectors", "own-ppmi"), ("spaces of words", "space bert")),
    ],
)
def test_a_sweep_refuses_vectors_that_it_cannot_use(
    words: tuple[str, ...], parts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_clear_line(sweep(*words), *parts)
