from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact, taxonomy_columns, taxonomy_of_labels
from emoray.labels import EKMAN, GOEMOTIONS, SENTIMENT, Taxonomy, own
from tests.artifact.finished import make_artifact

KIN = (GOEMOTIONS, EKMAN, SENTIMENT)


@pytest.mark.parametrize("taxonomy", KIN, ids=str)
def test_a_taxonomy_is_known_by_its_labels_in_any_order(taxonomy: Taxonomy) -> None:
    assert taxonomy_of_labels(taxonomy.labels[::-1], KIN) is taxonomy


def test_labels_of_no_taxonomy_are_refused_by_name() -> None:
    labels = (*EKMAN.labels[:-1], "boredom")
    told = r"labels are those of a taxonomy .*ekman, unknown to it: boredom; missing: neutral: name"
    with pytest.raises(ValueError, match=told):
        taxonomy_of_labels(labels, KIN)


def test_an_artifact_is_opened_with_its_decision_and_hashes(overconfident: Path) -> None:
    found = open_artifact(overconfident)
    assert found.labels == SENTIMENT.labels
    assert (found.temperature, found.rule) == (1.0, "fixed0.5") and not found.cuts_K.any()
    assert found.size_bytes == sum(p.stat().st_size for p in overconfident.iterdir())
    assert found.sha256 == runtime.sha256((overconfident / runtime.MANIFEST).read_bytes())


def test_labels_in_another_order_are_found_again(tmp_path: Path) -> None:
    labels = SENTIMENT.labels[::-1]
    found = open_artifact(make_artifact(tmp_path / "a", labels=labels))
    columns_K = taxonomy_columns(found.labels, SENTIMENT)
    assert np.array(SENTIMENT.labels)[columns_K].tolist() == list(labels)


def test_labels_of_an_own_corpus_are_known_by_it_alone() -> None:
    mine = own(("late", "rude"))
    assert taxonomy_of_labels(("rude", "late"), (mine,)) is mine
    with pytest.raises(ValueError, match=r"or give the corpus that has them with --corpus"):
        taxonomy_of_labels(("rude", "late"), KIN)


def test_cuts_of_another_number_are_refused(overconfident: Path, tmp_path: Path) -> None:
    files = runtime.read(overconfident)
    files[runtime.DECISION] = b'{"temperature":1.0,"cuts":[0.0]}'
    runtime.write(tmp_path / "a", files)
    with pytest.raises(ValueError, match=r"one cut for each label, 4 here, got shape \(1,\)"):
        open_artifact(tmp_path / "a")
