"""An encoder is held against transformers before any worker starts."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.models.encoder import as_saved
from emoray.stages.encoders import require_readable
from emoray.stages.inputs import require_encoder
from emoray.workflows import sweep
from tests.models.encoder.encoders_made import Kind, make_encoder, sample_texts

KINDS: tuple[Kind, ...] = ("bert", "roberta", "distilbert")
TEXTS = sample_texts()[:60]


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_that_says_what_transformers_says_is_taken(kind: Kind, tmp_path: Path) -> None:
    folder = make_encoder(tmp_path / "encoder", kind)
    require_readable(folder, TEXTS, max_tokens=32)
    assert require_encoder(str(folder), TEXTS).width == 32


def test_an_encoder_that_reads_a_text_otherwise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_encoder(tmp_path / "encoder", "bert")
    real = runtime.WordPiece.words
    monkeypatch.setattr(
        runtime.WordPiece, "words", lambda self, text, **_: real(self, text.replace("naive", "sad"))
    )
    words = r"got other ids for 1 of \d+ texts, first at '.+' in 'Ça va, naïve\?': \[.*\] there, \["
    with pytest.raises(ValueError, match=words):
        require_readable(folder, TEXTS, max_tokens=32)


def test_an_encoder_that_says_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_encoder(tmp_path / "encoder", "bert")
    real = as_saved.outputs_as_saved

    def other(folder: Path, rows: list[list[int]], *, padding: int) -> np.ndarray:
        return real(folder, rows, padding=padding) + 0.5

    monkeypatch.setattr(as_saved, "outputs_as_saved", other)
    with pytest.raises(
        ValueError, match=r"got an output 0\.5 apart \(tolerance 0\.001\) in .*: sa"
    ):
        require_readable(folder, TEXTS, max_tokens=32)


def word_level(folder: Path) -> None:
    said = json.loads((folder / "tokenizer.json").read_text())
    said["model"] = {"type": "WordLevel", "unk_token": "<", "vocab": {"<": 0, "[": 1}}
    said["added_tokens"], said["post_processor"] = [], None
    (folder / "tokenizer.json").write_text(json.dumps(said))


def broken(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights = {name: values * np.nan for name, values in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def adapter(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "adapter_config.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (word_level, "WordPiece as BERT has it.* got model WordLevel"),
        (broken, "weights are finite, got NaN or Inf"),
        (adapter, "a model is whole, got a PEFT adapter in"),
    ],
)
def test_a_bad_encoder_is_refused_before_ray_starts(
    spoil: object, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_encoder(tmp_path / "encoder", "bert")
    spoil(folder)  # type: ignore[operator]

    def connected(cluster: object) -> None:
        raise AssertionError("a Ray was started")

    monkeypatch.setattr(sweep, "connected", connected)
    monkeypatch.delenv("EMORAY_DATA", raising=False)
    asked = sweep.Sweep(
        space="bert-smoke",
        taxonomy="sentiment",
        out=tmp_path / "out",
        encoders=(str(folder),),
        download=False,
    )
    with pytest.raises(ValueError, match=words):
        sweep.run_sweep(asked, Console(quiet=True))
    assert not (tmp_path / "out").exists()
