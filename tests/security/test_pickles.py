"""No pickle is read: not in the code, and not where one was planted."""

import ast
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.packaging import base_files, decision_json
from emoray.export.graph import build_graph
from emoray.labels import EKMAN
from emoray.models.encoder.checkpoint import find_checkpoint
from emoray.models.encoder.sources import find_encoder
from emoray.quant.scheme import ModelScheme
from emoray.stages.encoding import read_texts
from emoray.stages.trained import read_tensors
from emoray.text.words import rules_json
from tests.export.made import WORDS, network
from tests.models.encoder.encoders_made import make_encoder
from tests.test_arrows import FILES, ROOT

UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
ERRORS = {"UnpicklingError", "PickleError"}  # names of what went wrong, which run nothing
ARGUMENT = {"np.load": ("allow_pickle", False), "torch.load": ("weights_only", True)}


def dotted(node: ast.expr) -> str:
    """A name as it is written, `a.b.c`; nothing for what is no name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def constant(node: ast.Call, name: str) -> object:
    for keyword in node.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def unsafe(path: Path) -> Iterator[str]:
    """Everything in a file that would read a pickle, or run what it reads."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNSAFE:
            yield f"{where} imports from {node.module}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in UNSAFE and node.attr not in ERRORS:
                yield f"{where} uses {node.value.id}.{node.attr}"
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in ARGUMENT and constant(node, ARGUMENT[name][0]) is not ARGUMENT[name][1]:
                yield f"{where} calls {name} without {ARGUMENT[name][0]}={ARGUMENT[name][1]}"
            if name in {"eval", "exec", "pd.read_pickle", "yaml.load", "keras.models.load_model"}:
                yield f"{where} calls {name}"
            if constant(node, "trust_remote_code") or constant(node, "allow_pickle"):
                yield f"{where} trusts what it reads"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_in_the_code_reads_a_pickle(path: Path) -> None:
    assert list(unsafe(path)) == []


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.mark,)


@pytest.fixture
def bomb(tmp_path: Path) -> Iterator[Bomb]:
    """An object that must never be unpickled, and was not when the test is over."""
    mark = tmp_path / "went off"
    yield Bomb(mark)
    assert not mark.exists()


def test_the_bomb_would_go_off(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "mark")))
    assert (tmp_path / "mark").exists()


def planted(bomb: Bomb) -> np.ndarray:
    """An array that numpy can only keep as a pickle."""
    return np.array([bomb], dtype=object)


def test_a_pickle_among_a_stages_arrays_is_refused(bomb: Bomb, tmp_path: Path) -> None:
    np.savez(tmp_path / "train.npz", flat=planted(bomb), offsets=planted(bomb))
    np.savez(tmp_path / "weights.npz", **{"dense/kernel": planted(bomb)})
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_texts(tmp_path, "train")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_tensors(tmp_path)


def test_a_pickle_in_an_encoders_folder_is_refused(bomb: Bomb, tmp_path: Path) -> None:
    folder = make_encoder(tmp_path / "encoder", "bert", width=16)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": bomb}))
    with pytest.raises(ValueError, match="a pickle that may run code"):
        find_encoder(str(folder))
    with pytest.raises(ValueError, match="a pickle that may run code"):
        find_checkpoint(folder)


def test_a_pickle_that_calls_itself_safetensors_is_damaged(bomb: Bomb, tmp_path: Path) -> None:
    folder = make_encoder(tmp_path / "encoder", "bert", width=16)
    (folder / "model.safetensors").write_bytes(pickle.dumps(bomb))
    with pytest.raises(ValueError, match="damaged"):
        find_encoder(str(folder))


def test_a_pickle_in_a_models_own_weights_is_refused(bomb: Bomb, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("joy\n")
    np.savez(tmp_path / "weights.npz", **{"head.bias": planted(bomb)})
    with pytest.raises(ValueError):
        find_checkpoint(tmp_path)


def test_a_pickle_in_place_of_a_graph_is_refused(bomb: Bomb, tmp_path: Path) -> None:
    """Although its hash is right: whoever plants a file can write a manifest too."""
    vocabulary = "".join(f"w{i}\n" for i in range(WORDS - 2))
    graph = build_graph(network(), ModelScheme()).file
    files = base_files(graph, vocabulary=vocabulary, tokenizer=rules_json(), labels=EKMAN.labels)
    files |= {runtime.DECISION: decision_json(1.0, np.zeros(7), "per_label")}
    runtime.write(tmp_path / "good", files)
    assert runtime.load(tmp_path / "good").labels == EKMAN.labels
    runtime.write(tmp_path / "planted", files | {runtime.MODEL: pickle.dumps(bomb)})
    with pytest.raises(ValueError, match=r"model\.onnx of an artifact is an ONNX model"):
        runtime.load(tmp_path / "planted")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../model.onnx"])
def test_an_artifacts_manifest_names_its_own_files_only(name: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "outside").write_bytes(b"")
    manifest = runtime.manifest_of({name: runtime.sha256(b"")})
    (tmp_path / "a" / runtime.MANIFEST).write_bytes(manifest)
    with pytest.raises(ValueError, match="artifact"):
        runtime.read(tmp_path / "a")
