import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.packaging import base_files, decision_json
from emoray.artifact.runtime import DECISION, FILES, MANIFEST, VOCABULARY, load, write
from emoray.export.graph import build_graph
from emoray.labels import EKMAN
from emoray.quant.granularity import PerChannel
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme
from emoray.text.vocabulary import Ragged, Vocabulary
from emoray.text.words import rules_json, tokenize
from tests.export.made import WORDS, forward, network, rebuilt

SAID = ["I don't know :)", "w3 w3 w9, w250!", "", "so happyyyy 😂😂 for you [NAME]", "w8 w7"] * 20
KNOWN = ("do", "n't", ":)", "i", "happy", "😂", "[name]", "!", ",", "you")
WORDLIST = (*KNOWN, *(f"w{i}" for i in range(WORDS - len(KNOWN) - 2)))
TABLE = QuantScheme(bits=4, grain=PerChannel(0))
SCHEME = ModelScheme(embedding=TABLE)
CUTS = np.linspace(-0.5, 0.5, 7)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    vocabulary = Vocabulary(words=WORDLIST).to_text()
    model = build_graph(network(), SCHEME).file
    base = base_files(model, vocabulary=vocabulary, tokenizer=rules_json(), labels=EKMAN.labels)
    return base | {DECISION: decision_json(2.0, CUTS, "per_label")}


@pytest.fixture
def folder(files: dict[str, bytes], tmp_path: Path) -> Path:
    write(tmp_path / "artifact", files)
    return tmp_path / "artifact"


def expected_logits() -> np.ndarray:
    vocabulary = Vocabulary(words=WORDLIST)
    texts = Ragged.from_lists([vocabulary.encode(tokenize(text)) for text in SAID])
    return forward(rebuilt(network(), SCHEME), texts)


def test_an_artifact_says_what_the_network_says(folder: Path) -> None:
    predictions = load(folder)(SAID)
    logits_NK = expected_logits()
    assert np.allclose(predictions.probabilities_NK, 1 / (1 + np.exp(-logits_NK / 2)), atol=1e-5)
    expected = [[EKMAN.labels[k] for k in np.flatnonzero(row)] for row in logits_NK >= CUTS]
    assert predictions.labels == expected


def test_one_text_alone_is_labelled_as_among_others(folder: Path) -> None:
    classifier = load(folder)
    together = classifier(SAID)
    for i, text in enumerate(SAID[:5]):
        alone = classifier([text])
        assert alone.labels == together.labels[i : i + 1]
        assert np.allclose(alone.probabilities_NK, together.probabilities_NK[i], atol=1e-6)


def test_serving_tokenizes_and_encodes_as_training_does(folder: Path) -> None:
    classifier, vocabulary = load(folder), Vocabulary(words=WORDLIST)
    for text in SAID[:5]:
        assert classifier.tokenize(text) == tokenize(text)
        assert classifier.ids(text) == vocabulary.encode(tokenize(text)).tolist()


def test_a_text_is_cut_where_training_cut_it(files: dict[str, bytes]) -> None:
    rules = rules_json() | {"max_tokens": 3}
    classifier = runtime.Classifier(files | {runtime.TOKENIZER: json.dumps(rules).encode()})
    assert len(classifier.ids("w1 w2 w3 w4 w5")) == 3


def test_no_texts_give_no_labels(folder: Path) -> None:
    predictions = load(folder)([])
    assert predictions.labels == [] and predictions.probabilities_NK.shape == (0, 7)


def test_a_bare_string_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="texts are a list of strings, got one string"):
        load(folder)("hello")


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_flipped_byte_is_refused(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ValueError, match=r"files are as its manifest says, got .*: fetch or build"):
        load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is missing"):
        load(folder)


def test_a_folder_without_a_manifest_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a folder with manifest.json, got .* without: check"):
        load(tmp_path)


def test_a_manifest_that_leaves_a_file_out_is_refused(folder: Path) -> None:
    listed = json.loads((folder / MANIFEST).read_bytes())
    del listed[DECISION]
    (folder / MANIFEST).write_text(json.dumps(listed))
    with pytest.raises(ValueError, match=r"does not list exactly decision.json"):
        load(folder)


def test_a_file_beside_the_artifact_is_not_read(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    load(folder)
    assert "notes.txt" not in runtime.sizes(folder)


def test_the_sizes_of_an_artifact_are_those_of_its_files(folder: Path) -> None:
    assert runtime.sizes(folder) == {p.name: p.stat().st_size for p in folder.iterdir()}


def test_an_artifact_is_not_written_over_another(folder: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="an artifact is written once, got existing"):
        write(folder, files)


def test_an_artifact_with_other_files_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"an artifact holds decision.json, .* exactly those"):
        write(tmp_path / "a", files | {"extra.txt": b""})


def test_a_failed_write_leaves_nothing(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == VOCABULARY:
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="needs a writable folder with space, got 'No space left"):
        write(tmp_path / "a", files)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="needs a writable folder with space, got 'Not a directory'"):
        write(tmp_path / "file" / "a", files)


ALONE = """
import sys

ALLOWED = {"numpy", "onnxruntime"} | set(sys.stdlib_module_names)

class Guard:
    def find_spec(self, name: str, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ImportError(f"blocked: {name}")

sys.meta_path.insert(0, Guard())
import importlib.util

spec = importlib.util.spec_from_file_location("artifact", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["artifact"] = module
spec.loader.exec_module(module)
print(module.load(sys.argv[2])(["w3 w9"]).labels)
"""


def test_an_artifact_runs_with_numpy_and_onnxruntime_alone(folder: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, runtime.__file__, str(folder)],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(load(folder)(["w3 w9"]).labels)


def test_integer_artifacts_label_alike_in_any_company(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    dense = QuantScheme(grain=PerChannel(-1))
    scheme = ModelScheme(dense=dense, embedding=TABLE, activations=Dynamic())
    write(tmp_path / "a", files | {runtime.MODEL: build_graph(network(), scheme).file})
    classifier = load(tmp_path / "a")
    assert classifier(SAID).labels == [classifier([text]).labels[0] for text in SAID]
