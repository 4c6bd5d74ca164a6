"""Texts that are refused are found among others; the others have their scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact
from emoray.artifact.runtime import Classifier
from emoray.prediction.columns import OutputColumns, ShippedDecision, add_columns
from emoray.prediction.indexing import IndexTexts
from emoray.prediction.scoring import (
    PART_ROWS,
    TOGETHER,
    Network,
    ScoreTexts,
    halves,
    part_rows_of,
    score_batch,
    strings_of,
)
from emoray.prediction.text_files import LocalFile, TextFile
from emoray.storage.store.keys import key_of
from tests.prediction.made import decided_anew, some_texts


@pytest.fixture
def classifier(overconfident: Path) -> Classifier:
    return runtime.load(overconfident)


def test_a_refused_text_has_its_reason_and_the_others_have_scores(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str | None] = [*some_texts(30), None, "a bad one", "last"]
    whole = classifier.scores

    def scores(some: list[str]) -> object:
        if "a bad one" in some:
            raise RuntimeError("no such\nnode")
        return whole(some)

    monkeypatch.setattr(classifier, "scores", scores)
    found = score_batch(classifier, texts)
    errors = found.column("error").to_pylist()
    assert errors[30].startswith("a text is a string, got null")
    assert errors[31:] == ["no such node", None] and errors[:30] == [None] * 30
    expected_NK, _ = whole([t for t in texts[:30] if t])
    found_NK = np.array(found.column("logits").to_pylist()[:30], np.float32)
    np.testing.assert_allclose(found_NK, expected_NK, atol=1e-5)


def test_logits_that_are_no_numbers_are_a_reason(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits_NK, readings = classifier.scores(["a", "b"])
    logits_NK[1, 0] = np.nan
    monkeypatch.setattr(classifier, "scores", lambda texts: (logits_NK, readings))
    found = score_batch(classifier, ["a", "b"]).column("error").to_pylist()
    assert found == [None, "logits are finite numbers, got others"]


def test_a_full_disk_is_not_the_text_s_fault(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scores(texts: list[str]) -> object:
        raise OSError("no room")

    monkeypatch.setattr(classifier, "scores", scores)
    with pytest.raises(OSError, match="no room"):
        score_batch(classifier, ["a", "b"])


def test_bytes_that_are_no_text_are_read_as_far_as_they_are(classifier: Classifier) -> None:
    column = pa.array([b"good", b"bad \xff", None], pa.large_binary()).view(pa.large_string())
    assert strings_of(column) == ["good", "bad \N{REPLACEMENT CHARACTER}", None]


def part(network: Network, where: str) -> ScoreTexts:
    file = TextFile.of(LocalFile(sha256=where, path=Path(f"/{where}.csv")))
    index = IndexTexts(file=file, column="text", part_rows=10)
    return ScoreTexts(texts_sha256="a", start=0, stop=5, network=network, index=index, first=20)


def test_a_part_is_keyed_by_texts_and_network_alone(overconfident: Path, tmp_path: Path) -> None:
    artifact = open_artifact(overconfident)
    network = Network.of(artifact)
    anew = open_artifact(decided_anew(overconfident, tmp_path / "anew", cut=1.0))
    assert anew.sha256 != artifact.sha256
    key = key_of(part(network, "here"))
    assert key_of(replace(part(Network.of(anew), "there"), first=0)) == key
    assert key_of(replace(part(network, "here"), texts_sha256="b")) != key
    assert key_of(part(replace(network, sha256="other"), "here")) != key
    assert part_rows_of(artifact) == PART_ROWS["words"]


def test_a_part_is_halved_down_to_a_text(overconfident: Path) -> None:
    whole = part(Network.of(open_artifact(overconfident)), "here")
    left, right = halves(whole)
    assert isinstance(left, ScoreTexts) and isinstance(right, ScoreTexts)
    assert (left.start, left.stop, right.start, right.stop) == (0, 2, 2, 5)
    left, right = halves(replace(whole, stop=3 * TOGETHER))
    assert isinstance(left, ScoreTexts) and isinstance(right, ScoreTexts)
    assert (left.stop, right.start) == (TOGETHER, TOGETHER), "what is scored at once stays together"
    assert halves(replace(whole, stop=1)) == () and halves(whole.index) == ()


def test_an_artifact_that_changes_meanwhile_is_refused(overconfident: Path) -> None:
    network = replace(Network.of(open_artifact(overconfident)), sha256="f" * 64)
    with pytest.raises(ValueError, match=r"must stay as it is while it is used.*in place of ffff"):
        network.load()


def test_a_user_s_column_with_an_added_name_is_refused_until_a_prefix_tells_them_apart() -> None:
    names = ["id", "tokens"]
    with pytest.raises(ValueError, match=r"'tokens' of a\.csv is one that is added.*--prefix"):
        OutputColumns().own(names, ["joy"], "a.csv")
    assert OutputColumns(prefix="e_").own(names, ["joy"], "a.csv") == names
    assert OutputColumns(kept=("id",)).own(names, ["joy"], "a.csv") == ["id"]
    with pytest.raises(ValueError, match=r"'number' is none of a\.csv, which has id, tokens"):
        OutputColumns(kept=("number",)).own(names, ["joy"], "a.csv")


def test_columns_are_decided_by_cuts_and_null_without_scores(classifier: Classifier) -> None:
    labels = classifier.labels
    decision = ShippedDecision(
        artifact="f" * 64, labels=labels, temperature=2.0, cuts=(0.0,) * len(labels)
    )
    columns = OutputColumns(logits=True, prefix="e_")
    scores = pa.Table.from_batches([score_batch(classifier, ["good", None, "bad"])])
    added = add_columns(scores, decision, columns)
    found = pa.Table.from_arrays(added.columns, schema=pa.schema(columns.added(labels))).to_pylist()
    logits_NK, _ = classifier.scores(["good", "bad"])
    for row, logits_K in zip((found[0], found[2]), logits_NK, strict=True):
        assert row["e_labels"] == [n for n, z in zip(labels, logits_K, strict=True) if z >= 0]
        for name, logit in zip(labels, logits_K, strict=True):
            assert row[f"e_logit_{name}"] == pytest.approx(logit, abs=1e-5)
            assert row[f"e_probability_{name}"] == pytest.approx(
                1 / (1 + np.exp(-logit / 2)), abs=1e-6
            )
    kept = {"e_artifact": "f" * 64}
    assert {name: value for name, value in found[1].items() if value is not None} == kept
