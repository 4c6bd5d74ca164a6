"""A corpus of one's own in every station: found, looked at, read by the real stages."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from emoray.artifact.loading import open_artifact
from emoray.data.corpus import SPLITS, read_splits
from emoray.data.finding import find_corpus, taxonomy_for
from emoray.data.goemotions import locate, sample
from emoray.data.importing.settings import CorpusSource, about_run
from emoray.data.options import RunOptions
from emoray.labels import own, taxonomy
from emoray.stages.artifact_scoring import evaluate_on
from emoray.stages.inputs import summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import CorpusRef, OwnCorpusRef, all_decisions
from emoray.storage.s3 import S3Folder
from emoray.storage.store.inputs import stage_files
from emoray.storage.store.keys import key_of
from emoray.workflows.corpus import print_summary, run_corpus
from emoray.workflows.subsample import fewer
from tests.artifact.finished import make_artifact
from tests.data.importing.made import LABELS, as_parquet, as_separated, rows, texts_and
from tests.stages.chain import RECIPE, Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """A stage that reads a corpus and nothing else."""

    name: ClassVar[str] = "reads"
    version: ClassVar[int] = 1

    corpus: CorpusRef

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        raise NotImplementedError


JOINED = ["|".join(labels) for _, labels in rows()]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return as_separated(tmp_path / "mine.csv", texts_and(JOINED))


@pytest.fixture(scope="module")
def as_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded sample as Parquet, with names in place of ids."""
    folder = tmp_path_factory.mktemp("tables")
    native = read_splits(sample().folder, name="sample", taxonomy=taxonomy("goemotions"))
    names = np.array(native.taxonomy.labels)
    for split in SPLITS:
        texts = native.split(split)
        labels = [names[row == 1].tolist() for row in texts.labels_NK]
        as_parquet(folder / f"{split}.parquet", {"text": texts.texts, "emotions": labels})
    return folder


def test_goemotions_as_parquet_gives_the_points_of_the_native_files(
    as_tables: Path, chain: Chain
) -> None:
    data = summarize_corpus(
        "sentiment", None, corpus=CorpusSource.from_options(str(as_tables)), download=False
    ).data
    train = training(RECIPE, data)
    decide = deciding(train, chain.decided[1].compressed.scheme, all_decisions())
    found, native = (
        pd.read_parquet(folder / "points.parquet")
        for folder in (chain.store.make(decide).folder, chain.folders[1])
    )
    named = ["point", "corpus", "training_id", "model"]  # by the corpus' own hash
    pd.testing.assert_frame_equal(found.drop(columns=named), native.drop(columns=named))
    assert len(found) > 100 and set(found["corpus"]) == {as_tables.name}
    assert not set(found["point"]) & set(native["point"])


def test_a_corpus_brings_its_taxonomy(mine: Path) -> None:
    found = summarize_corpus(
        None, None, corpus=CorpusSource.from_options(str(mine)), download=False
    )
    assert found.taxonomy == own(LABELS) and (found.train, found.dev, found.test) == (48, 6, 6)
    ref = found.data.corpus
    assert isinstance(ref, OwnCorpusRef) and ref.labels == LABELS and ref.name == "mine"
    assert ref.read("own").taxonomy == own(LABELS)
    with pytest.raises(ValueError, match="taxonomy is one of own, got 'ekman'"):
        summarize_corpus("ekman", None, corpus=CorpusSource.from_options(str(mine)), download=False)


def test_the_usual_taxonomy_is_ekman_and_of_a_corpus_all_its_labels(as_tables: Path) -> None:
    assert str(taxonomy_for(None, locate(None, download=False))) == "ekman"
    source = find_corpus(CorpusSource.from_options(str(as_tables)), None)
    assert str(taxonomy_for(None, source)) == "goemotions"
    assert str(taxonomy_for("ekman", source)) == "ekman"


def test_labels_of_an_own_corpus_are_part_of_every_key(tmp_path: Path) -> None:
    plain = CorpusRef(name="a", sha256="0" * 64, folder=tmp_path)
    first, second = (
        OwnCorpusRef(name="a", sha256="0" * 64, folder=tmp_path, labels=labels)
        for labels in (("x", "y"), ("y", "x"))
    )
    keys = {key_of(Reads(corpus=ref)) for ref in (plain, first, second)}
    assert len(keys) == 3


def test_names_of_labels_travel_with_the_corpus(mine: Path) -> None:
    ref = summarize_corpus(
        None, None, corpus=CorpusSource.from_options(str(mine)), download=False
    ).data.corpus
    (carried,) = stage_files([ref])
    names = {name.split("/")[-1] for name in carried.files()}
    assert names == {"train.tsv", "dev.tsv", "test.tsv", "labels.txt"}


def test_a_part_of_an_own_corpus_keeps_its_labels(mine: Path, tmp_path: Path) -> None:
    found = summarize_corpus(
        None, None, corpus=CorpusSource.from_options(str(mine)), download=False
    )
    part = fewer(found, "own", 30, tmp_path / "out")
    assert part.train == 30 and part.data.corpus.read("own").taxonomy.labels == LABELS


def test_an_artifact_is_judged_by_the_corpus_that_has_its_labels(
    mine: Path, tmp_path: Path
) -> None:
    made = open_artifact(make_artifact(tmp_path / "a", labels=LABELS[::-1]))
    wanted = RunOptions(
        corpus=CorpusSource.from_options(str(mine)), out=tmp_path / "out", store=tmp_path / "store"
    )
    evaluation = evaluate_on(made, wanted)
    said = evaluation.split_logits("test")
    assert evaluation.taxonomy == own(LABELS)
    np.testing.assert_array_equal(said.labels_NK, evaluation.corpus.test.labels_NK[:, ::-1])
    with pytest.raises(ValueError, match="give the corpus that has them with --corpus"):
        evaluate_on(made, RunOptions(out=tmp_path / "out", download=False))


def test_the_first_look_tells_how_a_corpus_was_understood(mine: Path, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=120)
    source = run_corpus(CorpusSource.from_options(str(mine)), tmp_path / "kept", console)
    told = console.file.getvalue()
    for words in (
        "texts: column 'text' (by its name)",
        "labels are names; separated by '|' (seen in the cells)",
        "splits made: 80% / 10% / 10%",
        "3 labels (any number a text), taxonomy own",
        "without a label",
        "texts that stand twice: none",
        f"kept: --corpus {tmp_path / 'kept'}",
    ):
        assert words in told
    again = find_corpus(CorpusSource.from_options(str(tmp_path / "kept")), None)
    assert again.folder == tmp_path / "kept"
    assert [(again.folder / f"{s}.tsv").read_bytes() for s in (*SPLITS,)] == [
        (source.folder / f"{s}.tsv").read_bytes() for s in SPLITS
    ]
    print_summary(again, console)
    assert "in emoray's own form: taken as they are" in console.file.getvalue()


def test_a_corpus_in_a_bucket_is_brought_as_one_here(mine: Path, s3: S3Folder) -> None:
    s3.upload("mine.csv", mine)
    asked = CorpusSource.from_options(f"{s3}/mine.csv")
    here = CorpusSource.from_options(str(mine))
    assert find_corpus(asked, None).folder == find_corpus(here, None).folder


def test_a_run_is_called_after_its_corpus(mine: Path) -> None:
    asked = CorpusSource.from_options(str(mine))
    assert [about_run(t, c) for t in (None, "ekman") for c in (None, asked)] == [
        "ekman",
        "mine",
        "ekman",
        "mine-ekman",
    ]


def test_columns_without_a_corpus_are_refused() -> None:
    assert CorpusSource.from_options(None) is None
    with pytest.raises(ValueError, match="say how --corpus is read, got them without"):
        CorpusSource.from_options(None, text_column="body")


def test_a_job_without_options_for_columns_says_which_has_them(tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", {"remark": [t for t, _ in rows()], "kind": JOINED})
    with pytest.raises(ValueError, match=r"--text-column .*python -m jobs\.corpus has these opt"):
        find_corpus(CorpusSource.from_options(str(path)), None)
    asked = CorpusSource.from_options(
        str(path), text_column="remark", label_columns=("kind",), label_names=()
    )
    run_corpus(asked, tmp_path / "kept", Console(file=io.StringIO()))
    assert (
        find_corpus(CorpusSource.from_options(str(tmp_path / "kept")), None).folder
        == tmp_path / "kept"
    )
    with pytest.raises(ValueError, match="--text-column") as refused:
        find_corpus(CorpusSource.from_options(str(path), label_names=()), None)
    assert "jobs.corpus" not in str(refused.value)


def test_all_of_many_labels_are_named(tmp_path: Path) -> None:
    names = [f"queue {i:02}" for i in range(30)]
    texts = [f"text {i}" for i in range(300)]
    path = as_separated(
        tmp_path / "a.csv", {"text": texts, "label": [names[i % 30] for i in range(300)]}
    )
    console = Console(file=io.StringIO(), width=80)
    print_summary(find_corpus(CorpusSource.from_options(str(path)), None), console)
    assert f"all 30 labels: {', '.join(names)}" in console.file.getvalue()
