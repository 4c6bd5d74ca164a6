from pathlib import Path

from emoray.data.goemotions import sample
from emoray.data.summary import count_corpus


def test_a_corpus_is_counted_by_hand(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("late\nrude\nbroken\n")
    (tmp_path / "train.tsv").write_text(
        "one two\t0,1\ta\none two\t0,1\tb\nthree\t2\tc\nno label at all here\t\td\n"
    )
    (tmp_path / "dev.tsv").write_text("three\t0,2\ta\nfour\t1\tb\n")
    (tmp_path / "test.tsv").write_text("one two\t0,1,2\ta\nfour\t1\tb\n")
    look = count_corpus(tmp_path)
    assert look.labels == ("late", "rude", "broken") and look.taxonomies == ("own",)
    assert look.sizes == (4, 2, 2) and look.unlabelled == (1, 0, 0) and not look.single
    assert look.count_SK.tolist() == [[2, 2, 1], [1, 1, 1], [1, 2, 1]]
    first = look.pairs[0]
    assert (first.first, first.second, first.texts, first.share) == ("late", "rude", 3, 0.5)
    assert look.repeated == {
        "of train stand there more than once": 1,
        "of dev also in train": 1,
        "of test also in train": 1,
        "of test also in dev": 1,
    }
    assert look.words == (1, 3, 5)


def test_the_sample_has_three_taxonomies() -> None:
    look = count_corpus(sample().folder)
    assert look.taxonomies == ("goemotions", "ekman", "sentiment") and len(look.labels) == 28
