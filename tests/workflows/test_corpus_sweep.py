"""A sweep on a corpus of one's own, from a CSV to artifacts that say its labels."""

import json

import pytest
from sklearn.metrics import f1_score

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact
from emoray.data.corpus import read_splits, taxonomies_of
from emoray.data.finding import find_corpus
from tests.data.importing.made import LABELS
from tests.runs import Run


def test_rows_name_the_corpus_and_its_labels(mixed: Run) -> None:
    points, labels = mixed.searched, mixed.tables["labels"]
    assert mixed.folder.name == "mixed-parcels"
    assert set(points["corpus"]) == {"parcels"} and set(points["taxonomy"]) == {"own"}
    assert set(labels["label"]) == set(LABELS)
    assert (mixed.tables["runs"]["corpus"] == "parcels").all()


def test_artifacts_say_the_labels_of_the_corpus(mixed: Run) -> None:
    points = mixed.searched
    shipped = points[points["artifact"].str.startswith("artifacts/")]
    source = find_corpus(mixed.sweep.corpus, None)
    test = read_splits(source.folder, name="x", taxonomy=taxonomies_of(source.folder)[0]).test
    assert len(shipped)
    for row in shipped.to_dict("records"):
        folder = mixed.folder / row["artifact"]
        assert tuple(json.loads((folder / "labels.json").read_text())) == LABELS
        logits_NK = runtime.load(folder).logits(test.texts)
        decided_NK = logits_NK >= open_artifact(folder).cuts_K
        expected = f1_score(test.labels_NK, decided_NK, average="macro", zero_division=0)
        assert row["test_macro_f1"] == pytest.approx(expected)
