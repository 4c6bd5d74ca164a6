"""An artifact in use: scikit-learn's verbs, copies, streams, what is refused, the command line."""

import copy
import io
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoray.artifact import runtime
from emoray.artifact.runtime import Classifier, Reader, Reading, load
from emoray.text.words import rules_json, tokenize
from tests.artifact.shipped import MAX_TOKENS, files

TEXTS = ["wab wac", "", "nothing known", "wad " * 20, "wae, waf!"]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(files())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("shipped") / "artifact"
    runtime.write(target, files())
    return target


def test_the_verbs_say_what_the_call_says(classifier: Classifier) -> None:
    found = classifier(TEXTS)
    decided_NK = classifier.predict(TEXTS)
    assert decided_NK.dtype == np.int64 and set(np.unique(decided_NK)) == {0, 1}
    for labels, row_K in zip(found.labels, decided_NK, strict=True):
        assert labels == [classifier.labels[k] for k in np.flatnonzero(row_K)]
    assert np.array_equal(classifier.predict_proba(TEXTS), found.probabilities_NK)
    assert classifier.classes_.tolist() == list(classifier.labels)
    named = classifier.probabilities(TEXTS)
    assert [list(one.values()) for one in named] == found.probabilities_NK.tolist()
    assert all(tuple(one) == classifier.labels for one in named)


def test_the_best_labels_come_first(classifier: Classifier) -> None:
    for named, best in zip(
        classifier.probabilities(TEXTS), classifier.top_k(TEXTS, 3), strict=True
    ):
        assert best == sorted(named.items(), key=lambda item: -item[1])[:3]
    assert len(classifier.top_k(TEXTS, 7)[0]) == 7


@pytest.mark.parametrize("k", [0, 8, -1, 1.5, None, True])
def test_more_labels_than_there_are_cannot_be_best(classifier: Classifier, k: Any) -> None:
    with pytest.raises(ValueError, match=r"k lies in 1\.\.7, the labels, got"):
        classifier.top_k(TEXTS, k)


def test_no_texts_have_no_answers(classifier: Classifier) -> None:
    assert classifier.predict([]).shape == classifier.predict_proba([]).shape == (0, 7)
    assert classifier.top_k([], 2) == classifier.probabilities([]) == classifier.read([]) == []
    assert list(classifier.stream([])) == []


@pytest.mark.parametrize(
    "texts", [tuple(TEXTS), iter(TEXTS), np.array(TEXTS), pd.Series(TEXTS, index=range(5, 10))]
)
def test_any_column_of_strings_will_do(classifier: Classifier, texts: Any) -> None:
    assert np.array_equal(classifier.predict_proba(texts), classifier.predict_proba(TEXTS))


@pytest.mark.parametrize(
    "value", [None, math.nan, 3, 2.5, b"bytes", ["wab"], pd.NA, np.float64(1)], ids=repr
)
def test_what_is_no_text_is_refused_with_its_place(classifier: Classifier, value: Any) -> None:
    texts = ["wab"] * 17 + [value] + ["wac"] * 9_982
    for verb in (classifier, classifier.predict, classifier.logits, classifier.read):
        with pytest.raises(ValueError, match=r"text 17 of 10,000 \(counted from 0\) is a string"):
            verb(texts)
    with pytest.raises(ValueError, match=r"text 17 \(counted from 0\) is a string, got .*leave it"):
        list(classifier.stream(texts, batch=4))


@pytest.mark.parametrize(
    "texts",
    [
        "hello",
        b"hello",
        {"wab": 1},
        {"wab"},
        None,
        5,
        pd.DataFrame({"text": ["wab"]}),
        np.zeros((2, 2)),
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_what_is_no_list_of_texts_is_refused(classifier: Classifier, texts: Any) -> None:
    for verb in (
        classifier,
        classifier.predict,
        classifier.predict_proba,
        classifier.probabilities,
    ):
        with pytest.raises(ValueError, match=r"texts are a list of strings, got (one|an?) \w+: "):
            verb(texts)


@pytest.mark.parametrize(
    "again",
    [
        lambda c, at: pickle.loads(pickle.dumps(c)),
        lambda c, at: copy.copy(c),
        lambda c, at: copy.deepcopy(c),
        lambda c, at: joblib.load((joblib.dump(c, at / "c"), at / "c")[1]),
    ],
    ids=["pickle", "copy", "deepcopy", "joblib"],
)
def test_a_copy_says_the_same(classifier: Classifier, again: Any, tmp_path: Path) -> None:
    other = again(classifier, tmp_path)
    assert other is not classifier and other.labels == classifier.labels
    assert np.array_equal(other.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


def test_how_a_text_is_read_comes_on_request(classifier: Classifier) -> None:
    known, empty, unknown, long, _ = classifier.read(TEXTS)
    assert known == Reading(classifier.ids("wab wac"), False, 0.0)
    assert (empty.truncated, empty.unknown_share) == (False, 1.0)
    assert unknown.unknown_share == 1.0
    assert long.truncated and len(long.ids) == MAX_TOKENS


def test_a_stream_is_answered_text_by_text_and_never_held(classifier: Classifier) -> None:
    asked = 0

    def endless() -> Iterator[str]:
        nonlocal asked
        while True:
            asked += 1
            yield TEXTS[asked % 5]

    stream = classifier.stream(endless(), batch=8)
    answers = [next(stream) for _ in range(20)]
    assert asked == 24
    texts = [TEXTS[i % 5] for i in range(1, 21)]
    assert [a.labels for a in answers] == classifier(texts).labels
    assert [a.truncated for a in answers] == [r.truncated for r in classifier.read(texts)]
    for answer, named in zip(answers, classifier.probabilities(texts), strict=True):
        assert answer.probabilities == pytest.approx(named, abs=1e-6)


def test_a_stream_of_one_string_or_no_batch_is_refused_at_once(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match="got one string: put it into a list"):
        classifier.stream("hello")
    with pytest.raises(ValueError, match="a batch has at least 1 text, got 0"):
        classifier.stream(["wab"], batch=0)


def test_extreme_logits_are_probabilities_without_a_warning(classifier: Classifier) -> None:
    logits_NK = np.array([[-1e6, -200, -1, 0, 1, 200, 1e6]], np.float32)
    found_NK = classifier.probabilities_of(logits_NK.copy())
    with np.errstate(over="ignore"):
        expected_NK = 1 / (1 + np.exp(-logits_NK.astype(np.float64) / classifier.temperature))
    assert found_NK.dtype == np.float32 and np.allclose(found_NK, expected_NK, atol=1e-7)


STRANGE = (
    *("[name]", "n't", "&nbsp;", "](/", "http://", " u ", "idk", "¯\\_(ツ)_/¯", "( ͡° ͜ʖ ͡°)"),
    *("\u00a8", "\u30c4", "\u0e01\u0e33", "\u4f60\u597d", "\u0928\u092e\u0938\u094d"),
    *("\ue000", "\u00a0", "\u0301", "\u0304", "\u0361", "\u200d", "\U0001f3fb", "\u2764"),
)
SIGNS = st.sampled_from([*"abudthxo01'[]()<>:;=-_^|/\\!?.,*~#@&3 \t\n", *STRANGE])


@settings(max_examples=200, deadline=None)
@given(st.lists(SIGNS, max_size=16).map("".join))
def test_words_remembered_stretch_by_stretch_are_those_of_the_whole_text(text: str) -> None:
    assert SERVED.tokenize(text) == tokenize(text)


SERVED = Reader(b"a\n", json.dumps(rules_json()).encode())


# --- the command line


class Stdin:
    """Standard input of these bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def answered(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    *arguments: str,
) -> tuple[int, list[dict[str, Any]], str]:
    monkeypatch.setattr(sys, "stdin", Stdin(data))
    code = runtime.main(arguments)
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


def test_each_line_has_a_line_of_json(
    classifier: Classifier,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = b"\xef\xbb\xbfwab wac\r\n\nwad " + b"wad " * 20 + b"\nwae"
    code, said, errors = answered(monkeypatch, capsys, lines, str(folder), "--batch", "2")
    texts = ["wab wac", "", "wad " * 21, "wae"]
    assert (code, errors) == (0, "")
    assert [one["labels"] for one in said] == classifier(texts).labels
    assert [one["truncated"] for one in said] == [False, False, True, False]
    assert [one["unknown_share"] for one in said] == [0, 1, 0, 0]
    for one, named in zip(said, classifier.probabilities(texts), strict=True):
        assert one["probabilities"] == pytest.approx(named, abs=1e-6)


def test_a_line_that_is_no_utf8_is_told_and_the_others_are_answered(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, _ = answered(monkeypatch, capsys, b"wab\ncaf\xe9\nw2\n", str(folder))
    assert code == 1
    assert said[1] == {"error": "line 2 is UTF-8, got the byte 0xe9: convert it"}
    assert ["labels" in one for one in said] == [True, False, True]


def test_no_lines_in_give_no_lines_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered(monkeypatch, capsys, b"", str(folder)) == (0, [], "")


def test_a_folder_that_is_no_artifact_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, errors = answered(monkeypatch, capsys, b"wab\n", str(tmp_path))
    assert (code, said) == (1, [])
    assert errors.startswith("error: an artifact is a folder with manifest.json, got ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("wrong", [["--threads", "0"], ["--batch", "-1"], ["--batch", "x"]])
def test_options_that_are_no_counts_are_refused(
    wrong: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        runtime.main([str(folder), *wrong])
    assert ended.value.code == 2
    assert "--batch" in capsys.readouterr().err


def test_as_a_command_it_ends_quietly_when_nobody_reads_on(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, runtime.__file__, str(folder), "--batch", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin and running.stdout and running.stderr
        running.stdin.write(b"wab\n")
        running.stdin.flush()
        assert "labels" in json.loads(running.stdout.readline())
        running.stdout.close()
        running.stdin.write(b"wac\n" * 1000)
        running.stdin.close()
        assert running.stderr.read() == b""
        assert running.wait(30) == 141


def test_the_help_shows_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runtime.main(["--help"])
    said = capsys.readouterr().out
    assert "python artifact.py my-artifact < texts.txt" in said and "unknown_share" in said


def test_a_card_is_read_where_there_is_one(tmp_path: Path) -> None:
    runtime.write(tmp_path / "a", files())
    (tmp_path / "a" / runtime.CARD).write_text('{"point": "point-1"}')
    assert runtime.card(tmp_path / "a") == {"point": "point-1"}
    assert runtime.sizes(tmp_path / "a").keys() == {*runtime.FILES, runtime.MANIFEST}
    load(tmp_path / "a")
    (tmp_path / "a" / runtime.CARD).write_text("{")
    load(tmp_path / "a")  # which does not read it
    with pytest.raises(ValueError, match=r"card.json of an artifact is JSON, got b'{'"):
        runtime.card(tmp_path / "a")


def test_without_a_card_nothing_is_known(folder: Path) -> None:
    assert runtime.card(folder) is None
