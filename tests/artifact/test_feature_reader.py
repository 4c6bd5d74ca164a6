"""An artifact of features in use: arrays, frames and lines of numbers, and what is refused."""

import json
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoray.artifact import runtime
from emoray.artifact.latency import TimedArtifact, measure_latency
from emoray.artifact.packaging import base_files, decision_json
from emoray.artifact.runtime import DECISION, MODEL, TOKENIZER, VOCABULARY, Classifier, load
from emoray.export.feature_graph import build_features
from emoray.export.feature_network import FeatureNetwork
from emoray.quant.scheme import ModelScheme
from tests.artifact.shipped import files as files_of_texts

WIDTH, LABELS = 5, ("calm", "loud", "fast")
NAMES = [f"mfcc_{i}" for i in range(WIDTH)]


@cache
def _network() -> FeatureNetwork:
    rng = np.random.default_rng(0)
    tensors = {
        "mean": np.arange(WIDTH, dtype=np.float32),
        "factor": np.array([1, 0.5, 2, 0, 1], np.float32),
        "dense0.kernel": rng.normal(size=(WIDTH, 4)).astype(np.float32),
        "dense0.bias": rng.normal(size=4).astype(np.float32),
        "head.kernel": rng.normal(size=(4, 3)).astype(np.float32),
        "head.bias": rng.normal(size=3).astype(np.float32),
    }
    return FeatureNetwork.from_tensors(tensors, 10.0)


def files(**tokenizer: Any) -> dict[str, bytes]:
    said = {"kind": "features", "width": WIDTH, "names": NAMES, **tokenizer}
    model = build_features(_network(), ModelScheme(), None, {}).file
    base = base_files(model, vocabulary="", tokenizer=said, labels=LABELS)
    return base | {DECISION: decision_json(1.0, [0.0, 0.0, 0.0], "fixed0.5")}


def expected(rows_NF: np.ndarray) -> np.ndarray:
    """The definition, in NumPy."""
    network = _network()
    value = np.clip((rows_NF - network.mean_F) * network.factor_F, -10, 10)
    for layer in network.dense[:-1]:
        value = np.maximum(value @ layer.kernel_IO + layer.bias_O, 0)
    return np.asarray(value @ network.dense[-1].kernel_IO + network.dense[-1].bias_O)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(files())


ROWS = np.random.default_rng(1).normal(scale=3, size=(70, WIDTH)).astype(np.float32)
FORMS = {
    "an array": ROWS,
    "an array of float64": ROWS.astype(np.float64),
    "lists": ROWS.tolist(),
    "rows": list(ROWS),
    "a generator": (row for row in ROWS),
    "a data frame": pd.DataFrame(ROWS, columns=NAMES),
    "a column of lists": pd.Series(list(ROWS)),
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_of_any_form_are_classified_as_defined(form: str, classifier: Classifier) -> None:
    np.testing.assert_allclose(classifier.logits(FORMS[form]), expected(ROWS), atol=1e-4)


def test_whole_numbers_are_numbers(classifier: Classifier) -> None:
    rows = [[1, 2, 3, 4, 5], [True, False, True, False, True]]
    np.testing.assert_allclose(classifier.logits(rows), expected(np.array(rows)), atol=1e-5)


def test_the_verbs_say_what_the_call_says(classifier: Classifier) -> None:
    found = classifier(ROWS)
    assert np.array_equal(classifier.predict_proba(ROWS), found.probabilities_NK)
    assert classifier.predict(ROWS).shape == (70, 3)
    assert [one.labels for one in classifier.stream(ROWS, batch=16)] == found.labels
    assert len(classifier.top_k(ROWS[:2], 2)[0]) == 2
    reading = classifier.read(ROWS[:1])[0]
    assert (len(reading.ids), reading.truncated, reading.unknown_share) == (WIDTH, False, 0.0)


def test_no_rows_have_no_predictions(classifier: Classifier) -> None:
    assert classifier.logits([]).shape == (0, 3)
    assert classifier.logits(np.zeros((0, WIDTH))).shape == (0, 3)


def test_a_value_far_off_counts_as_ten_deviations(classifier: Classifier) -> None:
    far, farther = np.zeros((2, WIDTH))
    far[0], farther[0] = 1e3, 3e38
    found_NK = classifier.logits([far, farther])
    np.testing.assert_array_equal(found_NK[0], found_NK[1])
    assert np.isfinite(found_NK).all()


def test_a_pickled_one_says_the_same(classifier: Classifier) -> None:
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.logits(ROWS), classifier.logits(ROWS))


REFUSED: dict[str, tuple[Any, str]] = {
    "a text": ("thanks", r"rows of 5 numbers, got a str: give a list of rows"),
    "texts": (["thanks"], r"row 0 \(counted from 0\) is 5 numbers, got 'thanks'"),
    "one row": (ROWS[0], r"row 0 .* is 5 numbers"),
    "too few": (ROWS[:, :3], r"row 0 .* is 5 numbers, got 3 numbers: give .*\(mfcc_0, mfcc_1"),
    "one too short": ([*ROWS.tolist(), [1.0]], r"row 70 .* is 5 numbers, got 1 numbers"),
    "numbers as texts": ([["1", "2", "3", "4", "5"]], r"row 0 .* is 5 numbers, got \['1'"),
    "NaN": (
        np.where(np.arange(WIDTH) == 2, np.nan, ROWS),
        r"row 0 .* got nan for feature 'mfcc_2'",
    ),
    "infinity": ([[0, 0, 0, 0, np.inf]], r"finite numbers, got inf for feature 'mfcc_4': fill in"),
    "beyond float32": ([[1e300, 0, 0, 0, 0]], r"finite numbers, got 1e\+300 for feature 'mfcc_0'"),
    "a number": (5, r"rows of 5 numbers, got an int"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_row_is_refused(case: str, classifier: Classifier) -> None:
    given, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        classifier.logits(given)


def test_features_without_names_are_counted() -> None:
    classifier = Classifier(files(names=[], column="vector"))
    with pytest.raises(ValueError, match=r"got nan for feature 1 \(counted from 0\)"):
        classifier.logits([[0, np.nan, 0, 0, 0]])


SPOILED: dict[str, tuple[dict[str, Any], str]] = {
    "no width": ({"width": 0}, "has a width of at least 1, got 0"),
    "too few names": ({"names": ["a"]}, "has a name for each of 5 features"),
    "another width": ({"width": 4, "names": []}, "runs on its features|float32 logits"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_what_does_not_fit_its_model_is_refused(case: str) -> None:
    settings, words = SPOILED[case]
    with pytest.raises(ValueError, match=words):
        Classifier(files(**settings))


def test_a_model_of_texts_is_not_taken_for_one_of_features() -> None:
    with pytest.raises(ValueError, match=r"of float32 features \[N, F\], got .*'ids'"):
        Classifier(files() | {MODEL: files_of_texts()[MODEL]} | {"labels.json": b'["a","b","c"]'})


def test_members_that_read_different_things_are_refused() -> None:
    named = {f"members/{i}/{n}": data for i, some in enumerate((files(), files_of_texts()))
             for n, data in some.items() if n in (MODEL, TOKENIZER, VOCABULARY)}  # fmt: skip
    members = [
        {"weight": 0.5, "model": f"members/{i}/model.onnx",
         "vocabulary": f"members/{i}/vocabulary.txt", "tokenizer": f"members/{i}/tokenizer.json"}
        for i in range(2)
    ]  # fmt: skip
    ensemble = json.dumps({"mean_of": "logits", "members": members}).encode()
    shared = {"labels.json": b'["calm","loud","fast"]', DECISION: files()[DECISION]}
    with pytest.raises(ValueError, match=r"members that read the same|logit for each of 3 labels"):
        Classifier({**named, **shared, "ensemble.json": ensemble})


def test_lines_of_numbers_are_classified_by_the_command(
    classifier: Classifier, tmp_path: Path
) -> None:
    runtime.write(tmp_path / "artifact", files())
    lines = ["1,2,3,4,5", "[0.5, 0, 0, 0, 1e3]", "1,2,3", "calm", ""]
    ran = subprocess.run(
        [sys.executable, runtime.__file__, str(tmp_path / "artifact")],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
    )
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    rows = [[1, 2, 3, 4, 5], [0.5, 0, 0, 0, 1e3]]
    assert [one["labels"] for one in found[:2]] == classifier(rows).labels
    assert ran.returncode == 1 and "line 3: a row is 5 numbers, got 3 numbers" in found[2]["error"]
    assert "line 4: a row is 5 numbers, got 'calm'" in found[3]["error"]
    assert "error" in found[4]


def test_its_time_is_measured_as_that_of_texts_is(tmp_path: Path) -> None:
    runtime.write(tmp_path / "artifact", files())
    timed = TimedArtifact(load(tmp_path / "artifact"))
    samples = measure_latency(
        {"mine": timed}, list(ROWS[:4]), baseline="mine", others=list(ROWS[4:]), repeats=1
    )
    assert [sample.tokens for sample in samples] == [WIDTH] * 4
    assert all(sample.milliseconds > 0 for sample in samples)
